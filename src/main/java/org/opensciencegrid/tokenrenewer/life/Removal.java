package org.opensciencegrid.tokenrenewer.life;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.oidc.Network;
import org.opensciencegrid.tokenrenewer.oidc.OidcException;
import org.opensciencegrid.tokenrenewer.oidc.Registration;
import org.opensciencegrid.tokenrenewer.oidc.Revocation;
import org.opensciencegrid.tokenrenewer.oidc.Transport;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import org.opensciencegrid.tokenrenewer.state.StateFiles;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Secret;

/**
 * The end of an account: at the issuer first, then here. The files go only when all that was asked for at the issuer is
 * done: they hold what is needed to try it again.
 */
public final class Removal {
    /**
     * What to do.
     *
     * @param revoke take the authorization back (RFC 7009)
     * @param deleteClient delete the client's registration (RFC 7592)
     * @param dryRun only tell; no network, no change
     */
    public record Request(String account, boolean revoke, boolean deleteClient, boolean dryRun) {}

    /** The steps, in their order. */
    public enum Step {
        REVOKE,
        DELETE_CLIENT,
        FILES
    }

    /** How a step ended. */
    public enum End {
        DONE,
        /** A dry run: this is what would be done. */
        WOULD,
        /** The issuer knows nothing of it any more. */
        GONE,
        FAILED,
        /** Left undone because a step before it failed. */
        KEPT
    }

    /**
     * What became of a step.
     *
     * @param what the issuer's client, its endpoint or the account file
     */
    public record Outcome(Step step, End end, String what, Optional<Failure> failure) {}

    private final AccountStore store;
    private final StateFiles states;
    private final Duration lockWait;
    private final Network network;

    public Removal(AccountStore store, StateFiles states, Duration lockWait, Network network) {
        this.store = store;
        this.states = states;
        this.lockWait = lockWait;
        this.network = network;
    }

    /**
     * @param password needed for the steps at the issuer only
     * @param caFile believed in addition; else the account's own
     * @return what became of each step; the last is FILES
     */
    public List<Outcome> run(Request request, Optional<Password> password, Optional<Path> caFile) throws LifeException {
        String name = request.account();
        try (LockedAccount locked = store.lock(name, lockWait)) {
            if (!locked.exists()) {
                throw new LifeException(new Failure(Failure.Kind.ACCOUNT_MISSING, name, ""));
            }
            List<Outcome> outcomes = new ArrayList<>();
            if (request.revoke() || request.deleteClient()) {
                atIssuer(request, open(locked, password.orElseThrow(), name), caFile, outcomes);
            }
            outcomes.add(files(request, locked, outcomes));
            return outcomes;
        } catch (StoreException e) {
            throw new LifeException(Failures.of(e));
        }
    }

    private Account open(LockedAccount locked, Password password, String name) throws LifeException, StoreException {
        try (OpenAccount open = locked.open(password)) {
            return Account.decode(open.plaintext());
        } catch (IllegalArgumentException e) {
            throw new LifeException(Failures.unfit(store.file(name), e));
        }
    }

    /** The authorization before the client: a deleted client could not prove itself any more. */
    private void atIssuer(Request request, Account account, Optional<Path> caFile, List<Outcome> outcomes) {
        Transport transport = network.transport(caFile.or(() -> account.caFile().map(Path::of)));
        if (request.revoke()) {
            Optional<URI> endpoint = account.revocationEndpoint();
            outcomes.add(step(
                    request,
                    Step.REVOKE,
                    account,
                    endpoint.isPresent() ? Optional.empty() : Optional.of("this issuer names no revocation endpoint"),
                    () -> new Revocation(transport)
                            .revoke(endpoint.orElseThrow(), account.client(), account.refreshToken())));
        }
        if (request.deleteClient()) {
            Optional<URI> uri = account.registrationClientUri();
            Optional<Secret> key = account.registrationAccessToken();
            outcomes.add(step(
                    request,
                    Step.DELETE_CLIENT,
                    account,
                    uri.isPresent() && key.isPresent()
                            ? Optional.empty()
                            : Optional.of("there is no key to the registration of this client"),
                    () -> new Registration(transport).delete(uri.orElseThrow(), key.orElseThrow())));
            boolean clientIsGone = outcomes.get(outcomes.size() - 1).end() != End.FAILED;
            if (clientIsGone && !request.dryRun()) {
                // A client that does not exist has no authorizations: an earlier removal was cut off here.
                outcomes.replaceAll(outcome -> isClientUnknown(outcome)
                        ? new Outcome(outcome.step(), End.GONE, outcome.what(), Optional.empty())
                        : outcome);
            }
        }
    }

    private static boolean isClientUnknown(Outcome outcome) {
        return outcome.failure()
                .filter(why -> why.kind() == Failure.Kind.CLIENT_REFUSED)
                .isPresent();
    }

    @FunctionalInterface
    private interface Ask {
        void ask() throws OidcException;
    }

    private static Outcome step(Request request, Step step, Account account, Optional<String> impossible, Ask ask) {
        String what = Printable.of(
                step == Step.REVOKE ? account.issuer() : account.client().id());
        if (impossible.isPresent()) {
            Failure why = new Failure(Failure.Kind.REQUEST_REFUSED, Printable.of(account.issuer()), impossible.get());
            return new Outcome(step, End.FAILED, what, Optional.of(why));
        }
        if (request.dryRun()) {
            return new Outcome(step, End.WOULD, what, Optional.empty());
        }
        try {
            ask.ask();
            return new Outcome(step, End.DONE, what, Optional.empty());
        } catch (OidcException e) {
            // RFC 7592 section 2.3: 401 for a client that does not exist; others say 404. Its key opens nothing any
            // more.
            if (step == Step.DELETE_CLIENT && (e.status() == 401 || e.status() == 404)) {
                return new Outcome(step, End.GONE, what, Optional.empty());
            }
            return new Outcome(step, End.FAILED, what, Optional.of(Failures.of(e, account.issuer(), false)));
        }
    }

    private Outcome files(Request request, LockedAccount locked, List<Outcome> before) throws StoreException {
        String file = store.file(request.account()).toString();
        if (before.stream().anyMatch(outcome -> outcome.end() == End.FAILED)) {
            return new Outcome(Step.FILES, End.KEPT, file, Optional.empty());
        }
        if (request.dryRun()) {
            return new Outcome(Step.FILES, End.WOULD, file, Optional.empty());
        }
        try {
            states.delete(request.account()); // first: what is left of a crash is an account, not a story without one
        } catch (IOException e) {
            // It holds no secret, and a new account of that name begins it anew.
        }
        locked.delete();
        return new Outcome(Step.FILES, End.DONE, file, Optional.empty());
    }
}

package org.opensciencegrid.tokenrenewer.account;

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
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Registration;
import org.opensciencegrid.tokenrenewer.oidc.Revocation;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Removes an account, first at the issuer, then on this host. The files are deleted only after every requested step at
 * the issuer succeeded, because they are needed to try again.
 */
public record AccountRemoval(AccountStore store, StateStore states, Duration lockWait, Network network) {
    /**
     * What to do.
     *
     * @param revoke revoke the authorization (RFC 7009)
     * @param deleteClient delete the client's registration (RFC 7592)
     * @param dryRun only report the steps: no network, no change
     */
    public record Request(String account, boolean revoke, boolean deleteClient, boolean dryRun) {}

    /** The steps, in order. */
    public enum Step {
        REVOKE,
        DELETE_CLIENT,
        FILES
    }

    /** The result of a step. */
    public enum Result {
        DONE,
        /** Dry run: the step would be done. */
        WOULD_DO,
        /** The issuer no longer has it. */
        GONE,
        /**
         * We have no registration access token: setup did not register the client, or the issuer sent no token. The
         * client stays at the issuer.
         */
        NOT_MANAGED,
        FAILED,
        /** Not attempted because an earlier step failed. */
        KEPT
    }

    /**
     * One step and its result.
     *
     * @param what the issuer's client, its endpoint or the account file
     */
    public record Outcome(Step step, Result result, String what, Optional<Failure> failure) {}

    /**
     * @param password used only for the steps at the issuer
     * @param caFile trusted in addition; if empty, the account's own CA file
     * @param clientAuth as in the config file; if empty, as in the account file
     * @param proof for a client that has no secret
     * @return the result of each step; the last is FILES
     */
    public List<Outcome> run(
            Request request,
            Optional<Password> password,
            Optional<Path> caFile,
            Optional<ClientAuth> clientAuth,
            ClientProof proof)
            throws FailureException {
        String name = request.account();
        try (LockedAccount locked = store.lock(name, lockWait)) {
            if (!locked.exists() && !hasOnlyState(request)) {
                throw new FailureException(new Failure(Failure.Kind.ACCOUNT_MISSING, name, ""));
            }
            List<Outcome> outcomes = new ArrayList<>();
            if (request.revoke() || request.deleteClient()) {
                atIssuer(request, open(locked, password.orElseThrow(), name), caFile, clientAuth, proof, outcomes);
            }
            outcomes.add(files(request, locked, outcomes));
            return outcomes;
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        }
    }

    /** An account with client credentials, or one whose files were deleted by hand: status reports it until it is removed. */
    private boolean hasOnlyState(Request request) {
        return !request.revoke() && !request.deleteClient() && states.accounts().contains(request.account());
    }

    private Account open(LockedAccount locked, Password password, String name) throws FailureException, StoreException {
        try (OpenAccount open = locked.open(password)) {
            return Account.decode(open.plaintext());
        } catch (IllegalArgumentException e) {
            throw new FailureException(FailureMapper.invalidAccount(store.file(name), e));
        }
    }

    /** Revokes the authorization before it deletes the client: a deleted client can no longer authenticate. */
    private void atIssuer(
            Request request,
            Account account,
            Optional<Path> caFile,
            Optional<ClientAuth> clientAuth,
            ClientProof proof,
            List<Outcome> outcomes)
            throws FailureException {
        Transport transport =
                proof.transport(network, caFile.or(() -> account.caFile().map(Path::of)));
        if (request.revoke()) {
            Client client = clientAuth.map(account.client()::with).orElse(account.client());
            Optional<URI> endpoint = account.revocationEndpoint();
            outcomes.add(step(
                    request,
                    Step.REVOKE,
                    account,
                    endpoint.isPresent() ? Optional.empty() : Optional.of("this issuer names no revocation endpoint"),
                    () -> new Revocation(transport)
                            .revoke(
                                    revocationEndpoint(account, client, transport),
                                    proof.complete(client, Optional.of(account.issuer()), account.tokenEndpoint()),
                                    account.refreshToken())));
        }
        if (request.deleteClient()) {
            Optional<URI> uri = account.registrationClientUri();
            Optional<Secret> accessToken = account.registrationAccessToken();
            boolean hasAccessToken = uri.isPresent() && accessToken.isPresent();
            outcomes.add(
                    hasAccessToken
                            ? step(
                                    request,
                                    Step.DELETE_CLIENT,
                                    account,
                                    Optional.empty(),
                                    () -> new Registration(transport)
                                            .delete(uri.orElseThrow(), accessToken.orElseThrow()))
                            : new Outcome(
                                    Step.DELETE_CLIENT,
                                    Result.NOT_MANAGED,
                                    Printable.of(account.client().id()),
                                    Optional.empty()));
            boolean clientIsGone =
                    hasAccessToken && outcomes.get(outcomes.size() - 1).result() != Result.FAILED;
            if (clientIsGone && !request.dryRun()) {
                // A client that does not exist has no authorizations. An earlier removal was probably interrupted here.
                outcomes.replaceAll(outcome -> isClientUnknown(outcome)
                        ? new Outcome(outcome.step(), Result.GONE, outcome.what(), Optional.empty())
                        : outcome);
            }
        }
    }

    /** Some issuers have another endpoint for clients with a certificate. */
    private static URI revocationEndpoint(Account account, Client client, Transport transport) throws IssuerException {
        Optional<URI> other =
                client.auth().usesCertificate() == account.client().auth().usesCertificate()
                        ? Optional.empty()
                        : new Discovery(transport)
                                .discover(account.issuer())
                                .forAuthentication(client.auth())
                                .revocationEndpoint();
        return other.or(account::revocationEndpoint).orElseThrow();
    }

    private static boolean isClientUnknown(Outcome outcome) {
        return outcome.failure()
                .filter(why -> why.kind() == Failure.Kind.CLIENT_REFUSED)
                .isPresent();
    }

    @FunctionalInterface
    private interface IssuerRequest {
        void send() throws IssuerException, FailureException;
    }

    private static Outcome step(
            Request request, Step step, Account account, Optional<String> impossible, IssuerRequest issuerRequest) {
        String what = Printable.of(
                step == Step.REVOKE ? account.issuer() : account.client().id());
        if (impossible.isPresent()) {
            Failure why = new Failure(Failure.Kind.REQUEST_REFUSED, Printable.of(account.issuer()), impossible.get());
            return new Outcome(step, Result.FAILED, what, Optional.of(why));
        }
        if (request.dryRun()) {
            return new Outcome(step, Result.WOULD_DO, what, Optional.empty());
        }
        try {
            issuerRequest.send();
            return new Outcome(step, Result.DONE, what, Optional.empty());
        } catch (IssuerException e) {
            // RFC 7592 section 2.3: 401 means that the client does not exist; some issuers send 404. The registration
            // access token is useless in both cases.
            if (step == Step.DELETE_CLIENT && (e.status() == 401 || e.status() == 404)) {
                return new Outcome(step, Result.GONE, what, Optional.empty());
            }
            return new Outcome(step, Result.FAILED, what, Optional.of(FailureMapper.of(e, account.issuer(), false)));
        } catch (FailureException e) {
            return new Outcome(step, Result.FAILED, what, Optional.of(e.failure()));
        }
    }

    private Outcome files(Request request, LockedAccount locked, List<Outcome> before)
            throws StoreException, FailureException {
        String file = store.file(request.account()).toString();
        if (before.stream().anyMatch(outcome -> outcome.result() == Result.FAILED)) {
            return new Outcome(Step.FILES, Result.KEPT, file, Optional.empty());
        }
        if (request.dryRun()) {
            return new Outcome(Step.FILES, Result.WOULD_DO, file, Optional.empty());
        }
        try {
            states.delete(
                    request.account()); // first: a crash may leave an account without state, but not state without an
            // account
        } catch (IOException e) {
            // The state file holds no secret, and a new account of that name replaces it.
            if (!locked.exists()) {
                throw new FailureException(FailureMapper.ofState(e, request.account()));
            }
        }
        locked.delete();
        return new Outcome(Step.FILES, Result.DONE, file, Optional.empty());
    }
}

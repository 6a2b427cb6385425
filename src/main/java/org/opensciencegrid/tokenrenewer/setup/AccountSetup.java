package org.opensciencegrid.tokenrenewer.setup;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.Saved;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.DeviceFlow;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Network;
import org.opensciencegrid.tokenrenewer.oidc.OidcException;
import org.opensciencegrid.tokenrenewer.oidc.Pause;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.oidc.Revocation;
import org.opensciencegrid.tokenrenewer.oidc.TokenAnswer;
import org.opensciencegrid.tokenrenewer.oidc.TokenClient;
import org.opensciencegrid.tokenrenewer.oidc.Transport;
import org.opensciencegrid.tokenrenewer.oidc.Wanted;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import org.opensciencegrid.tokenrenewer.state.StateFiles;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Secret;

/**
 * Makes an account: a client at the issuer, a person's approval by the device flow, an encrypted account file. Nothing is
 * on disk before the approval is complete, and nothing at the issuer before it is known that the disk can be written.
 */
public final class AccountSetup {
    /** Where the client comes from. */
    public enum Mode {
        /** Dynamic client registration. */
        REGISTER,
        /** A predefined client id and secret. */
        MANUAL,
        /** A predefined client id without a secret. */
        PUBLIC,
        /** The client, scope and audience of the account that is there; only the approval is new. */
        REAUTHENTICATE
    }

    /**
     * What to set up. Not asked of the person when given.
     *
     * @param audience asked for at the device step already, as some issuers grant later only what was asked then
     * @param audienceParameter empty to find out which one the issuer takes audiences by
     * @param registrationToken initial access token for issuers with closed registration
     */
    public record Request(
            String account,
            Mode mode,
            List<String> audience,
            Optional<AudienceParameter> audienceParameter,
            Optional<ClientAuth> clientAuth,
            Optional<Secret> registrationToken,
            Optional<Path> caFile) {}

    private final AccountStore store;
    private final KeptRegistrations registrations;
    private final StateFiles states;
    private final Duration lockWait;
    private final Network network;
    private final Clock clock;
    private final Pause pause;

    /**
     * @param registrations where a registered client waits until its account is complete
     */
    public AccountSetup(
            AccountStore store,
            AccountStore registrations,
            StateFiles states,
            Duration lockWait,
            Network network,
            Clock clock,
            Pause pause) {
        this.store = store;
        this.registrations = new KeptRegistrations(registrations, lockWait);
        this.network = network;
        this.states = states;
        this.lockWait = lockWait;
        this.clock = clock;
        this.pause = pause;
    }

    /**
     * Runs to a usable account, or leaves things as they were. The account's lock is not held while the person thinks: the
     * account that is there, if any, is renewed meanwhile.
     */
    public void run(Request request, Password password, Person person) throws SetupException {
        try {
            if (request.mode() == Mode.REAUTHENTICATE) {
                reauthenticate(request, password, person);
            } else {
                authorizeNew(request, password, person);
            }
        } catch (StoreException e) {
            throw new SetupException(Failures.of(e));
        }
    }

    private void authorizeNew(Request request, Password password, Person person) throws SetupException, StoreException {
        try (LockedAccount locked = store.lock(request.account(), lockWait)) {
            if (locked.exists()) {
                person.replacing(request.account());
            }
            try (OpenAccount open = locked.create(password)) {
                open.reserve(); // a full or read-only disk shows itself before anything is registered
            }
        }
        Transport transport = network.transport(request.caFile());
        String issuer = person.issuer();
        Provider provider = ask(issuer, () -> new Discovery(transport).discover(issuer));
        URI device = deviceEndpoint(provider);
        List<String> scope = withRefresh(person.scope(provider), provider);
        Optional<Registered> registered = request.mode() == Mode.REGISTER
                ? Optional.of(client(request, password, transport, provider, scope, person))
                : Optional.empty();
        Client client = registered.map(Registered::client).orElseGet(() -> predefined(request, person));
        Undo undo = new Undo(transport, provider, registered, person, () -> registrations.forget(request.account()));
        try {
            AudienceSearch search = search(request, granted(scope, registered));
            TokenAnswer answer = authorize(transport, provider, device, client, search, Optional.empty(), person, undo);
            Account account = Account.of(provider, client, search.wanted().scope(), request.audience())
                    .withAudienceParameter(request.audienceParameter())
                    .withCaFile(
                            request.caFile().map(file -> file.toAbsolutePath().toString()));
            if (registered.isPresent()) {
                account = account.withRegistration(registered.get());
            }
            Optional<Failure> rescued = save(request, password, account, answer, undo);
            registrations.forget(request.account());
            requireInPlace(rescued);
            synchronized (undo) { // a signal waits for the token that may come in the place of the one just saved
                findAudienceParameter(request, password, search, answer, transport, person);
            }
        } catch (SetupException e) {
            if (e.failure().kind() == Failure.Kind.CLIENT_REFUSED) {
                registrations.forget(request.account()); // it is not there any more: the next setup registers anew
            } else if (e.failure().kind() == Failure.Kind.CLIENT_NOT_APPROVED) {
                undo.notNeeded(); // kept for the next setup
                registered.ifPresent(kept -> person.abandoned(kept, provider.issuer(), false));
            }
            throw e;
        } finally {
            undo.run();
        }
    }

    /** The client that an earlier setup registered and could not use yet, else a new one: never a second registration. */
    private Registered client(
            Request request,
            Password password,
            Transport transport,
            Provider provider,
            List<String> scope,
            Person person)
            throws SetupException, StoreException {
        Optional<Registered> kept = registrations.find(request.account(), password, provider.issuer());
        if (kept.isPresent()) {
            person.reusing(kept.get());
            return kept.get();
        }
        Registered registered = register(request, transport, provider, scope, person);
        registrations.keep(request.account(), password, provider, registered, request.audience());
        return registered;
    }

    private void reauthenticate(Request request, Password password, Person person)
            throws SetupException, StoreException {
        Account account;
        try (LockedAccount locked = store.lock(request.account(), lockWait);
                OpenAccount open = locked.open(password)) {
            open.reserve();
            account = Account.decode(open.plaintext());
        } catch (IllegalArgumentException e) {
            throw new SetupException(Failures.unfit(store.file(request.account()), e));
        }
        Transport transport =
                network.transport(request.caFile().or(() -> account.caFile().map(Path::of)));
        Provider provider = ask(account.issuer(), () -> new Discovery(transport).discover(account.issuer()));
        AudienceSearch search = new AudienceSearch(
                new Wanted(account.scope(), account.audience(), AudienceParameter.RESOURCE),
                account.audienceParameter(),
                AudienceParameter.RESOURCE);
        Undo undo = new Undo(transport, provider, Optional.empty(), person, () -> {});
        try {
            URI device = deviceEndpoint(provider);
            Client client = account.client();
            TokenAnswer answer =
                    authorize(transport, provider, device, client, search, account.identity(), person, undo);
            requireInPlace(save(request, password, account.withEndpoints(provider), answer, undo));
            synchronized (undo) {
                findAudienceParameter(request, password, search, answer, transport, person);
            }
        } finally {
            undo.run();
        }
    }

    private TokenAnswer authorize(
            Transport transport,
            Provider provider,
            URI device,
            Client client,
            AudienceSearch search,
            Optional<TokenAnswer.Identity> before,
            Person person,
            Undo undo)
            throws SetupException {
        DeviceFlow flow = new DeviceFlow(transport, clock, pause);
        TokenAnswer answer = ask(provider.issuer(), () -> {
            DeviceFlow.Prompt prompt = start(search, flow, device, client);
            person.approve(prompt, provider);
            return flow.await(provider.tokenEndpoint(), client, prompt, search.wanted(), person::waiting);
        });
        if (answer.refreshToken().isEmpty()) {
            throw new SetupException(new Failure(
                    Failure.Kind.NO_REFRESH_TOKEN,
                    provider.issuer(),
                    "granted was: " + String.join(" ", answer.scope().orElse(List.of()))));
        }
        // Many issuers end everything that one person approved for a client at once: what the same one had approved
        // before is
        // in use.
        boolean isAnotherOne = before.isEmpty()
                || answer.identity().filter(now -> !now.isThatOf(before.get())).isPresent();
        if (isAnotherOne) {
            undo.authorized(client, answer.refreshToken().get());
        }
        if (!person.confirms(answer.identity(), before)) {
            throw new SetupException(new Failure(Failure.Kind.NOT_CONFIRMED, provider.issuer(), ""));
        }
        return answer;
    }

    /** Without {@code openid}, where that is refused: plain OAuth gives tokens too, and does not say who approved. */
    private static DeviceFlow.Prompt start(AudienceSearch search, DeviceFlow flow, URI device, Client client)
            throws OidcException {
        try {
            return search.start(flow, device, client);
        } catch (OidcException e) {
            if (e.kind() != OidcException.Kind.SCOPE_REFUSED || !search.forgo(Wanted.OPENID)) {
                throw e;
            }
            return search.start(flow, device, client);
        }
    }

    private static AudienceSearch search(Request request, List<String> scope) {
        return new AudienceSearch(
                new Wanted(scope, request.audience(), AudienceParameter.RESOURCE),
                request.audienceParameter(),
                AudienceParameter.RESOURCE);
    }

    /** Says where the account is, if it could not be saved in its place. */
    private Optional<Failure> save(Request request, Password password, Account account, TokenAnswer answer, Undo undo)
            throws SetupException, StoreException {
        Account authorized = account.withRefreshToken(answer.refreshToken().orElseThrow())
                .withAuthorization(clock.instant(), answer.identity());
        // A signal waits for the save: what it undoes must not be what an account that is being saved needs.
        // An approval is in hand: wait for a run that holds the account longer than a person would.
        synchronized (undo) {
            undo.requireNotDone();
            try (LockedAccount locked = store.lock(request.account(), lockWait.multipliedBy(4));
                    OpenAccount open = locked.create(password)) {
                Saved saved = open.save(authorized.encode());
                undo.notNeeded();
                forget(request.account(), authorized, answer);
                return Failures.of(saved, store.file(request.account()));
            }
        }
    }

    private static void requireInPlace(Optional<Failure> rescued) throws SetupException {
        if (rescued.isPresent()) { // nothing is lost, but not all is well
            throw new SetupException(rescued.get());
        }
    }

    /** Asks for one more token at most, and only for an account that is safe already. */
    private void findAudienceParameter(
            Request request,
            Password password,
            AudienceSearch search,
            TokenAnswer answer,
            Transport transport,
            Person person)
            throws StoreException, SetupException {
        if (!search.isOpen()) {
            return;
        }
        try (LockedAccount locked = store.lock(request.account(), lockWait.multipliedBy(4));
                OpenAccount open = locked.open(password)) {
            open.reserve();
            Account account = Account.decode(open.plaintext());
            Account[] latest = {account};
            Optional<AudienceParameter> found = search.find(
                    answer,
                    other -> new TokenClient(transport, clock, pause)
                            .refresh(
                                    account.tokenEndpoint(),
                                    account.client(),
                                    account.refreshToken(),
                                    new Wanted(List.of(), other.audience(), other.audienceParameter()),
                                    next -> latest[0] = saved(open, latest[0].withRefreshToken(next))));
            Saved saved = open.save(latest[0].withAudienceParameter(found).encode());
            requireInPlace(Failures.of(saved, store.file(request.account())));
            person.audience(found);
        } catch (OidcException e) {
            throw new SetupException(new Failure(Failure.Kind.APPROVAL_LOST, request.account(), e.getMessage()));
        }
    }

    /** The account, safe if it can be: a failure comes again at the save that follows, which may throw. */
    private static Account saved(OpenAccount open, Account account) {
        try {
            open.save(account.encode());
        } catch (StoreException | RuntimeException | Error e) {
            // as said: whatever it was, this is the only copy
        }
        return account;
    }

    /** Begins the account's state anew: refusals of the authorization before this one no longer count. */
    private void forget(String name, Account authorized, TokenAnswer answer) {
        AccountState state = AccountState.UNKNOWN
                .withClient(authorized.issuer(), authorized.client().id())
                .withAuthorization(
                        authorized.authorizedAt(),
                        authorized.identity().map(TokenAnswer.Identity::subject),
                        authorized.scope(),
                        authorized.clientSecretExpiresAt())
                .withRotations(0, answer.refreshTokenExpiresAt());
        try {
            states.write(name, state);
        } catch (IOException e) {
            // The account is safe. At worst an earlier refusal stands for an hour.
        }
    }

    private static Client predefined(Request request, Person person) {
        String id = person.clientId();
        return request.mode() == Mode.PUBLIC
                ? Client.of(id, Optional.empty())
                : new Client(
                        id,
                        Optional.of(person.clientSecret()),
                        request.clientAuth().orElse(ClientAuth.BASIC));
    }

    private static Registered register(
            Request request, Transport transport, Provider provider, List<String> scope, Person person)
            throws SetupException {
        Registered registered;
        try {
            registered = new Registration(transport)
                    .register(
                            provider,
                            "osg-token-renewer:" + request.account(),
                            scope,
                            request.registrationToken(),
                            person::registrationRefused);
        } catch (OidcException e) {
            throw new SetupException(
                    e.isDefinitive()
                            ? new Failure(
                                    Failure.Kind.REGISTRATION_REFUSED,
                                    provider.documentation().map(URI::toString).orElse(Printable.of(provider.issuer())),
                                    e.getMessage())
                            : Failures.of(e, provider.issuer(), false));
        }
        person.registered(registered);
        List<String> dropped = new ArrayList<>(scope);
        dropped.removeAll(granted(scope, Optional.of(registered)));
        if (!dropped.isEmpty()) {
            person.scopeNotAllowed(dropped);
        }
        return registered;
    }

    /**
     * What the client may ask for: the wanted scopes as far as the registration allows them, and {@code openid} in any case:
     * Keycloak lets no anonymous client register for it, lets each one ask for it, and says who approved to those that do.
     */
    private static List<String> granted(List<String> scope, Optional<Registered> registered) {
        return registered
                .map(client -> scope.stream()
                        .filter(value -> value.equals(Wanted.OPENID) || Registration.covers(client.scope(), value))
                        .toList())
                .orElse(scope);
    }

    /** A refresh token needs offline_access at most issuers; one that lists its scopes without it has another way. */
    private static List<String> withRefresh(List<String> scope, Provider provider) {
        List<String> all = new ArrayList<>(scope);
        for (String needed : Wanted.OF_THE_GRANT) {
            boolean offered = provider.scopesSupported().isEmpty()
                    || provider.scopesSupported().contains(needed);
            if (offered && !all.contains(needed)) {
                all.add(needed);
            }
        }
        return all;
    }

    private static URI deviceEndpoint(Provider provider) throws SetupException {
        return provider.deviceAuthorizationEndpoint()
                .orElseThrow(() -> new SetupException(new Failure(
                        Failure.Kind.NO_DEVICE_FLOW, provider.issuer(), "no device_authorization_endpoint")));
    }

    @FunctionalInterface
    private interface Question<T> {
        T ask() throws OidcException;
    }

    private static <T> T ask(String issuer, Question<T> question) throws SetupException {
        try {
            return question.ask();
        } catch (OidcException e) {
            if (e.isOfUnapprovedClient()) {
                throw new SetupException(new Failure(Failure.Kind.CLIENT_NOT_APPROVED, issuer, e.getMessage()));
            }
            if (e.kind() == OidcException.Kind.GRANT_REFUSED) { // there is no authorization yet that could have ended
                throw new SetupException(new Failure(
                        e.isAfterDoubt() ? Failure.Kind.APPROVAL_LOST : Failure.Kind.REQUEST_REFUSED,
                        issuer,
                        e.getMessage()));
            }
            throw new SetupException(Failures.of(e, issuer, false));
        }
    }

    /** Takes back what setup has at the issuer when it ends without an account, by failure or by Ctrl-C, and says so. */
    private static final class Undo {
        private final Transport transport;
        private final Provider provider;
        private final Optional<Registered> registered;
        private final Person person;
        private final Runnable forget;
        private final Thread onInterrupt = new Thread(this::undo, "undo");
        private Optional<Client> client = Optional.empty();
        private Optional<Secret> refreshToken = Optional.empty();
        private boolean done;

        Undo(Transport transport, Provider provider, Optional<Registered> registered, Person person, Runnable forget) {
            this.forget = forget;
            this.transport = transport;
            this.provider = provider;
            this.registered = registered;
            this.person = person;
            Runtime.getRuntime().addShutdownHook(onInterrupt);
        }

        synchronized void authorized(Client client, Secret refreshToken) {
            this.client = Optional.of(client);
            this.refreshToken = Optional.of(refreshToken);
        }

        synchronized void requireNotDone() throws SetupException {
            if (done) {
                throw new SetupException(new Failure(Failure.Kind.DENIED, provider.issuer(), "interrupted"));
            }
        }

        synchronized void notNeeded() {
            done = true;
        }

        void run() {
            try {
                Runtime.getRuntime().removeShutdownHook(onInterrupt);
                undo();
            } catch (IllegalStateException e) {
                // The process is ending, and the hook does it.
            }
        }

        private synchronized void undo() {
            if (done) {
                return;
            }
            done = true;
            refreshToken.ifPresent(this::revoke);
            registered.ifPresent(this::delete);
        }

        private void revoke(Secret token) {
            boolean revoked = false;
            if (provider.revocationEndpoint().isPresent()) {
                try {
                    new Revocation(transport)
                            .revoke(provider.revocationEndpoint().get(), client.orElseThrow(), token);
                    revoked = true;
                } catch (OidcException e) {
                    // said by revoked = false
                }
            }
            person.takenBack(provider.issuer(), revoked);
        }

        private void delete(Registered client) {
            boolean deleted = false;
            if (client.clientUri().isPresent() && client.accessToken().isPresent()) {
                try {
                    new Registration(transport)
                            .delete(
                                    client.clientUri().get(),
                                    client.accessToken().get());
                    deleted = true;
                    forget.run();
                } catch (OidcException e) {
                    // said by deleted = false
                }
            }
            person.abandoned(client, provider.issuer(), deleted);
        }
    }
}

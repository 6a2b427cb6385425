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
import org.opensciencegrid.tokenrenewer.account.HostIdentity;
import org.opensciencegrid.tokenrenewer.account.PendingRegistration;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.DeviceFlow;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.oidc.RequestedToken;
import org.opensciencegrid.tokenrenewer.oidc.Revocation;
import org.opensciencegrid.tokenrenewer.oidc.TokenClient;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Sets up an account: a client at the issuer, a user's approval by the device flow, and an encrypted account file.
 * Nothing is written to disk before the approval is complete, except a registered client. Nothing is created at the
 * issuer before setup knows that it can write to the disk.
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
        /** The client, scope and audience of the existing account; only the approval is new. */
        REAUTHENTICATE
    }

    /**
     * What to set up. Setup does not ask for values that are set here.
     *
     * @param issuer from an option; REAUTHENTICATE only accepts the account's own issuer
     * @param scope from an option
     * @param audience sent in the device request too, because some issuers later grant only what that request named
     * @param audienceParameter empty to find out which parameter the issuer accepts
     * @param registrationToken initial access token for issuers with closed registration
     */
    public record Request(
            String account,
            Mode mode,
            Optional<String> issuer,
            List<String> scope,
            List<String> audience,
            Optional<AudienceParameter> audienceParameter,
            Optional<ClientAuth> clientAuth,
            Optional<Secret> registrationToken,
            Optional<Path> caFile) {
        /** Fills in the values of the account that is replaced, where none are set. */
        private Request orAsBefore(Account before) {
            return new Request(
                    account,
                    mode,
                    issuer,
                    scope,
                    audience.isEmpty() ? before.audience() : audience,
                    audienceParameter.or(before::audienceParameter),
                    clientAuth,
                    registrationToken,
                    caFile.or(() -> before.caFile().map(Path::of)));
        }
    }

    private final AccountStore store;
    private final AccountStore registrations;
    private final StateStore states;
    private final Duration lockWait;
    private final Network network;
    private final Clock clock;
    private final Sleeper pause;

    /** @param registrations keeps a registered client until its account is complete */
    public AccountSetup(
            AccountStore store,
            AccountStore registrations,
            StateStore states,
            Duration lockWait,
            Network network,
            Clock clock,
            Sleeper pause) {
        this.store = store;
        this.registrations = registrations;
        this.network = network;
        this.states = states;
        this.lockWait = lockWait;
        this.clock = clock;
        this.pause = pause;
    }

    /**
     * Creates a usable account, or leaves everything unchanged. The account is not locked while setup waits for the
     * user, so an existing account is still renewed.
     */
    public void run(Request request, Password password, SetupUi ui) throws FailureException {
        try (PendingRegistration kept = new PendingRegistration(registrations, request.account())) {
            if (request.mode() == Mode.REAUTHENTICATE) {
                reauthenticate(request, password, ui);
            } else {
                authorizeNew(request, password, kept, ui);
            }
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        }
    }

    private void authorizeNew(Request options, Password password, PendingRegistration kept, SetupUi ui)
            throws FailureException, StoreException {
        Optional<Account> before;
        try (LockedAccount locked = store.lock(options.account(), lockWait)) {
            before = locked.exists() ? before(locked, password) : Optional.empty();
            if (locked.exists()) {
                ui.replacing(options.account());
            }
            try (OpenAccount open = locked.create(password)) {
                open.reserve(); // find a full or read-only disk before a client is registered
            }
        }
        String issuer = ui.issuer(before.map(Account::issuer));
        before = before.filter(account -> Discovery.isSame(account.issuer(), issuer));
        Request request = before.map(options::orAsBefore).orElse(options);
        Transport transport = network.transport(request.caFile());
        Provider provider = ask(issuer, () -> new Discovery(transport).discover(issuer));
        URI device = deviceEndpoint(provider);
        List<String> named = ui.scope(provider, before.map(Account::scope).orElse(List.of()));
        List<String> scope = withRefresh(named, provider.scopesSupported());
        Optional<Client> ofBefore = before.filter(account -> request.mode() == Mode.REGISTER && account.isPredefined())
                .map(Account::client)
                .map(client -> request.clientAuth().map(client::with).orElse(client));
        ofBefore.ifPresent(ui::keepingClient);
        Optional<Registered> registered = request.mode() == Mode.REGISTER && ofBefore.isEmpty()
                ? Optional.of(client(request, password, kept, transport, provider, scope, ui))
                : Optional.empty();
        Client client = ofBefore.or(() -> registered.map(Registered::client))
                .orElseGet(() -> predefined(request, provider, ui));
        Undo undo = new Undo(transport, provider, registered, ui, kept::delete);
        try {
            List<String> granted = granted(scope, registered);
            requireScope(named, scope, granted, provider, ui);
            AudienceProbe search = search(request, granted);
            List<String> added =
                    granted.stream().filter(word -> !named.contains(word)).toList();
            TokenResponse answer =
                    authorize(transport, provider, device, client, search, added, Optional.empty(), ui, undo);
            Account account = Account.of(provider, client, search.request().scope(), request.audience())
                    .withAudienceParameter(request.audienceParameter())
                    .withCaFile(
                            request.caFile().map(file -> file.toAbsolutePath().toString()));
            if (registered.isPresent()) {
                account = account.withRegistration(registered.get());
            }
            Optional<Failure> rescued = save(request, password, account, answer, undo);
            kept.delete();
            requireInPlace(rescued);
            synchronized (undo) { // a signal waits, because the issuer may rotate the token that was just saved
                findAudienceParameter(request, password, search, answer, transport, ui);
            }
        } catch (FailureException thrown) {
            FailureException e = registered
                    .filter(Registered::lacksDeviceGrant)
                    .map(client2 -> ofChangedGrants(thrown, client2))
                    .orElse(thrown);
            if (e.failure().kind() == Failure.Kind.CLIENT_REFUSED) {
                kept.delete(); // the client no longer exists: the next setup registers another
            } else if (e.failure().kind() == Failure.Kind.CLIENT_NOT_APPROVED) {
                undo.notNeeded(); // the client is kept for the next setup
                registered.ifPresent(stays -> ui.abandoned(stays, provider.issuer(), false));
            }
            throw e;
        } finally {
            undo.run();
        }
    }

    /** The account that is replaced, if it can be read. Setup also repairs an account that cannot be read. */
    private static Optional<Account> before(LockedAccount locked, Password password) {
        try (OpenAccount open = locked.open(password)) {
            return Optional.of(Account.decode(open.plaintext()));
        } catch (StoreException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** An issuer may register other grant types than requested, and its response counts (RFC 7591 section 3.2.1). */
    private static FailureException ofChangedGrants(FailureException e, Registered client) {
        return switch (e.failure().kind()) {
            case CLIENT_REFUSED, CLIENT_NOT_APPROVED, REQUEST_REFUSED ->
                new FailureException(new Failure(
                        Failure.Kind.CLIENT_NOT_APPROVED,
                        e.failure().where(),
                        e.failure().detail() + "; it registered the client for "
                                + Printable.of(String.join(" ", client.grantTypes()))
                                + " and not for the device flow"));
            default -> e;
        };
    }

    /** Asks before it drops a scope that the user named. */
    private static void requireScope(
            List<String> named, List<String> wanted, List<String> granted, Provider provider, SetupUi ui)
            throws FailureException {
        List<String> refused =
                wanted.stream().filter(word -> !granted.contains(word)).toList();
        boolean isNamed = refused.stream().anyMatch(named::contains);
        if (!refused.isEmpty() && !ui.goesOnWithout(refused, isNamed)) {
            throw new FailureException(new Failure(
                    Failure.Kind.SCOPE_REFUSED,
                    provider.issuer(),
                    "the client may not ask for " + Printable.of(String.join(" ", refused))));
        }
    }

    /**
     * Uses the client that an earlier setup registered but could not use yet, and registers a new one only if needed.
     */
    private static Registered client(
            Request request,
            Password password,
            PendingRegistration registrations,
            Transport transport,
            Provider provider,
            List<String> scope,
            SetupUi ui)
            throws FailureException, StoreException {
        Optional<Account> kept = registrations.find(password, provider.issuer());
        if (kept.isPresent()) {
            Registered client = kept.get().registration();
            if (kept.get().requestedScope().containsAll(scope)) {
                ui.reusing(client);
                return client;
            }
            ui.notReusing(client.client(), isDeleted(transport, client));
            registrations.delete();
        }
        Registered registered = register(request, transport, provider, scope, ui);
        registrations.keep(password, provider, registered, scope, request.audience());
        return registered;
    }

    private static boolean isDeleted(Transport transport, Registered client) {
        if (client.clientUri().isEmpty() || client.accessToken().isEmpty()) {
            return false;
        }
        try {
            new Registration(transport)
                    .delete(client.clientUri().get(), client.accessToken().get());
            return true;
        } catch (IssuerException e) {
            return false;
        }
    }

    private void reauthenticate(Request request, Password password, SetupUi ui)
            throws FailureException, StoreException {
        Account account;
        try (LockedAccount locked = store.lock(request.account(), lockWait);
                OpenAccount open = locked.open(password)) {
            open.reserve();
            account = Account.decode(open.plaintext());
        } catch (IllegalArgumentException e) {
            throw new FailureException(FailureMapper.unfit(store.file(request.account()), e));
        }
        if (request.issuer()
                .filter(other -> !Discovery.isSame(other, account.issuer()))
                .isPresent()) {
            throw new FailureException(new Failure(
                    Failure.Kind.ISSUER_WRONG,
                    account.issuer(),
                    "the account is of the issuer " + Printable.of(account.issuer())
                            + ", which --reauthenticate does not change"));
        }
        List<String> scope = request.scope().isEmpty() ? account.scope() : withRefresh(request.scope(), List.of());
        List<String> audience = request.audience().isEmpty() ? account.audience() : request.audience();
        Transport transport =
                network.transport(request.caFile().or(() -> account.caFile().map(Path::of)));
        Provider provider = ask(account.issuer(), () -> new Discovery(transport).discover(account.issuer()));
        AudienceProbe search = new AudienceProbe(
                new RequestedToken(scope, audience, AudienceParameter.RESOURCE),
                request.audienceParameter().or(account::audienceParameter),
                AudienceParameter.RESOURCE);
        Undo undo = new Undo(transport, provider, Optional.empty(), ui, () -> {});
        try {
            URI device = deviceEndpoint(provider);
            Client client = account.client();
            List<String> added = scope.stream()
                    .filter(word -> !request.scope().contains(word))
                    .toList();
            TokenResponse answer =
                    authorize(transport, provider, device, client, search, added, account.identity(), ui, undo);
            Account authorized = account.withEndpoints(provider)
                    .withAuthorized(search.request().scope(), audience)
                    .withAudienceParameter(request.audienceParameter().or(account::audienceParameter));
            requireInPlace(save(request, password, authorized, answer, undo));
            synchronized (undo) {
                findAudienceParameter(request, password, search, answer, transport, ui);
            }
        } finally {
            undo.run();
        }
    }

    private TokenResponse authorize(
            Transport transport,
            Provider provider,
            URI device,
            Client client,
            AudienceProbe search,
            List<String> added,
            Optional<TokenResponse.Identity> before,
            SetupUi ui,
            Undo undo)
            throws FailureException {
        DeviceFlow flow = new DeviceFlow(transport, clock, pause);
        List<String> wanted = search.request().scope();
        TokenResponse answer = ask(provider.issuer(), () -> {
            DeviceFlow.Prompt prompt = start(search, flow, device, client, added, ui);
            ui.approve(prompt, provider);
            return flow.await(provider.tokenEndpoint(), client, prompt, search.request(), ui::waiting);
        });
        if (answer.refreshToken().isEmpty()) {
            throw new FailureException(new Failure(
                    Failure.Kind.NO_REFRESH_TOKEN,
                    provider.issuer(),
                    "granted was: "
                            + String.join(" ", answer.scope().orElse(List.of()))
                            + refused(wanted, search.request().scope())));
        }
        // Many issuers end all authorizations that one user gave to a client when one of them is revoked. If the same
        // user approved again, the earlier authorization is in use, so do not revoke this one.
        boolean isAnotherOne = before.isEmpty()
                || answer.identity().filter(now -> !now.isThatOf(before.get())).isPresent();
        if (isAnotherOne) {
            undo.authorized(client, answer.refreshToken().get());
        }
        if (!ui.confirms(answer.identity(), before)) {
            throw new FailureException(new Failure(Failure.Kind.NOT_CONFIRMED, provider.issuer(), ""));
        }
        return answer;
    }

    private static String refused(List<String> wanted, List<String> asked) {
        List<String> refused =
                wanted.stream().filter(word -> !asked.contains(word)).toList();
        return refused.isEmpty() ? "" : "; refused was: " + String.join(" ", refused);
    }

    /**
     * Starts the device flow. If the issuer rejects a scope, tries without the scopes that setup added, and without
     * {@code openid}: plain OAuth servers issue tokens without it, but do not say who approved.
     */
    private static DeviceFlow.Prompt start(
            AudienceProbe search, DeviceFlow flow, URI device, Client client, List<String> added, SetupUi ui)
            throws IssuerException {
        try {
            return search.start(flow, device, client);
        } catch (IssuerException refusal) {
            List<String> wanted = search.request().scope();
            if (refusal.kind() != IssuerException.Kind.SCOPE_REFUSED) {
                throw refusal;
            }
            for (List<String> forgone : forgoable(wanted, added, refusal.getMessage())) {
                search.want(
                        wanted.stream().filter(word -> !forgone.contains(word)).toList());
                try {
                    DeviceFlow.Prompt prompt = search.start(flow, device, client);
                    ui.forgone(forgone);
                    return prompt;
                } catch (IssuerException e) {
                    if (e.kind() != IssuerException.Kind.SCOPE_REFUSED) {
                        throw e;
                    }
                }
            }
            throw refusal.asked(wanted);
        }
    }

    /** The sets of scopes that can be dropped without asking the user; first those that the error names. */
    private static List<List<String>> forgoable(List<String> wanted, List<String> added, String refusal) {
        List<String> ours = RequestedToken.OF_THE_GRANT.stream()
                .filter(wanted::contains)
                .filter(word -> word.equals(RequestedToken.OPENID) || added.contains(word))
                .toList();
        List<String> named = ours.stream().filter(refusal::contains).toList();
        List<List<String>> ways = new ArrayList<>();
        if (!named.isEmpty()) {
            ways.add(named);
        }
        ours.forEach(word -> ways.add(List.of(word)));
        ways.add(ours);
        return ways.stream().filter(way -> !way.isEmpty()).distinct().toList();
    }

    private static AudienceProbe search(Request request, List<String> scope) {
        return new AudienceProbe(
                new RequestedToken(scope, request.audience(), AudienceParameter.RESOURCE),
                request.audienceParameter(),
                AudienceParameter.RESOURCE);
    }

    /** Saves the account. Returns the location of a rescue copy if the account file could not be written. */
    private Optional<Failure> save(Request request, Password password, Account account, TokenResponse answer, Undo undo)
            throws FailureException, StoreException {
        Account authorized = account.withRefreshToken(answer.refreshToken().orElseThrow())
                .withAuthorization(clock.instant(), answer.identity())
                .withTokenIdentity(answer.tokenIdentity());
        // A signal waits for the save: the rollback must not revoke what a saved account needs. The user has already
        // approved, so wait longer than usual for a run that holds the lock.
        synchronized (undo) {
            undo.requireNotDone();
            try (LockedAccount locked = store.lock(request.account(), lockWait.multipliedBy(4));
                    OpenAccount open = locked.create(password)) {
                Saved saved = open.save(authorized
                        .savedBy(HostIdentity.here(store, request.account()))
                        .encode());
                undo.notNeeded();
                resetState(request.account(), authorized, answer);
                return FailureMapper.of(saved, store.file(request.account()));
            }
        }
    }

    private static void requireInPlace(Optional<Failure> rescued) throws FailureException {
        if (rescued.isPresent()) { // nothing is lost, but the user must know
            throw new FailureException(rescued.get());
        }
    }

    /** Requests at most one more token, and only for an account that is already saved. */
    private void findAudienceParameter(
            Request request,
            Password password,
            AudienceProbe search,
            TokenResponse answer,
            Transport transport,
            SetupUi ui)
            throws StoreException, FailureException {
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
                                    new RequestedToken(List.of(), other.audience(), other.audienceParameter()),
                                    next -> latest[0] = saved(open, latest[0].withRefreshToken(next))));
            Saved saved = open.save(latest[0].withAudienceParameter(found).encode());
            requireInPlace(FailureMapper.of(saved, store.file(request.account())));
            ui.audience(found);
        } catch (IssuerException e) {
            throw new FailureException(new Failure(Failure.Kind.APPROVAL_LOST, request.account(), e.getMessage()));
        }
    }

    /** Saves the account if possible. A failure occurs again in the save that follows, which may throw. */
    private static Account saved(OpenAccount open, Account account) {
        try {
            open.save(account.encode());
        } catch (StoreException | RuntimeException | Error e) {
            // ignore every failure here: this object is the only copy
        }
        return account;
    }

    /** Resets the state of the account: failures of the earlier authorization no longer count. */
    private void resetState(String name, Account authorized, TokenResponse answer) {
        AccountState state = AccountState.UNKNOWN
                .withClient(authorized.issuer(), authorized.client().id())
                .withAuthorization(
                        authorized.authorizedAt(),
                        authorized.identity().map(TokenResponse.Identity::subject),
                        authorized.scope(),
                        authorized.clientSecretExpiresAt())
                .withRotations(0, answer.refreshTokenExpiresAt());
        try {
            AccountState before = states.read(name);
            if (before.narrows().orElse(false) && before.issuer().equals(state.issuer())) {
                state = state.withNarrowing(true); // otherwise the next run would narrow this authorization too
            }
            states.write(name, state);
        } catch (IOException e) {
            // The account is saved. At worst an earlier failure counts for an hour.
        }
    }

    private static Client predefined(Request request, Provider provider, SetupUi ui) {
        String id = ui.clientId();
        return request.mode() == Mode.PUBLIC
                ? Client.of(id, Optional.empty())
                : new Client(
                        id,
                        Optional.of(ui.clientSecret()),
                        request.clientAuth().orElseGet(() -> ClientAuth.offered(provider, true)));
    }

    private static Registered register(
            Request request, Transport transport, Provider provider, List<String> scope, SetupUi ui)
            throws FailureException {
        Registered registered;
        try {
            registered = new Registration(transport)
                    .register(
                            provider,
                            "osg-token-renewer:" + request.account(),
                            scope,
                            request.registrationToken(),
                            ui::registrationRefused);
        } catch (IssuerException e) {
            throw new FailureException(
                    e.isDefinitive()
                            ? new Failure(
                                    Failure.Kind.REGISTRATION_REFUSED,
                                    provider.documentation().map(URI::toString).orElse(Printable.of(provider.issuer())),
                                    e.getMessage())
                            : FailureMapper.of(e, provider.issuer(), false));
        }
        ui.registered(registered);
        return registered;
    }

    /**
     * The scope to request: what the registration allows, and always {@code openid}. Keycloak does not let an anonymous
     * client register for it, but any client may request it, and only then does Keycloak say who approved.
     */
    private static List<String> granted(List<String> scope, Optional<Registered> registered) {
        return registered
                .map(client -> scope.stream()
                        .filter(value ->
                                value.equals(RequestedToken.OPENID) || Registration.covers(client.scope(), value))
                        .toList())
                .orElse(scope);
    }

    /**
     * Adds offline_access, because most issuers return a refresh token only with it. An issuer that lists its scopes
     * without it has another way.
     */
    private static List<String> withRefresh(List<String> scope, List<String> supported) {
        List<String> all = new ArrayList<>(scope);
        for (String needed : RequestedToken.OF_THE_GRANT) {
            boolean offered = supported.isEmpty() || supported.contains(needed);
            if (offered && !all.contains(needed)) {
                all.add(needed);
            }
        }
        return all;
    }

    private static URI deviceEndpoint(Provider provider) throws FailureException {
        return provider.deviceAuthorizationEndpoint()
                .orElseThrow(() -> new FailureException(new Failure(
                        Failure.Kind.NO_DEVICE_FLOW, provider.issuer(), "no device_authorization_endpoint")));
    }

    @FunctionalInterface
    private interface Question<T> {
        T ask() throws IssuerException;
    }

    private static <T> T ask(String issuer, Question<T> question) throws FailureException {
        try {
            return question.ask();
        } catch (IssuerException e) {
            if (e.isClientUnapproved()) {
                throw new FailureException(new Failure(Failure.Kind.CLIENT_NOT_APPROVED, issuer, e.getMessage()));
            }
            if (e.kind() == IssuerException.Kind.GRANT_REFUSED) { // there is no authorization yet that could have ended
                throw new FailureException(new Failure(
                        e.isAfterDoubt() ? Failure.Kind.APPROVAL_LOST : Failure.Kind.REQUEST_REFUSED,
                        issuer,
                        e.getMessage()));
            }
            throw new FailureException(FailureMapper.of(e, issuer, false));
        }
    }

    /** Undoes and reports what setup created at the issuer, if setup fails or you press Ctrl-C. */
    private static final class Undo {
        private final Transport transport;
        private final Provider provider;
        private final Optional<Registered> registered;
        private final SetupUi ui;
        private final Runnable forget;
        private final Thread onInterrupt = new Thread(this::undo, "undo");
        private Optional<Client> client = Optional.empty();
        private Optional<Secret> refreshToken = Optional.empty();
        private boolean done;

        Undo(Transport transport, Provider provider, Optional<Registered> registered, SetupUi ui, Runnable forget) {
            this.forget = forget;
            this.transport = transport;
            this.provider = provider;
            this.registered = registered;
            this.ui = ui;
            Runtime.getRuntime().addShutdownHook(onInterrupt);
        }

        synchronized void authorized(Client client, Secret refreshToken) {
            this.client = Optional.of(client);
            this.refreshToken = Optional.of(refreshToken);
        }

        synchronized void requireNotDone() throws FailureException {
            if (done) {
                throw new FailureException(new Failure(Failure.Kind.DENIED, provider.issuer(), "interrupted"));
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
                // The process is ending, and the shutdown hook does it.
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
                } catch (IssuerException e) {
                    // reported by revoked = false
                }
            }
            ui.takenBack(provider.issuer(), revoked);
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
                } catch (IssuerException e) {
                    // reported by deleted = false
                }
            }
            ui.abandoned(client, provider.issuer(), deleted);
        }
    }
}

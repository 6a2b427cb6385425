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
import org.opensciencegrid.cryptostore.SaveResult;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.account.ClientProof;
import org.opensciencegrid.tokenrenewer.account.HostIdentity;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.account.PendingRegistration;
import org.opensciencegrid.tokenrenewer.account.ShutdownGuard;
import org.opensciencegrid.tokenrenewer.config.ClientFiles;
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
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.oidc.RequestedToken;
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
 *
 * @param registrations keeps a registered client until its account is complete
 */
public record AccountSetup(
        AccountStore store,
        AccountStore registrations,
        StateStore states,
        Duration lockWait,
        Network network,
        Passwords passwords,
        Clock clock,
        Sleeper pause) {
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
     * @param clientAuth from an option; for REAUTHENTICATE that of the config file, which renewals use
     * @param clientFiles for a client that has no secret; setup registers the public key, or uses a predefined client
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
            ClientFiles clientFiles,
            Optional<Secret> registrationToken,
            Optional<Path> caFile) {
        /** Fills in the values of the account that is replaced, where none are set. */
        private Request withDefaultsOf(Account before) {
            return new Request(
                    account,
                    mode,
                    issuer,
                    scope,
                    audience.isEmpty() ? before.audience() : audience,
                    audienceParameter.or(before::audienceParameter),
                    clientAuth,
                    clientFiles,
                    registrationToken,
                    caFile.or(() -> before.caFile().map(Path::of)));
        }
    }

    /**
     * Creates a usable account, or leaves everything unchanged. The account is not locked while setup waits for the
     * user, so an existing account is still renewed.
     */
    public void run(Request request, Password password, SetupUi ui) throws FailureException {
        try (PendingRegistration pending = new PendingRegistration(registrations, request.account())) {
            if (request.mode() == Mode.REAUTHENTICATE) {
                reauthenticate(request, password, ui);
            } else {
                authorizeNew(request, password, pending, ui);
            }
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        }
    }

    private void authorizeNew(Request options, Password password, PendingRegistration pending, SetupUi ui)
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
        Request request = before.map(options::withDefaultsOf).orElse(options);
        Transport transport = transport(request, request.caFile());
        Provider provider = DeviceApproval.request(issuer, () -> new Discovery(transport).discover(issuer))
                .forAuthentication(method(request));
        DeviceApproval approval = new DeviceApproval(transport, provider, clock, pause, ui);
        Registrar registrar = new Registrar(transport, provider, ui);
        List<String> named = ui.scope(provider, before.map(Account::scope).orElse(List.of()));
        List<String> scope = withOfflineAccess(named, provider.scopesSupported());
        Optional<Client> existingClient = before.filter(
                        account -> request.mode() == Mode.REGISTER && account.isPredefined())
                .map(Account::client)
                .map(client -> request.clientFiles().isPresent()
                        ? client.with(method(request))
                        : request.clientAuth().map(client::with).orElse(client));
        existingClient.ifPresent(ui::keepingClient);
        Optional<Registered> registered = request.mode() == Mode.REGISTER && existingClient.isEmpty()
                ? Optional.of(registrar.client(request, password, pending, scope))
                : Optional.empty();
        Client client = complete(
                existingClient
                        .or(() -> registered.map(Registered::client))
                        .orElseGet(() -> predefined(request, provider, ui)),
                request,
                provider.issuer(),
                provider.tokenEndpoint());
        SetupRollback rollback = new SetupRollback(transport, provider, registered, ui, pending::delete);
        try {
            List<String> granted = Registrar.granted(scope, registered);
            registrar.requireScope(named, scope, granted);
            AudienceProbe probe = probe(granted, request.audience(), request.audienceParameter());
            List<String> added =
                    granted.stream().filter(word -> !named.contains(word)).toList();
            TokenResponse response = approval.authorize(client, probe, added, Optional.empty(), rollback);
            Account account = Account.of(provider, client, probe.request().scope(), request.audience())
                    .withAudienceParameter(request.audienceParameter())
                    .withCaFile(
                            request.caFile().map(file -> file.toAbsolutePath().toString()));
            if (registered.isPresent()) {
                account = account.withRegistration(registered.get());
            }
            Optional<Failure> rescued = save(request, password, account, response, rollback);
            pending.delete();
            requireNotRescued(rescued);
            findAudienceParameter(request, password, probe, response, transport, rollback, ui);
        } catch (FailureException thrown) {
            FailureException e = registered
                    .filter(Registered::lacksDeviceGrant)
                    .map(changed -> Registrar.ofChangedGrants(thrown, changed))
                    .orElse(thrown);
            if (e.failure().kind() == Failure.Kind.CLIENT_REFUSED) {
                pending.delete(); // the client no longer exists: the next setup registers another
            } else if (e.failure().kind() == Failure.Kind.CLIENT_NOT_APPROVED) {
                rollback.commit(); // the client is kept for the next setup
                registered.ifPresent(stays -> ui.unusedClient(stays, provider.issuer(), false));
            }
            throw e;
        } finally {
            rollback.run();
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

    private void reauthenticate(Request request, Password password, SetupUi ui)
            throws FailureException, StoreException {
        Account account;
        try (LockedAccount locked = store.lock(request.account(), lockWait);
                OpenAccount open = locked.open(password)) {
            open.reserve();
            account = Account.decode(open.plaintext());
        } catch (IllegalArgumentException e) {
            throw new FailureException(FailureMapper.invalidAccount(store.file(request.account()), e));
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
        Client known = request.clientAuth().map(account.client()::with).orElse(account.client());
        List<String> scope =
                request.scope().isEmpty() ? account.scope() : withOfflineAccess(request.scope(), List.of());
        List<String> audience = request.audience().isEmpty() ? account.audience() : request.audience();
        Transport transport =
                transport(request, request.caFile().or(() -> account.caFile().map(Path::of)));
        Provider provider = DeviceApproval.request(
                        account.issuer(), () -> new Discovery(transport).discover(account.issuer()))
                .forAuthentication(known.auth());
        AudienceProbe probe = probe(scope, audience, request.audienceParameter().or(account::audienceParameter));
        DeviceApproval approval = new DeviceApproval(transport, provider, clock, pause, ui);
        SetupRollback rollback = new SetupRollback(transport, provider, Optional.empty(), ui, () -> {});
        try {
            List<String> added = scope.stream()
                    .filter(word -> !request.scope().contains(word))
                    .toList();
            Client client = complete(known, request, provider.issuer(), provider.tokenEndpoint());
            TokenResponse response = approval.authorize(client, probe, added, account.identity(), rollback);
            Account authorized = account.withEndpoints(provider)
                    .withClient(known)
                    .withAuthorized(probe.request().scope(), audience)
                    .withAudienceParameter(request.audienceParameter().or(account::audienceParameter));
            requireNotRescued(save(request, password, authorized, response, rollback));
            findAudienceParameter(request, password, probe, response, transport, rollback, ui);
        } finally {
            rollback.run();
        }
    }

    private static AudienceProbe probe(
            List<String> scope, List<String> audience, Optional<AudienceParameter> configured) {
        return new AudienceProbe(new RequestedToken(scope, audience, AudienceParameter.RESOURCE), configured);
    }

    /** Saves the account. Returns the location of a rescue copy if the account file could not be written. */
    private Optional<Failure> save(
            Request request, Password password, Account account, TokenResponse response, SetupRollback rollback)
            throws FailureException {
        Account authorized = account.withRefreshToken(response.refreshToken().orElseThrow())
                .withAuthorization(clock.instant(), response.identity())
                .withTokenIdentity(response.tokenIdentity());
        // A signal waits for the save: the rollback must not revoke what a saved account needs. The user has already
        // approved, so wait longer than usual for a run that holds the lock.
        return ShutdownGuard.run(() -> {
            synchronized (rollback) {
                rollback.requireNotDone();
                try (LockedAccount locked = store.lock(request.account(), lockWait.multipliedBy(4));
                        OpenAccount open = locked.create(password)) {
                    SaveResult saved = open.save(authorized
                            .savedBy(HostIdentity.here(store, request.account()))
                            .encode());
                    rollback.commit();
                    resetState(request.account(), authorized, response);
                    return FailureMapper.of(saved, store.file(request.account()));
                } catch (StoreException e) {
                    throw new FailureException(FailureMapper.of(e));
                }
            }
        });
    }

    private static void requireNotRescued(Optional<Failure> rescued) throws FailureException {
        if (rescued.isPresent()) { // nothing is lost, but the user must know
            throw new FailureException(rescued.get());
        }
    }

    /** Requests at most one more token, and only for an account that is already saved. */
    private void findAudienceParameter(
            Request request,
            Password password,
            AudienceProbe probe,
            TokenResponse response,
            Transport transport,
            SetupRollback rollback,
            SetupUi ui)
            throws FailureException {
        if (!probe.isOpen()) {
            return;
        }
        // A signal waits, because the issuer may rotate the token that was just saved.
        ShutdownGuard.run(() -> {
            synchronized (rollback) {
                ui.audience(audienceParameter(request, password, probe, response, transport));
                return true;
            }
        });
    }

    private Optional<AudienceParameter> audienceParameter(
            Request request, Password password, AudienceProbe probe, TokenResponse response, Transport transport)
            throws FailureException {
        try (LockedAccount locked = store.lock(request.account(), lockWait.multipliedBy(4));
                OpenAccount open = locked.open(password)) {
            open.reserve();
            Account account = Account.decode(open.plaintext());
            Client client = complete(account.client(), request, account.issuer(), account.tokenEndpoint());
            Account[] latest = {account};
            Optional<AudienceParameter> found = probe.find(
                    response,
                    other -> new TokenClient(transport, clock, pause)
                            .refresh(
                                    account.tokenEndpoint(),
                                    client,
                                    account.refreshToken(),
                                    new RequestedToken(List.of(), other.audience(), other.audienceParameter()),
                                    rotated -> latest[0] = trySave(open, latest[0].withRefreshToken(rotated)),
                                    open::mayAsk));
            SaveResult saved = open.save(latest[0].withAudienceParameter(found).encode());
            requireNotRescued(FailureMapper.of(saved, store.file(request.account())));
            return found;
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        } catch (IssuerException e) {
            throw new FailureException(new Failure(Failure.Kind.APPROVAL_LOST, request.account(), e.getMessage()));
        }
    }

    /** Saves the account if possible. A failure occurs again in the save that follows, which may throw. */
    private static Account trySave(OpenAccount open, Account account) {
        try {
            open.save(account.encode());
        } catch (StoreException | RuntimeException | Error e) {
            // ignore every failure here: this object is the only copy
        }
        return account;
    }

    /** Resets the state of the account: failures of the earlier authorization no longer count. */
    private void resetState(String name, Account authorized, TokenResponse response) {
        AccountState state =
                authorized.updateState(AccountState.UNKNOWN).withRotations(0, response.refreshTokenExpiresAt());
        try {
            AccountState before = states.read(name);
            if (before.narrows().orElse(false) && before.issuer().equals(state.issuer())) {
                state = state.withNarrowing(true); // otherwise the next run would narrow this authorization too
            }
            states.write(name, state.withNotifyState(before.notifyState()));
        } catch (IOException e) {
            // The account is saved. At worst an earlier failure counts for an hour.
        }
    }

    private Client complete(Client client, Request request, String issuer, URI tokenEndpoint) throws FailureException {
        return client.auth().usesAssertion() || client.auth().usesCertificate()
                ? new ClientProof(request.account(), request.clientFiles(), passwords, clock)
                        .complete(client, Optional.of(issuer), tokenEndpoint)
                : client;
    }

    /** Loads a certificate only if there is one. */
    private Transport transport(Request request, Optional<Path> caFile) throws FailureException {
        return request.clientFiles().tls().isPresent()
                ? new ClientProof(request.account(), request.clientFiles(), passwords, clock).transport(network, caFile)
                : network.transport(caFile);
    }

    /** That of a client without a secret; BASIC for any other. */
    private static ClientAuth method(Request request) {
        if (!request.clientFiles().isPresent()) {
            return ClientAuth.BASIC;
        }
        return request.clientFiles().tls().isEmpty()
                ? ClientAuth.PRIVATE_KEY_JWT
                : request.clientAuth().orElse(ClientAuth.TLS_CLIENT_AUTH);
    }

    private static Client predefined(Request request, Provider provider, SetupUi ui) {
        String id = ui.clientId();
        if (request.clientFiles().isPresent()) {
            return new Client(id, Optional.empty(), method(request));
        }
        return request.mode() == Mode.PUBLIC
                ? Client.of(id, Optional.empty())
                : new Client(
                        id,
                        Optional.of(ui.clientSecret()),
                        request.clientAuth().orElseGet(() -> ClientAuth.preferred(provider, true)));
    }

    /**
     * Adds offline_access, because most issuers return a refresh token only with it. An issuer that lists its scopes
     * without it has another way.
     */
    private static List<String> withOfflineAccess(List<String> scope, List<String> supported) {
        List<String> all = new ArrayList<>(scope);
        for (String needed : RequestedToken.GRANT_SCOPES) {
            boolean offered = supported.isEmpty() || supported.contains(needed);
            if (offered && !all.contains(needed)) {
                all.add(needed);
            }
        }
        return all;
    }
}

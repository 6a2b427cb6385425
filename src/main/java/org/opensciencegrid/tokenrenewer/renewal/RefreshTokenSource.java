package org.opensciencegrid.tokenrenewer.renewal;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.SaveResult;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.account.ClientProof;
import org.opensciencegrid.tokenrenewer.account.HostIdentity;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.account.ShutdownGuard;
import org.opensciencegrid.tokenrenewer.account.SubjectToken;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.RequestedToken;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Gets tokens with the refresh token of an account file. Follows the rotation protocol of
 * docs/reference/account-file.md: it reserves disk space before it sends a request, and writes a rotated refresh token
 * to disk before it looks at the rest of the response.
 */
final class RefreshTokenSource implements TokenSource {
    private static volatile boolean isWarmedUp;

    private final StoredAccount section;
    private final OpenAccount store;
    private final Path file;
    private final RunDeadline deadline;
    private final Clock clock;
    private final Passwords passwords;
    private final RenewalRun.IssuerClients issuer;
    private Account account;
    private Optional<Instant> inDoubtSince;
    private Optional<Instant> refreshTokenExpiresAt = Optional.empty();
    private Optional<Failure> storageProblem = Optional.empty();
    private Optional<String> otherIdentity = Optional.empty();
    /** Of this run. */
    private Optional<SubjectToken> subjectToken = Optional.empty();
    /** {@link #otherIdentity} of {@link #subjectToken}. */
    private Optional<String> otherSubjectIdentity = Optional.empty();

    private boolean isEndpointGone;
    private long rotations;
    private boolean isSaved = true;
    private final Optional<Instant> otherHostAt;
    private final Optional<Failure> whyCopied;

    /**
     * @param here the host that saves the account from now on
     */
    RefreshTokenSource(
            StoredAccount section,
            LockedAccount locked,
            Path file,
            HostIdentity here,
            Passwords passwords,
            RenewalRun run,
            AccountState state,
            RunDeadline deadline,
            Clock clock)
            throws FailureException {
        this.section = section;
        this.file = file;
        this.deadline = deadline;
        this.clock = clock;
        this.passwords = passwords;
        this.store = open(section, locked, passwords);
        this.inDoubtSince = state.inDoubtSince().isPresent() ? state.inDoubtSince() : store.interruptedAt();
        if (inDoubtSince.isEmpty() && store.recoveredFrom() == OpenAccount.RecoveredFrom.PREVIOUS) {
            inDoubtSince = Optional.of(clock.instant()); // the refresh token of the previous generation may be used up
        }
        try {
            this.account = Account.decode(store.plaintext());
        } catch (IllegalArgumentException e) {
            store.close();
            throw new FailureException(FailureMapper.invalidAccount(file, e));
        }
        Optional<Failure> whyMoved = account.whyMoved(file);
        if (whyMoved.isPresent()) {
            store.close();
            throw new FailureException(whyMoved.get());
        }
        this.otherHostAt = account.isFromAnotherHost(here) ? Optional.of(clock.instant()) : Optional.empty();
        this.whyCopied = account.whyCopied(here, file);
        this.account = account.savedBy(here);
        try {
            this.issuer = run.issuers(caFile(section, account), section).after(state);
        } catch (FailureException e) {
            store.close();
            throw e;
        }
    }

    private static Optional<Path> caFile(StoredAccount section, Account account) {
        if (section.caFile().isPresent() || account.caFile().isEmpty()) {
            return section.caFile();
        }
        return Optional.of(Path.of(account.caFile().get()));
    }

    private static OpenAccount open(StoredAccount section, LockedAccount locked, Passwords passwords)
            throws FailureException {
        try (Password password = passwords.read(section.name(), section.passwordFile())) {
            return locked.open(password);
        } catch (PasswordFileException e) {
            // If the account is missing, its password usually is too: report the account.
            throw new FailureException(
                    locked.exists()
                            ? FailureMapper.of(e)
                            : new Failure(Failure.Kind.ACCOUNT_MISSING, section.name(), ""));
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        }
    }

    @Override
    public String issuer() {
        return account.issuer();
    }

    @Override
    public List<String> authorizedScope() {
        return account.scope();
    }

    @Override
    public TokenResponse token(TokenSection token, List<String> scope) throws FailureException {
        if (token.exchange().isPresent()) {
            return exchanged(token);
        }
        requireApproved(token);
        TokenResponse response = request(new RequestedToken(scope, token.audience(), audienceParameter(token)));
        otherIdentity = requireSameUser(response);
        learnTokenIdentity(response);
        return response;
    }

    /** How the user in the access token differs from the first one. */
    private Optional<String> requireSameUser(TokenResponse response) throws FailureException {
        Optional<TokenResponse.Identity> known = account.identity();
        if (known.isPresent()
                && response.identity().isPresent()
                && !known.get().isSameAs(response.identity().get())) {
            // OpenID Connect Core section 12.2. Keep the new refresh token anyway: it may be the only valid one.
            throw new FailureException(new Failure(
                    Failure.Kind.IDENTITY_CHANGED,
                    account.issuer(),
                    difference(known.get(), response.identity().get())));
        }
        return otherIdentity(response);
    }

    /**
     * Compares the access token, if it is a JWT, with the first one. The id_token is no substitute: it may identify
     * another user than the access token.
     */
    private Optional<String> otherIdentity(TokenResponse response) {
        if (response.tokenIdentity().isEmpty()) {
            return Optional.empty();
        }
        TokenResponse.Identity now = response.tokenIdentity().get();
        TokenResponse.Identity first = account.tokenIdentity().orElse(new TokenResponse.Identity("", ""));
        boolean isIssuerKnown = !first.issuer().isEmpty();
        boolean isSubjectKnown = !first.subject().isEmpty();
        boolean differs = isIssuerKnown && !first.hasSameIssuer(now)
                || isSubjectKnown && !first.subject().equals(now.subject());
        return differs ? Optional.of(difference(first, now)) : Optional.empty();
    }

    /** Later access tokens are compared with this one, which is of the same user as far as is known. */
    private void learnTokenIdentity(TokenResponse refreshed) {
        if (refreshed.tokenIdentity().isEmpty() || otherIdentity(refreshed).isPresent()) {
            return;
        }
        TokenResponse.Identity now = refreshed.tokenIdentity().get();
        TokenResponse.Identity first = account.tokenIdentity().orElse(new TokenResponse.Identity("", ""));
        if (first.issuer().isEmpty() && !now.issuer().isEmpty()
                || first.subject().isEmpty() && !now.subject().isEmpty()) {
            account = account.withTokenIdentity(Optional.of(now));
            save();
        }
    }

    /** Names only the claims that differ. */
    private static String difference(TokenResponse.Identity was, TokenResponse.Identity is) {
        List<String> words = new ArrayList<>();
        if (!was.subject().isEmpty() && !was.subject().equals(is.subject())) {
            words.add("sub was " + Printable.of(was.subject()) + ", is " + shown(is.subject()));
        }
        if (!was.hasSameIssuer(is)) {
            words.add("iss was " + shown(was.issuer()) + ", is " + shown(is.issuer()));
        }
        return String.join("; ", words);
    }

    private static String shown(String claim) {
        return claim.isEmpty() ? "absent" : Printable.of(claim);
    }

    @Override
    public Optional<String> otherIdentity() {
        return otherIdentity;
    }

    /** Uses the endpoints from setup until they fail; only then asks the issuer for its present endpoints. */
    private TokenResponse request(RequestedToken requested) throws FailureException {
        Optional<Instant> before = inDoubtSince;
        try {
            return ShutdownGuard.run(() -> refresh(requested, false));
        } catch (FailureException e) {
            if (!isEndpointGone || deadline.leftToBegin().isZero() || !hasEndpointMoved()) {
                throw e;
            }
            inDoubtSince = before; // the request did not reach the issuer
            return ShutdownGuard.run(() -> refresh(requested, true));
        }
    }

    private TokenResponse refresh(RequestedToken requested, boolean hasEndpointMoved) throws FailureException {
        isEndpointGone = false;
        try {
            store.reserve();
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        }
        if (!isWarmedUp) {
            account.rotated(account.refreshToken(), clock.instant())
                    .encode(); // loads the classes now, as reserve() does for the rest
            isWarmedUp = true;
        }
        try {
            TokenResponse response = issuer.tokens()
                    .refresh(
                            account.tokenEndpoint(),
                            client(),
                            account.refreshToken(),
                            requested,
                            this::keep,
                            store::mayAsk);
            inDoubtSince = Optional.empty();
            refreshTokenExpiresAt = response.refreshTokenExpiresAt();
            if (hasEndpointMoved || rotations == 0 && needsSave()) {
                save(); // also without rotation: stores endpoints that work, or this host's marks
            }
            if (store.isSuperseded()) { // the later run has published a newer token
                throw new FailureException(new Failure(
                        Failure.Kind.ACCOUNT_BUSY, file.toString(), "another run got a newer answer meanwhile"));
            }
            return response;
        } catch (IssuerException e) {
            isEndpointGone = e.isEndpointGone();
            Failure failure = FailureMapper.of(e, account.issuer(), inDoubtSince.isPresent());
            if (e.leavesDoubt() || e.isAfterDoubt()) {
                inDoubtSince = inDoubtSince.or(() -> Optional.of(clock.instant()));
            }
            throw new FailureException(failure);
        }
    }

    private boolean hasEndpointMoved() {
        try {
            Provider now = issuer.discovery()
                    .discover(account.issuer())
                    .forAuthentication(
                            section.clientAuth().orElse(account.client().auth()));
            boolean moved = !now.tokenEndpoint().equals(account.tokenEndpoint());
            account = account.withEndpoints(now);
            return moved;
        } catch (IssuerException e) {
            return false; // the failure at the known endpoint says more
        }
    }

    private Client client() throws FailureException {
        Client stored = account.client();
        Client client = section.clientAuth().isPresent()
                ? stored.with(section.clientAuth().get())
                : stored;
        return client.auth().usesAssertion() || client.auth().usesCertificate()
                ? new ClientProof(section.name(), section.clientFiles(), passwords, clock)
                        .complete(client, Optional.of(account.issuer()), account.tokenEndpoint())
                : client;
    }

    /**
     * If the right parameter is unknown, requests an audience that was not approved with {@code audience}: no issuer
     * invalidates the refresh token for it.
     */
    private AudienceParameter audienceParameter(TokenSection token) {
        boolean isApproved = account.audience().containsAll(token.audience());
        return knownAudienceParameter().orElse(isApproved ? AudienceParameter.RESOURCE : AudienceParameter.AUDIENCE);
    }

    private Optional<AudienceParameter> knownAudienceParameter() {
        return section.audienceParameter().isPresent() ? section.audienceParameter() : account.audienceParameter();
    }

    /**
     * RFC 8707 section 2.2: not more than was approved. If the issuer is known to support {@code resource}, we do not
     * request an audience that setup did not name: oidc-provider rejects the request and invalidates the refresh token.
     */
    private void requireApproved(TokenSection token) throws FailureException {
        boolean isKnown = section.audienceParameter().isEmpty()
                && account.audienceParameter().equals(Optional.of(AudienceParameter.RESOURCE))
                && !account.audience().isEmpty();
        if (isKnown && !account.audience().containsAll(token.audience())) {
            throw new FailureException(new Failure(
                    Failure.Kind.AUDIENCE_REFUSED,
                    account.issuer(),
                    "it was not asked for, as setup named only " + Printable.of(String.join(" ", account.audience()))));
        }
    }

    /**
     * The client calls this before it looks at the rest of the response. Must not throw, see {@link
     * TokenClient#refresh}.
     */
    private void keep(Secret refreshToken) {
        account = account.rotated(refreshToken, clock.instant());
        rotations++;
        isSaved = false;
        save();
    }

    private void save() {
        try {
            storageProblem = FailureMapper.of(store.save(account.encode()), file);
            isSaved = true;
        } catch (Throwable e) { // even an Error: this object holds the only copy of the refresh token
            if (!isSaved) {
                storageProblem = Optional.of(new Failure(
                        Failure.Kind.REFRESH_TOKEN_LOST,
                        file.toString(),
                        Printable.of(String.valueOf(e.getMessage()))));
            }
        }
    }

    @Override
    public Optional<Failure> storageProblem() {
        return storageProblem;
    }

    /** An older refresh token may be used up. If we send it again, a strict issuer revokes the authorization. */
    @Override
    public Optional<Failure> whyOlder() {
        return FailureMapper.olderAccount(store, file);
    }

    @Override
    public Optional<Failure> whyCopied() {
        return whyCopied;
    }

    private boolean needsSave() {
        return isFromAnotherHost()
                || store.interruptedAt().isPresent() // a store in a cluster keeps the doubt until a save
                || store.recoveredFrom() == OpenAccount.RecoveredFrom.PREVIOUS
                || store.newerGeneration().isPresent();
    }

    @Override
    public Optional<Instant> rotatedAt() {
        return account.rotatedAt();
    }

    @Override
    public boolean isFromAnotherHost() {
        return otherHostAt.isPresent();
    }

    @Override
    public AccountState updateState(AccountState state) {
        Optional<Instant> certificateEnd = section.clientFiles().tls().isPresent()
                ? new ClientProof(section.name(), section.clientFiles(), passwords, clock).certificateEnd()
                : Optional.empty();
        return account.updateState(state)
                .withClientCertificate(certificateEnd)
                .withRotations(rotations, refreshTokenExpiresAt)
                .withOtherHost(otherHostAt)
                .withDoubt(inDoubtSince)
                .withAllKeyShares(issuer.transport().allShares());
    }

    @Override
    public void close() {
        boolean isLost = storageProblem.isPresent() && storageProblem.get().kind() == Failure.Kind.REFRESH_TOKEN_LOST;
        if (isLost) { // try again: the quota or the full disk may have been fixed since
            ShutdownGuard.run(() -> {
                save();
                return true;
            });
        }
        store.close();
    }

    // Token exchange

    /** If the issuer refuses the subject token of an earlier run, gets another one and tries once more. */
    private TokenResponse exchanged(TokenSection token) throws FailureException {
        Optional<SubjectToken> kept = keptSubjectToken(token);
        TokenResponse response;
        try {
            response = exchange(token, kept.isPresent() ? kept.get() : newSubjectToken());
        } catch (IssuerException e) {
            boolean isOfToken = e.kind() == IssuerException.Kind.GRANT_REFUSED
                    || e.kind() == IssuerException.Kind.REFUSED
                    || e.kind() == IssuerException.Kind.CLIENT_REFUSED; // a refresh tells whether the client is
            if (subjectToken.isPresent() || !isOfToken) { // another one of this run would be refused, too
                throw new FailureException(exchangeFailure(e, token));
            }
            account = account.withSubjectToken(Optional.empty());
            deadline.requireTimeToBegin(section.name());
            try {
                response = exchange(token, newSubjectToken());
            } catch (IssuerException ofNew) {
                throw new FailureException(exchangeFailure(ofNew, token));
            }
        }
        Optional<String> other = requireSameUser(response);
        otherIdentity = otherSubjectIdentity.isPresent() ? otherSubjectIdentity : other;
        return response;
    }

    private Failure exchangeFailure(IssuerException e, TokenSection token) {
        return FailureMapper.ofExchange(
                e, account.issuer(), token.section(), account.client().id());
    }

    /** A token whose end is unknown is only used in the run that got it; one of this run may also be shorter. */
    private Optional<SubjectToken> keptSubjectToken(TokenSection section) {
        Instant now = clock.instant();
        if (subjectToken.isPresent()) {
            return subjectToken.get().isFreshInItsRun(now) ? subjectToken : Optional.empty();
        }
        if (inDoubtSince.isPresent() || needsSave()) {
            return Optional.empty(); // only a refresh ends the doubt about a lost answer, a copy or a backup
        }
        Optional<SubjectToken> stored = account.subjectToken();
        Duration least = Duration.ofSeconds(section.minLifetime().orElse(0));
        return stored.isPresent() && stored.get().isFresh(now, least) ? stored : Optional.empty();
    }

    /**
     * By a refresh without scope and audience. It is saved, unless it is of another user, but only after the refresh
     * token, and it may be lost. If the refresh was slow, the next run exchanges it.
     */
    private SubjectToken newSubjectToken() throws FailureException {
        SubjectToken token = ShutdownGuard.run(() -> {
            TokenResponse response = request(new RequestedToken(List.of(), List.of(), AudienceParameter.AUDIENCE));
            otherSubjectIdentity = requireSameUser(response);
            learnTokenIdentity(response);
            SubjectToken got = new SubjectToken(response.accessToken(), clock.instant(), response.expiresAt());
            subjectToken = Optional.of(got);
            account = account.withSubjectToken(otherSubjectIdentity.isPresent() ? Optional.empty() : subjectToken);
            saveIfPossible();
            return got;
        });
        deadline.requireTimeToBegin(section.name());
        return token;
    }

    private TokenResponse exchange(TokenSection token, SubjectToken subject) throws IssuerException, FailureException {
        RequestedToken requested = new RequestedToken(
                token.scope(), token.audience(), knownAudienceParameter().orElse(AudienceParameter.RESOURCE));
        List<String> resources = token.exchange().orElseThrow();
        try {
            return issuer.tokens().exchange(account.tokenEndpoint(), client(), subject.token(), requested, resources);
        } catch (IssuerException e) {
            if (!e.isEndpointGone() || deadline.leftToBegin().isZero() || !hasEndpointMoved()) {
                throw e;
            }
            TokenResponse response =
                    issuer.tokens().exchange(account.tokenEndpoint(), client(), subject.token(), requested, resources);
            ShutdownGuard.run(() -> {
                saveIfPossible(); // the endpoint, which works
                return true;
            });
            return response;
        }
    }

    /**
     * Saves what can be requested again. If that fails, nothing is lost, and what is known about the refresh token
     * still holds.
     */
    private void saveIfPossible() {
        try {
            SaveResult result = store.saveOptional(account.encode());
            if (!result.rescued() || !isSaved) { // the refresh token is in it
                storageProblem = FailureMapper.of(result, file);
                isSaved = true;
            }
        } catch (StoreException e) {
            // a later run gets another one
        }
    }
}

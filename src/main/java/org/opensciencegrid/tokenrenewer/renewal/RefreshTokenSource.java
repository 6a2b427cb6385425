package org.opensciencegrid.tokenrenewer.renewal;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.OidcException;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.TokenAnswer;
import org.opensciencegrid.tokenrenewer.oidc.Wanted;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Secret;

/**
 * Tokens by the refresh token of an account file. The rotation protocol of docs/account-file.md, seen from the outside:
 * space is reserved before the issuer is asked, and a rotated token is on disk before anything else in the answer counts.
 */
final class RefreshTokenSource implements TokenSource {
    private static volatile boolean rehearsed;

    private final StoredAccount section;
    private final OpenAccount store;
    private final Path file;
    private final Clock clock;
    private final RenewalRun.Issuers issuer;
    private Account account;
    private Optional<Instant> inDoubtSince;
    private Optional<Instant> refreshTokenExpiresAt = Optional.empty();
    private Optional<Failure> danger = Optional.empty();
    private long rotations;
    private final Optional<Instant> otherHostAt;

    /**
     * @param issuers makes a client that trusts the given ca_file in addition
     */
    RefreshTokenSource(
            StoredAccount section,
            LockedAccount locked,
            Path file,
            Passwords passwords,
            Function<Optional<Path>, RenewalRun.Issuers> issuers,
            Optional<Instant> inDoubtSince,
            Clock clock)
            throws FailedException {
        this.section = section;
        this.file = file;
        this.clock = clock;
        this.inDoubtSince = inDoubtSince;
        this.store = open(section, locked, passwords);
        if (store.recoveredFrom() == OpenAccount.RecoveredFrom.PREVIOUS) {
            this.inDoubtSince = inDoubtSince.or(() -> Optional.of(clock.instant())); // its token may be used up
        }
        try {
            this.account = Account.decode(store.plaintext());
        } catch (IllegalArgumentException e) {
            store.close();
            throw new FailedException(Failures.unfit(file, e));
        }
        this.otherHostAt = account.isFromAnotherHost() ? Optional.of(clock.instant()) : Optional.empty();
        this.issuer = issuers.apply(section.caFile().or(() -> account.caFile().map(Path::of)));
    }

    private static OpenAccount open(StoredAccount section, LockedAccount locked, Passwords passwords)
            throws FailedException {
        try (Password password = passwords.read(section.name(), section.passwordFile())) {
            return locked.open(password);
        } catch (PasswordFileException e) {
            // A missing account is the cause, a missing password its companion.
            throw new FailedException(
                    locked.exists() ? Failures.of(e) : new Failure(Failure.Kind.ACCOUNT_MISSING, section.name(), ""));
        } catch (StoreException e) {
            throw new FailedException(Failures.of(e));
        }
    }

    @Override
    public TokenAnswer token(TokenSection token) throws FailedException {
        TokenAnswer answer = Unbroken.run(() -> refresh(token));
        Optional<TokenAnswer.Identity> known = account.identity();
        if (known.isPresent()
                && answer.identity().isPresent()
                && !known.get().isThatOf(answer.identity().get())) {
            // OpenID Connect Core section 12.2. The refresh token is kept all the same: it may be all we have.
            throw new FailedException(new Failure(
                    Failure.Kind.IDENTITY_CHANGED,
                    account.issuer(),
                    "authorized was " + Printable.of(known.get().subject()) + ", the answer is about "
                            + Printable.of(answer.identity().get().subject())));
        }
        return answer;
    }

    private TokenAnswer refresh(TokenSection token) throws FailedException {
        requireApproved(token);
        try {
            store.reserve();
        } catch (StoreException e) {
            throw new FailedException(Failures.of(e));
        }
        if (!rehearsed) {
            account.withRefreshToken(account.refreshToken()).encode(); // as reserve() does for the rest
            rehearsed = true;
        }
        try {
            TokenAnswer answer = ask(token);
            inDoubtSince = Optional.empty();
            refreshTokenExpiresAt = answer.refreshTokenExpiresAt();
            if (rotations == 0 && store.recoveredFrom() == OpenAccount.RecoveredFrom.PREVIOUS) {
                save(); // the older generation works, so it takes the place of the damaged one
            }
            return answer;
        } catch (OidcException e) {
            Failure failure = Failures.of(e, account.issuer(), inDoubtSince.isPresent());
            if (e.leavesDoubt() || e.isAfterDoubt()) {
                inDoubtSince = inDoubtSince.or(() -> Optional.of(clock.instant()));
            }
            throw new FailedException(failure);
        }
    }

    /** The endpoints are those of setup until they fail; only then is the issuer asked where they are now. */
    private TokenAnswer ask(TokenSection token) throws OidcException {
        try {
            return issuer.tokens()
                    .refresh(account.tokenEndpoint(), client(), account.refreshToken(), wanted(token), this::keep);
        } catch (OidcException e) {
            if (!e.isOfThePlace() || !hasMoved()) {
                throw e;
            }
            TokenAnswer answer = issuer.tokens()
                    .refresh(account.tokenEndpoint(), client(), account.refreshToken(), wanted(token), this::keep);
            save(); // where the issuer does not rotate, nothing else would
            return answer;
        }
    }

    private boolean hasMoved() {
        try {
            Provider now = issuer.discovery().discover(account.issuer());
            boolean moved = !now.tokenEndpoint().equals(account.tokenEndpoint());
            account = account.withEndpoints(now);
            return moved;
        } catch (OidcException e) {
            return false; // the failure at the known endpoint tells more
        }
    }

    private Client client() {
        Client client = account.client();
        return section.clientAuth().map(client::with).orElse(client);
    }

    private Wanted wanted(TokenSection token) {
        return new Wanted(token.scope(), token.audience(), audienceParameter(token));
    }

    /** Where nobody knows, what was not approved is asked for by the parameter that no issuer punishes. */
    private AudienceParameter audienceParameter(TokenSection token) {
        boolean isApproved = account.audience().containsAll(token.audience());
        return section.audienceParameter()
                .or(account::audienceParameter)
                .orElse(isApproved ? AudienceParameter.RESOURCE : AudienceParameter.AUDIENCE);
    }

    /**
     * RFC 8707 section 2.2: not more than was approved. Where the issuer is known to heed {@code resource}, what was not
     * named at setup is not even asked for: oidc-provider says no and has used the refresh token up.
     */
    private void requireApproved(TokenSection token) throws FailedException {
        boolean isKnown = section.audienceParameter().isEmpty()
                && account.audienceParameter().equals(Optional.of(AudienceParameter.RESOURCE))
                && !account.audience().isEmpty();
        if (isKnown && !account.audience().containsAll(token.audience())) {
            throw new FailedException(new Failure(
                    Failure.Kind.AUDIENCE_REFUSED,
                    account.issuer(),
                    "it was not asked for, as setup named only " + Printable.of(String.join(" ", account.audience()))));
        }
    }

    /** Called by the client before it looks at the rest of the answer. Nothing may be thrown from here: see TokenClient. */
    private void keep(Secret refreshToken) {
        account = account.withRefreshToken(refreshToken);
        rotations++;
        save();
    }

    private void save() {
        try {
            danger = Failures.of(store.save(account.encode()), file);
        } catch (Throwable e) { // even an Error: this holds the only copy of the token
            danger = Optional.of(new Failure(
                    Failure.Kind.REFRESH_TOKEN_LOST, file.toString(), Printable.of(String.valueOf(e.getMessage()))));
        }
    }

    @Override
    public Optional<Failure> danger() {
        return danger;
    }

    @Override
    public boolean isOfAnotherHost() {
        return otherHostAt.isPresent();
    }

    @Override
    public AccountState learned(AccountState state) {
        return state.withClient(account.issuer(), account.client().id())
                .withAuthorization(
                        account.authorizedAt(),
                        account.identity().map(TokenAnswer.Identity::subject),
                        account.scope(),
                        account.clientSecretExpiresAt())
                .withRotations(rotations, refreshTokenExpiresAt)
                .withOtherHost(otherHostAt)
                .withDoubt(inDoubtSince);
    }

    @Override
    public void close() {
        boolean isLost = danger.filter(why -> why.kind() == Failure.Kind.REFRESH_TOKEN_LOST)
                .isPresent();
        if (isLost) { // once more, now that a moment has passed: a quota or a full disk may have given way
            Unbroken.run(() -> {
                save();
                return true;
            });
        }
        store.close();
    }
}

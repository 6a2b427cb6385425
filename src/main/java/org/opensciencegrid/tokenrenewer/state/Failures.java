package org.opensciencegrid.tokenrenewer.state;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AgentFileException;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.Saved;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.oidc.OidcException;
import org.opensciencegrid.tokenrenewer.state.Failure.Kind;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.token.TokenFileException;

/** The one table from what the lower rooms throw to what an operator must do. */
public final class Failures {
    private Failures() {}

    public static Failure of(PasswordFileException e) {
        Kind kind = e.kind() == PasswordFileException.Kind.MISSING ? Kind.PASSWORD_MISSING : Kind.PASSWORD_FILE;
        return new Failure(kind, e.file().map(Path::toString).orElse(""), Printable.of(e.getMessage()));
    }

    public static Failure of(StoreException e) {
        Kind kind = switch (e.kind()) {
            case CORRUPT, LIMITS -> Kind.ACCOUNT_DAMAGED;
            case WRONG_PASSWORD -> Kind.WRONG_PASSWORD;
            case TAMPERED -> Kind.ACCOUNT_TAMPERED;
            case WRONG_ACCOUNT -> Kind.ACCOUNT_FOREIGN;
            case UNSUPPORTED -> Kind.ACCOUNT_NEWER;
            case MISSING -> Kind.ACCOUNT_MISSING;
            case BUSY -> Kind.ACCOUNT_BUSY;
            case UNWRITABLE -> Kind.STORE_UNWRITABLE;
            case UNREADABLE -> Kind.ACCOUNT_UNREADABLE;
        };
        return new Failure(kind, e.file().toString(), Printable.of(e.getMessage()));
    }

    /**
     * Empty when the account is in its place.
     *
     * @param file that place
     */
    public static Optional<Failure> of(Saved saved, Path file) {
        return saved.rescued()
                ? Optional.of(new Failure(
                        Kind.REFRESH_TOKEN_RESCUED,
                        file.toString(),
                        saved.where().toString()))
                : Optional.empty();
    }

    /** @param file of oidc-agent */
    public static Failure of(AgentFileException e, Path file) {
        Kind kind = switch (e.kind()) {
            case MISSING -> Kind.AGENT_FILE_MISSING;
            case EMPTY -> Kind.AGENT_FILE_EMPTY;
            case PGP -> Kind.AGENT_FILE_PGP;
            case DAMAGED, LIMITS -> Kind.AGENT_FILE_DAMAGED;
            case WRONG_PASSWORD, WRONG_PASSWORD_OR_DAMAGED -> Kind.AGENT_WRONG_PASSWORD;
            case UNREADABLE -> Kind.AGENT_FILE_UNREADABLE;
            case UNWRITABLE -> Kind.EXPORT_UNWRITABLE;
        };
        return new Failure(kind, file.toString(), Printable.of(e.getMessage()));
    }

    public static Failure of(TokenFileException e) {
        Kind kind = switch (e.kind()) {
            case DIRECTORY_MISSING -> Kind.TOKEN_DIRECTORY_MISSING;
            case NOT_PERMITTED -> Kind.TOKEN_NOT_PERMITTED;
            case READ_ONLY -> Kind.TOKEN_READ_ONLY;
            case FULL -> Kind.TOKEN_DISK_FULL;
            case NOT_A_FILE, FOREIGN_LINK, OTHER -> Kind.TOKEN_PATH;
            case NO_SUCH_NAME -> Kind.TOKEN_NAME_UNKNOWN;
            case GROUP_NOT_OURS -> Kind.TOKEN_GROUP_CLOSED;
            case OWNER_NOT_US -> Kind.TOKEN_OWNER_CLOSED;
        };
        return new Failure(kind, e.path().toString(), Printable.of(e.getMessage()));
    }

    /**
     * @param issuer shown as the place of the failure
     * @param inDoubt whether an answer of this issuer to this account is missing
     */
    public static Failure of(OidcException e, String issuer, boolean inDoubt) {
        Kind kind = switch (e.kind()) {
            case UNREACHABLE -> Kind.ISSUER_UNREACHABLE;
            case TLS -> Kind.ISSUER_TLS;
            case NO_ANSWER, TEMPORARY -> Kind.ISSUER_TROUBLE;
            case UNUSABLE_ANSWER -> Kind.ISSUER_ANSWER;
            case GRANT_REFUSED -> inDoubt || e.isAfterDoubt() ? Kind.AUTHORIZATION_LOST : Kind.AUTHORIZATION_DEAD;
            case CLIENT_REFUSED -> Kind.CLIENT_REFUSED;
            case SCOPE_REFUSED -> Kind.SCOPE_REFUSED;
            case AUDIENCE_REFUSED -> Kind.AUDIENCE_REFUSED;
            case REFUSED -> Kind.REQUEST_REFUSED;
            case WRONG_ISSUER -> Kind.ISSUER_WRONG;
            case INSECURE -> Kind.INSECURE_URL;
            case DENIED -> Kind.DENIED;
            case EXPIRED -> Kind.EXPIRED;
        };
        return new Failure(kind, Printable.of(issuer), e.getMessage());
    }

    /** What keeps a post_renewal from being started. */
    public static Optional<Failure> unfitHook(Path program, boolean mayRun) {
        if (!Files.exists(program)) {
            return Optional.of(new Failure(Kind.HOOK_NOT_STARTED, program.toString(), "no such file"));
        }
        return mayRun && !Files.isDirectory(program)
                ? Optional.empty()
                : Optional.of(new Failure(
                        Kind.HOOK_NOT_STARTED, program.toString(), "not a program that the service may run"));
    }

    /** The account file opened, but what is in it is not an account. */
    public static Failure unfit(Path accountFile, IllegalArgumentException e) {
        return new Failure(
                Kind.ACCOUNT_DAMAGED, accountFile.toString(), accountFile + ": " + Printable.of(e.getMessage()));
    }
}

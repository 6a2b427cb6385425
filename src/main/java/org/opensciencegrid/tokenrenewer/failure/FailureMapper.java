package org.opensciencegrid.tokenrenewer.failure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.Generation;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.SaveResult;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.cryptostore.oidcagent.AgentFileException;
import org.opensciencegrid.tokenrenewer.failure.Failure.Kind;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.kubernetes.ObjectName;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.token.TokenFileException;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Maps every exception of the lower packages to a kind of {@link Failure}. */
public final class FailureMapper {
    /** More than a rotation needs. If this many bytes are free, another resource is used up. */
    private static final long MIN_FREE_BYTES = 1L << 18;

    private FailureMapper() {}

    public static Failure of(PasswordFileException e) {
        return of(
                e,
                e.getMessage(),
                e.kind() == PasswordFileException.Kind.MISSING ? Kind.PASSWORD_MISSING : Kind.PASSWORD_FILE);
    }

    /** For a client secret. */
    public static Failure ofSecret(PasswordFileException e) {
        return of(e, "client_secret_file " + path(e) + ": " + e.reason(), Kind.SECRET_FILE);
    }

    /** For a client_key_file. */
    public static Failure ofClientKey(PasswordFileException e) {
        return of(e, "client_key_file " + path(e) + ": " + e.reason(), Kind.CLIENT_KEY);
    }

    /** For a tls_key_file. */
    public static Failure ofTlsKey(PasswordFileException e) {
        return of(e, "tls_key_file " + path(e) + ": " + e.reason(), Kind.CLIENT_CERTIFICATE);
    }

    /** A tls_key_file that only other users can read. */
    public static Failure unreadableTlsKey(Path file) {
        return new Failure(
                Kind.FILE_ACCESS,
                file.toString(),
                "tls_key_file " + file + ": its mode does not let the service read it");
    }

    /** For a client_assertion_file. */
    public static Failure ofClientAssertion(PasswordFileException e) {
        return of(e, "client_assertion_file " + path(e) + ": " + e.reason(), Kind.CLIENT_ASSERTION);
    }

    /** @param ofContent the kind if the failure is not about permissions */
    private static Failure of(PasswordFileException e, String message, Kind ofContent) {
        Kind kind = switch (e.kind()) {
            case FOREIGN_LINK -> Kind.FILE_LINK;
            case UNREADABLE, WRITABLE_BY_OTHERS, READABLE_BY_OTHERS, FOREIGN_OWNER -> Kind.FILE_ACCESS;
            default -> ofContent;
        };
        return new Failure(kind, e.link().orElse(path(e)), Printable.of(message));
    }

    private static String path(PasswordFileException e) {
        return e.file().map(Path::toString).orElse("");
    }

    public static Failure of(StoreException e) {
        if (e.getCause() != null && e.getCause().getCause() instanceof KubernetesException cluster) {
            return of(cluster);
        }
        Kind kind = switch (e.kind()) {
            case CORRUPT, LIMITS -> Kind.ACCOUNT_DAMAGED;
            case WRONG_PASSWORD -> Kind.WRONG_PASSWORD;
            case TAMPERED -> Kind.ACCOUNT_TAMPERED;
            case WRONG_ACCOUNT -> Kind.ACCOUNT_FOREIGN;
            case UNSUPPORTED -> Kind.ACCOUNT_NEWER;
            case MISSING -> Kind.ACCOUNT_MISSING;
            case BUSY -> Kind.ACCOUNT_BUSY;
            case INTERRUPTED -> Kind.ACCOUNT_INTERRUPTED;
            case UNWRITABLE -> unwritable(e);
            case UNREADABLE -> Kind.ACCOUNT_UNREADABLE;
        };
        return new Failure(kind, e.file().toString(), Printable.of(e.getMessage()));
    }

    /** The state of an account cannot be written. */
    public static Failure ofState(IOException e, String account) {
        if (!(e.getCause() instanceof KubernetesException cluster)) {
            return new Failure(Kind.STATE_UNWRITABLE, account, Printable.of(e.getMessage()));
        }
        return cluster.kind() == KubernetesException.Kind.CONFLICT
                ? new Failure(Kind.ACCOUNT_BUSY, account, cluster.getMessage())
                : of(cluster);
    }

    /** For an account in a cluster. */
    public static Failure of(KubernetesException e) {
        Failure failure = of(e, "");
        return switch (failure.kind()) {
            case SECRET_FORBIDDEN ->
                e.object()
                        .map(name -> missingRight(e.verb(), name, e.getMessage()))
                        .orElse(failure);
            case SECRET_UNUSABLE -> new Failure(Kind.CLUSTER_REFUSED, failure.where(), failure.detail());
            default -> failure;
        };
    }

    /** @param verb as in rules of RBAC */
    public static Failure missingRight(String verb, ObjectName name, String message) {
        String group = name.type().group();
        String resource = name.type().resource() + (group.isEmpty() ? "" : "." + group);
        return new Failure(
                Kind.CLUSTER_FORBIDDEN,
                verb + " " + resource + " " + name.namespace() + "/" + name.name(),
                Printable.of(message));
    }

    /** Why the account file seems to be restored from a backup; needs no password. */
    public static Optional<Failure> olderAccount(AccountStore store, String account) {
        return store.newerGeneration(account)
                .map(newer -> new Failure(
                        Kind.ACCOUNT_OLDER,
                        store.file(account).toString(),
                        "this host had generation " + newer.number() + " of it, see " + newer.file()));
    }

    /** Why the account that was opened seems to be restored from a backup. */
    public static Optional<Failure> olderAccount(OpenAccount open, Path file) {
        Optional<Generation> newer = open.newerGeneration();
        if (newer.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Failure(
                Kind.ACCOUNT_OLDER,
                file.toString(),
                "it has generation " + open.generation() + ", and this host had "
                        + newer.get().number() + ", see " + newer.get().file()));
    }

    private static Kind unwritable(StoreException e) {
        String message = e.getMessage();
        if (message.endsWith("Read-only file system")) {
            return Kind.STORE_READ_ONLY;
        } else if (message.endsWith("Disk quota exceeded")) {
            return Kind.STORE_FULL;
        } else if (!message.endsWith("No space left on device")) {
            return Kind.STORE_UNWRITABLE;
        }
        return hasBlocks(e.file()) ? Kind.STORE_NO_INODES : Kind.STORE_FULL;
    }

    private static boolean hasBlocks(Path file) {
        try {
            Path path = Files.isDirectory(file) ? file : Objects.requireNonNullElse(file.getParent(), file);
            return Files.getFileStore(path).getUsableSpace() >= MIN_FREE_BYTES;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Empty if the account is in its place.
     *
     * @param file that place
     */
    public static Optional<Failure> of(SaveResult result, Path file) {
        return result.rescued()
                ? Optional.of(new Failure(
                        Kind.REFRESH_TOKEN_RESCUED,
                        file.toString(),
                        result.file().toString()))
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
            case NOT_A_FILE, OTHER -> Kind.TOKEN_PATH;
            case FOREIGN_LINK -> Kind.TOKEN_LINK;
            case FOREIGN_DIRECTORY -> Kind.TOKEN_DIRECTORY_FOREIGN;
            case FILE_SYSTEM -> Kind.TOKEN_FILE_SYSTEM;
            case NO_SUCH_NAME -> Kind.TOKEN_NAME_UNKNOWN;
            case GROUP_NOT_OURS -> Kind.TOKEN_GROUP_CLOSED;
            case OWNER_NOT_US -> Kind.TOKEN_OWNER_CLOSED;
        };
        return new Failure(kind, e.path().toString(), Printable.of(e.getMessage()));
    }

    /** @param secret becomes {@code where} */
    public static Failure of(KubernetesException e, String secret) {
        Kind kind = switch (e.kind()) {
            case NOT_IN_CLUSTER -> Kind.NOT_IN_CLUSTER;
            case UNREACHABLE, NO_ANSWER, TEMPORARY, CONFLICT, UNUSABLE_ANSWER -> Kind.CLUSTER_UNREACHABLE;
            case UNAUTHORIZED -> Kind.CLUSTER_UNAUTHORIZED;
            case FORBIDDEN -> Kind.SECRET_FORBIDDEN;
            case NOT_FOUND, TOO_LARGE, REJECTED -> Kind.SECRET_UNUSABLE;
        };
        return new Failure(kind, e.object().map(ObjectName::toString).orElse(secret), e.getMessage());
    }

    /**
     * @param issuer becomes {@code where}
     * @param inDoubt whether a response of this issuer to this account was lost
     */
    public static Failure of(IssuerException e, String issuer, boolean inDoubt) {
        Kind kind = switch (e.kind()) {
            case UNREACHABLE -> Kind.ISSUER_UNREACHABLE;
            case PROXY -> Kind.PROXY_REFUSED;
            case NO_ANSWER, TEMPORARY, WEB_PAGE -> Kind.ISSUER_TROUBLE;
            case TLS -> tls(e);
            case UNUSABLE_ANSWER -> Kind.ISSUER_ANSWER;
            case GRANT_REFUSED -> inDoubt || e.isAfterDoubt() ? Kind.AUTHORIZATION_LOST : Kind.AUTHORIZATION_DEAD;
            case PERSON_REFUSED -> Kind.PERSON_REFUSED;
            case CLIENT_REFUSED -> Kind.CLIENT_REFUSED;
            case SCOPE_REFUSED -> Kind.SCOPE_REFUSED;
            case AUDIENCE_REFUSED -> Kind.AUDIENCE_REFUSED;
            case REFUSED -> Kind.REQUEST_REFUSED;
            case EXCHANGE_REFUSED -> Kind.EXCHANGE_REFUSED;
            case WRONG_ISSUER -> Kind.ISSUER_WRONG;
            case INSECURE -> Kind.INSECURE_URL;
            case DENIED -> Kind.DENIED;
            case EXPIRED -> Kind.EXPIRED;
        };
        return new Failure(kind, Printable.of(issuer), e.getMessage());
    }

    /**
     * For a token exchange. The client got the exchanged token in this run, so it is not the client that is unknown.
     *
     * @param section the name of the token's section
     */
    public static Failure ofExchange(IssuerException e, String issuer, String section, String clientId) {
        String where = Printable.of(section) + " " + Printable.of(clientId);
        return switch (e.kind()) {
            case GRANT_REFUSED, REFUSED, CLIENT_REFUSED, EXCHANGE_REFUSED ->
                new Failure(Kind.EXCHANGE_REFUSED, where, e.getMessage());
            case SCOPE_REFUSED -> new Failure(Kind.EXCHANGE_SCOPE_REFUSED, where, e.getMessage());
            case AUDIENCE_REFUSED -> new Failure(Kind.EXCHANGE_AUDIENCE_REFUSED, where, e.getMessage());
            default -> of(e, issuer, false);
        };
    }

    private static Kind tls(IssuerException e) {
        return switch (e.tls()) {
            case OTHER -> Kind.ISSUER_TLS;
            case CERTIFICATE_EXPIRED -> Kind.CERTIFICATE_EXPIRED;
            case CERTIFICATE_NOT_YET_VALID -> Kind.CERTIFICATE_NOT_YET_VALID;
            case CERTIFICATE_UNTRUSTED -> Kind.CERTIFICATE_UNTRUSTED;
            case CA_NOT_SENT -> Kind.CERTIFICATE_CA_NOT_SENT;
            case CERTIFICATE_OF_OTHER_HOST -> Kind.CERTIFICATE_OF_OTHER_HOST;
            case CERTIFICATE_REVOKED -> Kind.CERTIFICATE_REVOKED;
            case CERTIFICATE_WEAK -> Kind.CERTIFICATE_WEAK;
            case CRYPTO_POLICY -> Kind.CRYPTO_POLICY;
            case CA_FILE -> Kind.CA_FILE;
            case NO_SYSTEM_CAS -> Kind.NO_SYSTEM_CAS;
        };
    }

    /** Why a post_renewal cannot be started. */
    public static Optional<Failure> invalidHook(Path program, boolean mayRun) {
        if (!Files.exists(program)) {
            return Optional.of(new Failure(Kind.HOOK_NOT_STARTED, program.toString(), "no such file"));
        }
        return mayRun && !Files.isDirectory(program)
                ? Optional.empty()
                : Optional.of(new Failure(
                        Kind.HOOK_NOT_STARTED, program.toString(), "not a program that the service may run"));
    }

    /** The account file opened, but its content is not an account. */
    public static Failure invalidAccount(Path accountFile, IllegalArgumentException e) {
        return new Failure(
                Kind.ACCOUNT_DAMAGED, accountFile.toString(), accountFile + ": " + Printable.of(e.getMessage()));
    }
}

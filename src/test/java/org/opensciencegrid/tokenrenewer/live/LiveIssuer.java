package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.opensciencegrid.tokenrenewer.account.Account;

/** A running issuer, over TLS with a CA of the test, and its properties that the cases need. */
interface LiveIssuer extends AutoCloseable {
    /** A client that was registered in advance. */
    record Predefined(String id, Optional<String> secret) {}

    /** The purpose of a predefined client. */
    enum Role {
        /** Device grant with a secret. Its refresh tokens rotate. */
        CONFIDENTIAL,
        /** Device grant without a secret. */
        PUBLIC,
        /** The client credentials grant. */
        SERVICE,
        /** Device grant with user codes that expire within seconds. */
        HASTY,
        /** Device grant without the refresh token grant. */
        WITHOUT_REFRESH
    }

    /** Who may register a client. */
    enum Registration {
        NOBODY,
        /** Only with {@link #REGISTRATION_TOKEN}. */
        WITH_TOKEN
    }

    String REGISTRATION_TOKEN = "initial-access-token-0123456789";

    /** An audience that is granted on request, if the issuer supports audiences. */
    String AUDIENCE = "https://ce.example.org:9619";

    /** An audience that the issuer rejects, if it rejects any. */
    String FORBIDDEN_AUDIENCE = "https://forbidden.example.org";

    /** The column header in the matrix. */
    String name();

    /** The issuer as in its discovery document. */
    String issuer();

    Path caFile();

    /** A new browser without cookies that trusts the issuer. */
    Browser browser();

    Predefined client(Role role);

    /** The scope that the cases request at setup: {@code openid offline_access} and two more scopes. */
    List<String> scope();

    /** One of {@link #scope()}, for a token with only this scope. */
    String narrowScope();

    /** False: the parameter is ignored silently. */
    boolean grantsAudience();

    /** False: a poll with a denied user code returns authorization_pending until the code expires. */
    boolean tellsDenial();

    /** Whether using a rotated refresh token ends the whole authorization. */
    boolean punishesReplay();

    /** False: a renewal returns the same refresh token or none. */
    default boolean rotates() {
        return true;
    }

    /** Whether a client that registered itself can be deleted (RFC 7592). */
    default boolean deletesClients() {
        return true;
    }

    /** The request parameter for an audience. */
    default String audienceParameter() {
        return "resource";
    }

    /** The user of all cases, and a user whose account may be disabled. */
    String ALICE = "alice";

    String BOB = "bob";

    /** Acts as the user: opens the page, signs in and decides. */
    void decide(String userCode, String person, boolean approve) throws IOException, InterruptedException;

    /** As the issuer's administrator: disables or enables a user's account. */
    default void enable(String person, boolean isEnabled) throws Exception {
        throw new NotOffered("no accounts of persons that could be disabled");
    }

    /** As the issuer's administrator: changes the secret of a client and returns it. */
    default String changeSecret(Account account) throws Exception {
        throw new NotOffered("the secret of a client cannot be changed");
    }

    /**
     * As the issuer's administrator: creates or changes a client that authenticates with private_key_jwt and may use
     * client credentials.
     *
     * @param jwks its public keys
     */
    default void setKeys(String clientId, String jwks) throws Exception {
        throw new NotOffered("no clients with keys");
    }

    /**
     * As the issuer's administrator: creates or changes a client that authenticates with tls_client_auth and may use
     * client credentials.
     *
     * @param subject of its certificate, which the test's CA signs
     */
    default void setSubject(String clientId, String subject) throws Exception {
        throw new NotOffered("no clients with certificates");
    }

    /** Whether a response contains the end of the authorization. */
    default boolean tellsEnd() {
        return false;
    }

    /** Whether access tokens are opaque. */
    default boolean hasOpaqueTokens() {
        return false;
    }

    /** Whether a renewal may request two audiences in one token. */
    default boolean grantsSeveralAudiences() {
        return grantsAudience();
    }

    /**
     * Another issuer of this kind with closed registration, which closes with this one; empty if registration cannot be
     * closed.
     */
    default Optional<LiveIssuer> with(Registration registration) throws Exception {
        return Optional.empty();
    }

    /** This issuer, or another that closes with it, with short-lived user codes for {@link Role#HASTY}. */
    default LiveIssuer hasty() throws Exception {
        return this;
    }

    /** The number of token requests of this client so far; empty if the issuer does not record it. */
    default OptionalInt tokenRequests(String clientId) throws IOException {
        return OptionalInt.empty();
    }

    /** The violations of the rules that the issuer recorded; empty if it records none. */
    default List<String> violations() {
        return List.of();
    }

    /** All secrets that the issuer knows, in addition to those that the cases find in files. */
    default Collection<String> secrets() {
        return List.of();
    }

    @Override
    void close();
}

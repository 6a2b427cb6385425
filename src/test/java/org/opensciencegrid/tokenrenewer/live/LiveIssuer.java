package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.opensciencegrid.tokenrenewer.account.Account;

/** A running issuer over TLS with a CA of the test, and what the cases must know of it. */
interface LiveIssuer extends AutoCloseable {
    /** A client that somebody registered beforehand. */
    record Predefined(String id, Optional<String> secret) {}

    /** What a predefined client is for. */
    enum Role {
        /** Device grant with a secret. Its refresh tokens rotate. */
        CONFIDENTIAL,
        /** Device grant without a secret. */
        PUBLIC,
        /** The client credentials grant. */
        SERVICE,
        /** Device grant with user codes that end within seconds. */
        HASTY,
        /** Device grant, but not the grant of refresh tokens. */
        WITHOUT_REFRESH
    }

    /** Who may register a client. */
    enum Registration {
        NOBODY,
        /** Who has {@link #REGISTRATION_TOKEN}. */
        WITH_TOKEN
    }

    String REGISTRATION_TOKEN = "initial-access-token-0123456789";

    /** An audience that is granted to who asks, where the issuer knows audiences at all. */
    String AUDIENCE = "https://ce.example.org:9619";

    /** One that the issuer refuses, where it refuses any. */
    String FORBIDDEN_AUDIENCE = "https://forbidden.example.org";

    /** The head of the column in the matrix. */
    String name();

    /** The issuer as its discovery document spells it. */
    String issuer();

    Path caFile();

    /** A browser, without cookies yet, that trusts the issuer. */
    Browser browser();

    Predefined client(Role role);

    /** What the cases ask for at setup: {@code openid offline_access} and two scopes more. */
    List<String> scope();

    /** One of {@link #scope()}, for a token that is to have no other. */
    String narrowScope();

    /** False: the parameter is ignored in silence. */
    boolean grantsAudience();

    /** False: who polls with a denied user code is told to wait until the code ends. */
    boolean tellsDenial();

    /** Whether the use of a refresh token that has rotated ends the whole authorization. */
    boolean punishesReplay();

    /** False: a renewal gives the refresh token that was sent, or none. */
    default boolean rotates() {
        return true;
    }

    /** Whether a client that registered itself can be deleted (RFC 7592). */
    default boolean deletesClients() {
        return true;
    }

    /** The parameter that asks for an audience. */
    default String audienceParameter() {
        return "resource";
    }

    /** The person of all cases, and one whose account may be disabled. */
    String ALICE = "alice";

    String BOB = "bob";

    /** Plays the person who opens the page, signs in and decides. */
    void decide(String userCode, String person, boolean approve) throws IOException, InterruptedException;

    /** As the issuer's administrator: takes a person's account out of use, or puts it back. */
    default void enable(String person, boolean isEnabled) throws Exception {
        throw new NotOffered("no accounts of persons that could be disabled");
    }

    /** As the issuer's administrator: gives a client another secret, and tells it. */
    default String changeSecret(Account account) throws Exception {
        throw new NotOffered("the secret of a client cannot be changed");
    }

    /** Whether an answer tells when the authorization ends. */
    default boolean tellsEnd() {
        return false;
    }

    /** Access tokens that tell nothing. */
    default boolean hasOpaqueTokens() {
        return false;
    }

    /** Whether a renewal may ask for two audiences in one token. */
    default boolean grantsSeveralAudiences() {
        return grantsAudience();
    }

    /** Another issuer of this kind with closed registration, ended with this one; empty when it cannot be closed. */
    default Optional<LiveIssuer> with(Registration registration) throws Exception {
        return Optional.empty();
    }

    /** This issuer, or another that ends with it, where the user codes of the client {@link Role#HASTY} are hasty. */
    default LiveIssuer hasty() throws Exception {
        return this;
    }

    /** Requests of this client to the token endpoint so far; empty when the issuer does not tell. */
    default OptionalInt tokenRequests(String clientId) throws IOException {
        return OptionalInt.empty();
    }

    /** What the issuer held against the requests; empty as well where it has no opinion. */
    default List<String> violations() {
        return List.of();
    }

    /** Whatever the issuer knows to be secret, beside what the cases find in files. */
    default Collection<String> secrets() {
        return List.of();
    }

    @Override
    void close();
}

package org.opensciencegrid.tokenrenewer.oidc;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The client authentication methods at the token endpoint (RFC 6749 section 2.3). The config file has these names in
 * lower case.
 */
public enum ClientAuth {
    /** client_secret_basic: id and secret are form-urlencoded before Base64, as in RFC 6749 section 2.3.1. */
    BASIC("client_secret_basic"),
    /** The same without the form encoding, for servers that do not decode it. */
    BASIC_RAW("client_secret_basic"),
    POST("client_secret_post"),
    /** A public client: only the client_id is sent. */
    NONE("none"),
    /** A JWT that the client signs with its private key, or that another program made for it (RFC 7523). */
    PRIVATE_KEY_JWT("private_key_jwt"),
    /** A JWT that the client signs with its secret (OpenID Connect Core section 9). */
    CLIENT_SECRET_JWT("client_secret_jwt"),
    /** A certificate of a CA that the issuer knows, in the TLS connection (RFC 8705 section 2.1). */
    TLS_CLIENT_AUTH("tls_client_auth"),
    /** A certificate that the issuer itself knows (RFC 8705 section 2.2). */
    SELF_SIGNED_TLS_CLIENT_AUTH("self_signed_tls_client_auth");

    private final String metadataName;

    ClientAuth(String metadataName) {
        this.metadataName = metadataName;
    }

    /** The {@code token_endpoint_auth_method} of RFC 7591. */
    public String metadataName() {
        return metadataName;
    }

    /** The value in the config file and in the account file. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether the client has a secret, which it sends or signs with. */
    public boolean usesSecret() {
        return this != NONE && this != PRIVATE_KEY_JWT && !usesCertificate();
    }

    /** Whether the client proves itself in the TLS connection. */
    public boolean usesCertificate() {
        return this == TLS_CLIENT_AUTH || this == SELF_SIGNED_TLS_CLIENT_AUTH;
    }

    /** Whether each request contains a new client_assertion. */
    public boolean usesAssertion() {
        return this == PRIVATE_KEY_JWT || this == CLIENT_SECRET_JWT;
    }

    /**
     * The first supported method that the issuer offers; BASIC if it does not say, which is the default of RFC 8414
     * section 2.
     */
    public static ClientAuth preferred(Provider provider, boolean hasSecret) {
        List<String> offered = provider.clientAuthMethods();
        return Stream.of(BASIC, POST, NONE)
                .filter(auth -> offered.contains(auth.metadataName) && !(hasSecret && auth == NONE))
                .findFirst()
                .orElse(BASIC);
    }

    /** The method with this config value or RFC 7591 name. */
    public static Optional<ClientAuth> of(String word) {
        for (ClientAuth auth : values()) {
            if (auth.word().equals(word) || auth.metadataName.equals(word)) {
                return Optional.of(auth);
            }
        }
        return Optional.empty();
    }
}

package org.opensciencegrid.tokenrenewer.oidc;

import java.util.Locale;
import java.util.Optional;

/** How a client proves itself at the token endpoint (RFC 6749 section 2.3). The config file spells these in lower case. */
public enum ClientAuth {
    /** client_secret_basic: id and secret form-urlencoded before Base64, as RFC 6749 section 2.3.1 says. */
    BASIC("client_secret_basic"),
    /** The same without the form encoding, for servers that compare raw. */
    BASIC_RAW("client_secret_basic"),
    POST("client_secret_post"),
    /** A public client: only the client_id is sent. */
    NONE("none");

    private final String registered;

    ClientAuth(String registered) {
        this.registered = registered;
    }

    /** The {@code token_endpoint_auth_method} of RFC 7591. */
    public String registered() {
        return registered;
    }

    /** The word of the config file and of the account file. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The method that a config word or an RFC 7591 name stands for. */
    public static Optional<ClientAuth> of(String word) {
        for (ClientAuth auth : values()) {
            if (auth.word().equals(word) || auth.registered.equals(word)) {
                return Optional.of(auth);
            }
        }
        return Optional.empty();
    }
}

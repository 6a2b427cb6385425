package org.opensciencegrid.tokenrenewer.oidc;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What an issuer wants as {@code aud} of a client assertion. The config file has these names in lower case. */
public enum AssertionAudience {
    /** The issuer's name: what newer versions of the standards require. */
    ISSUER,
    /** The URL of the token endpoint, as in OpenID Connect Core section 9. */
    TOKEN_ENDPOINT;

    /** The value in the config file. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<AssertionAudience> of(String word) {
        return Stream.of(values())
                .filter(audience -> audience.word().equals(word))
                .findFirst();
    }
}

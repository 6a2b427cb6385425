package org.opensciencegrid.tokenrenewer.oidc;

import java.util.Locale;
import java.util.Optional;

/** The parameter that carries an audience; issuers ignore the one they do not know. */
public enum AudienceParameter {
    /** RFC 8707: one {@code resource} for each audience. */
    RESOURCE,
    /** One {@code audience}, separated by spaces: INDIGO IAM, WLCG. */
    AUDIENCE;

    /** The word of the config file and of the account file. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public AudienceParameter other() {
        return this == RESOURCE ? AUDIENCE : RESOURCE;
    }

    public static Optional<AudienceParameter> of(String word) {
        for (AudienceParameter parameter : values()) {
            if (parameter.word().equals(word)) {
                return Optional.of(parameter);
            }
        }
        return Optional.empty();
    }
}

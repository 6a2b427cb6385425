package org.opensciencegrid.tokenrenewer.oidc;

import java.util.Locale;
import java.util.Optional;

/** The request parameter for audiences. Issuers ignore the one that they do not support. */
public enum AudienceParameter {
    /** RFC 8707: one {@code resource} for each audience. */
    RESOURCE,
    /** One {@code audience} with spaces between the audiences: INDIGO IAM, WLCG. */
    AUDIENCE;

    /** The value in the config file and in the account file. */
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

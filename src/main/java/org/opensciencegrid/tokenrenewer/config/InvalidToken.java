package org.opensciencegrid.tokenrenewer.config;

import java.util.List;

/**
 * A {@code [token NAME]} section that cannot be used until you correct it or the section of its account.
 *
 * @param account as written in the section; empty if the section names no account
 * @param problems in line order; never empty
 */
public record InvalidToken(String name, String account, List<ConfigError> problems) {
    public InvalidToken {
        problems = List.copyOf(problems);
    }
}

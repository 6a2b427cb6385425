package org.opensciencegrid.tokenrenewer.config;

import java.util.List;

/**
 * A token whose {@code [token NAME]} section cannot be used until you correct it or the section of its account.
 *
 * @param name NAME, or NAME@WORD for a token of {@code for_each}; NAME if the words of {@code for_each} are unknown
 * @param section NAME
 * @param account as written in the section; empty if the section names no account
 * @param problems in line order; never empty
 */
public record InvalidToken(String name, String section, String account, List<ConfigError> problems) {
    public InvalidToken {
        problems = List.copyOf(problems);
    }
}

package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A valid config.ini; everything in the order of the file.
 *
 * @param accounts the accounts that at least one token uses, by name
 * @param tokens each names an account that is in {@code accounts}
 * @param unusedAccounts names of accounts that no token uses; nothing else of them was looked at
 */
public record Config(
        Path file,
        Map<String, AccountSection> accounts,
        List<TokenSection> tokens,
        List<Warning> warnings,
        List<String> unusedAccounts) {
    public Config {
        accounts = Collections.unmodifiableMap(new LinkedHashMap<>(accounts));
        tokens = List.copyOf(tokens);
        warnings = List.copyOf(warnings);
        unusedAccounts = List.copyOf(unusedAccounts);
    }
}

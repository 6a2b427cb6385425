package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The usable parts of a config.ini, and its mistakes. Everything is in file order.
 *
 * @param accounts the valid accounts by name, including those that no token uses
 * @param tokens the valid tokens; the account of each is in {@code accounts}
 * @param faultyTokens the other tokens
 * @param problems every mistake in the file, including those of {@code faultyTokens}
 * @param unusedAccounts names of accounts that no token uses, valid or not
 * @param notifications whom to notify of problems, by account name, even if another option of the account has a
 *     mistake; empty if no section says so
 */
public record Config(
        Path file,
        Map<String, AccountSection> accounts,
        List<TokenSection> tokens,
        List<InvalidToken> faultyTokens,
        List<ConfigError> problems,
        List<ConfigWarning> warnings,
        List<String> unusedAccounts,
        Map<String, NotifyOptions> notifications) {
    public Config {
        accounts = Collections.unmodifiableMap(new LinkedHashMap<>(accounts));
        tokens = List.copyOf(tokens);
        faultyTokens = List.copyOf(faultyTokens);
        problems = List.copyOf(problems);
        warnings = List.copyOf(warnings);
        unusedAccounts = List.copyOf(unusedAccounts);
        notifications = Map.copyOf(notifications);
    }

    /** The valid accounts that at least one token uses, by name. */
    public Map<String, AccountSection> accountsInUse() {
        Map<String, AccountSection> inUse = new LinkedHashMap<>(accounts);
        for (String unused : unusedAccounts) {
            inUse.remove(unused);
        }
        return inUse;
    }

    /** The valid account of this name, if a person authorized it. */
    public Optional<StoredAccount> storedAccount(String name) {
        return Optional.ofNullable(accounts.get(name))
                .filter(StoredAccount.class::isInstance)
                .map(StoredAccount.class::cast);
    }

    /** The names of the accounts that have a target for messages, sorted. */
    public List<String> accountsToNotify() {
        Set<String> names = new TreeSet<>();
        for (Map.Entry<String, NotifyOptions> account : notifications.entrySet()) {
            if (!account.getValue().targets().isEmpty()) {
                names.add(account.getKey());
            }
        }
        return List.copyOf(names);
    }

    /** The names of all tokens that have a section, even if it has a mistake. */
    public Set<String> namedTokens() {
        Set<String> names = new HashSet<>();
        tokens.forEach(token -> names.add(token.name()));
        faultyTokens.forEach(token -> names.add(token.name()));
        return names;
    }

    /** The names of all accounts that a [token] section uses, even if one of the two sections has a mistake. */
    public Set<String> namedAccounts() {
        Set<String> names = new HashSet<>(accountsInUse().keySet());
        for (InvalidToken token : faultyTokens) {
            names.add(token.account());
        }
        return names;
    }
}

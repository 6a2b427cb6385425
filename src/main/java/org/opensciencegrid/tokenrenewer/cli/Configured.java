package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountName;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.text.Printable;

/** What the config file says of accounts, for commands that work on accounts it may not know yet, or no more. */
final class Configured {
    private static final String TOKENS = "/etc/osg/tokens/";

    private final Optional<Config> config;

    /** A missing config file is none; one with errors ends the command: it may name another password file. */
    Configured(Root root) {
        this.config = Files.exists(root.configFile()) ? Optional.of(root.readConfig()) : Optional.empty();
    }

    /** Refuses what is not an account name. */
    static String name(String account) {
        try {
            return AccountName.check(account);
        } catch (IllegalArgumentException e) {
            throw new UsageException("'" + Printable.of(account) + "': " + Printable.of(e.getMessage()));
        }
    }

    Path passwordFile(String account) {
        return stored(account).map(StoredAccount::passwordFile).orElse(Path.of(TOKENS + account + ".pw"));
    }

    Optional<Path> caFile(String account) {
        return stored(account).flatMap(StoredAccount::caFile);
    }

    private Optional<StoredAccount> stored(String account) {
        return config.map(file -> file.accounts().get(account))
                .filter(StoredAccount.class::isInstance)
                .map(StoredAccount.class::cast);
    }

    /** The sections that name the account, as they are written. */
    List<String> sections(String account) {
        List<String> sections = new ArrayList<>();
        config.ifPresent(file -> {
            if (file.accounts().containsKey(account) || file.unusedAccounts().contains(account)) {
                sections.add("[account " + account + "]");
            }
            file.tokens().stream()
                    .filter(token -> token.account().equals(account))
                    .forEach(token -> sections.add("[token " + token.name() + "]"));
        });
        return sections;
    }

    /** Whether a section lets the timer renew it. */
    boolean isInUse(String account) {
        return stored(account).isPresent();
    }
}

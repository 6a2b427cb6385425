package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.opensciencegrid.cryptostore.AccountName;
import org.opensciencegrid.tokenrenewer.cli.output.RepairCommands;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.ClientFiles;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigAddition;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** What the config file says about accounts, for commands that also work on accounts that are not in it. */
public final class ConfiguredAccounts {

    private final Optional<Config> config;
    private final Path file;

    /** A missing config file names no account; a file that cannot be read ends the command. */
    ConfiguredAccounts(CommandContext context) {
        this.file = context.configFile();
        this.config = Files.exists(context.configFile()) ? Optional.of(context.readConfig()) : Optional.empty();
    }

    /** Rejects text that is not an account name. */
    static String name(String account) {
        try {
            return AccountName.check(account);
        } catch (IllegalArgumentException e) {
            throw new UsageException("'" + Printable.of(account) + "': " + Printable.of(e.getMessage()));
        }
    }

    Path passwordFile(String account) {
        Optional<Path> named = stored(account).map(StoredAccount::passwordFile);
        if (named.isEmpty()
                && config.isPresent()
                && ConfigAddition.passwordFile(file, account).isPresent()) {
            // Its section has a mistake, so its password file is unknown. An account with a different password would be
            // useless to the service.
            throw new UsageException(config.get().problems().stream()
                    .map(problem -> Printable.of(problem.in(file)))
                    .collect(Collectors.joining("\n")));
        }
        return named.orElse(RepairCommands.usualPasswordFile(account));
    }

    Optional<Path> caFile(String account) {
        return stored(account).flatMap(StoredAccount::caFile);
    }

    ClientFiles clientFiles(String account) {
        return stored(account).map(StoredAccount::clientFiles).orElse(ClientFiles.NONE);
    }

    /** How the client authenticates, if that is not as in the account file. */
    Optional<ClientAuth> clientAuth(String account) {
        return stored(account).flatMap(StoredAccount::clientAuth);
    }

    private Optional<StoredAccount> stored(String account) {
        return config.flatMap(file -> file.storedAccount(account));
    }

    /** The titles of the sections that name the account, as written in the file. */
    List<String> sections(String account) {
        List<String> sections = new ArrayList<>();
        config.ifPresent(file -> {
            if (file.accounts().containsKey(account) || file.unusedAccounts().contains(account)) {
                sections.add("[account " + account + "]");
            }
            file.tokens().stream()
                    .filter(token -> token.account().equals(account))
                    .map(token -> "[token " + token.section() + "]")
                    .distinct()
                    .forEach(sections::add);
        });
        return sections;
    }

    /** Whether the config file has its client and the store has nothing about it. */
    boolean isClientCredentials(String account) {
        return config.map(file -> file.accounts().get(account))
                .filter(ClientCredentialsAccount.class::isInstance)
                .isPresent();
    }

    /** Whether a section lets the timer renew it. */
    boolean isInUse(String account) {
        return config.filter(file -> file.accountsInUse().containsKey(account)).isPresent();
    }
}

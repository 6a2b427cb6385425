package org.opensciencegrid.tokenrenewer.state;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.RegularFile;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.config.Config;

/**
 * An account whose tokens were renewed until recently, and that no [token] section uses any more. The config file may
 * have been truncated, or replaced by the default.
 *
 * @param renewedAt when a token of the account was last renewed
 * @param copy a file next to the config file that still has the account's section, such as config.ini.rpmsave
 */
public record UnusedAccount(String account, Instant renewedAt, Optional<Path> copy) {
    /** After this time we no longer report it: an admin would have noticed a mistake earlier. */
    static final Duration REPORTED_FOR = Duration.ofDays(30);

    private static final int LONGEST = 1 << 20;

    /** @return sorted by name */
    public static List<UnusedAccount> find(Config config, AccountStore store, StateStore states, Instant now) {
        Set<String> inUse = config.namedAccounts();
        Set<String> candidates = new TreeSet<>(states.accounts());
        candidates.removeAll(inUse);
        if (candidates.isEmpty()) {
            return List.of();
        }
        Set<String> stored = stored(store);
        List<UnusedAccount> found = new ArrayList<>();
        Set<Path> paths = stored.containsAll(candidates) ? Set.of() : UnusedToken.configuredPaths(config);
        for (String account : candidates) {
            List<TokenState> tokens = states.readOrUnknown(account).tokens();
            Optional<Instant> last = tokens.stream()
                    .map(TokenState::renewedAt)
                    .flatMap(Optional::stream)
                    .max(Comparator.naturalOrder());
            boolean isRecent =
                    last.filter(at -> at.plus(REPORTED_FOR).isAfter(now)).isPresent();
            // Only the config file has an account of client credentials. If another section writes its tokens, the
            // account was renamed.
            boolean isReported = stored.contains(account)
                    ? isRecent || inUse.isEmpty()
                    : isRecent
                            && (inUse.isEmpty()
                                    || config.faultyTokens().isEmpty()
                                            && tokens.stream().anyMatch(token -> UnusedToken.isFileLeft(token, paths)));
            if (last.isPresent() && isReported) {
                found.add(new UnusedAccount(account, last.get(), copy(config.file(), account)));
            }
        }
        return found;
    }

    private static Set<String> stored(AccountStore store) {
        try {
            return new HashSet<>(store.names());
        } catch (StoreException e) {
            return Set.of();
        }
    }

    /** The newest copy: rpm, editors and people use different suffixes. */
    private static Optional<Path> copy(Path config, String account) {
        Path directory = Objects.requireNonNullElse(config.toAbsolutePath().getParent(), config);
        String name = String.valueOf(config.getFileName());
        String[] names = directory.toFile().list((parent, file) -> file.startsWith(name) && !file.equals(name));
        return Arrays.stream(Objects.requireNonNullElse(names, new String[0]))
                .map(directory::resolve)
                .filter(file -> hasSection(file, account))
                .max(Comparator.comparingLong(file -> file.toFile().lastModified()));
    }

    private static boolean hasSection(Path file, String account) {
        try {
            return Files.isRegularFile(file)
                    && new String(RegularFile.bytes(file, LONGEST), StandardCharsets.UTF_8)
                            .lines()
                            .anyMatch(line -> line.strip().equals("[account " + account + "]"));
        } catch (IOException e) {
            return false;
        }
    }
}

package org.opensciencegrid.tokenrenewer.state;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.InvalidToken;

/**
 * A token that was renewed until recently, and that has no section any more, although its account has one. It is
 * reported until you delete its file, for at most 30 days, so that a section that was lost is noticed before the token
 * expires.
 *
 * @param path where the token still is
 */
public record UnusedToken(String token, Path path, Instant renewedAt) {
    /** Finds those of one account after another. */
    public static final class Finder {
        private final Set<String> named;
        private final Set<Path> inUse;
        private final Set<String> accountsWithMistakes;
        private final Instant now;

        public Finder(Config config, Instant now) {
            this.named = config.namedTokens();
            this.inUse = configuredPaths(config);
            this.accountsWithMistakes =
                    config.faultyTokens().stream().map(InvalidToken::account).collect(Collectors.toSet());
            this.now = now;
        }

        /** None if a [token] section of the account has a mistake: it may be that of a renamed token. */
        public List<UnusedToken> of(String account, AccountState state) {
            if (accountsWithMistakes.contains(account) || accountsWithMistakes.contains("")) {
                return List.of();
            }
            Map<Path, UnusedToken> found = new LinkedHashMap<>();
            for (String name : state.tokenNames()) {
                TokenState token = state.token(name);
                token.renewedAt()
                        .filter(at -> at.plus(UnusedAccount.REPORTED_FOR).isAfter(now)
                                && !named.contains(name)
                                && isFileLeft(token, inUse))
                        .map(at -> new UnusedToken(name, Path.of(token.path()), at))
                        .ifPresent(unused ->
                                found.merge(unused.path, unused, UnusedToken::later)); // if it was renamed before
            }
            return List.copyOf(found.values());
        }
    }

    /** The real paths that sections write. */
    static Set<Path> configuredPaths(Config config) {
        return config.tokens().stream()
                .flatMap(token -> token.tokenPath().stream())
                .map(UnusedToken::realPath)
                .collect(Collectors.toSet());
    }

    /** Whether the token's file exists, and no section writes it. */
    static boolean isFileLeft(TokenState token, Set<Path> inUse) {
        try {
            Path path = Path.of(token.path());
            return Files.isRegularFile(path) && !inUse.contains(realPath(path));
        } catch (InvalidPathException e) {
            return false; // a damaged state file
        }
    }

    private static Path realPath(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            return path;
        }
    }

    private UnusedToken later(UnusedToken other) {
        return other.renewedAt.isBefore(renewedAt) ? this : other;
    }
}

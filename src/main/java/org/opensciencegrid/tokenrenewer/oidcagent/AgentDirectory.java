package org.opensciencegrid.tokenrenewer.oidcagent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.opensciencegrid.cryptostore.AccountName;

/** A directory in which oidc-agent stores its accounts, one file for each, together with other files. */
public record AgentDirectory(Path path) {
    /**
     * Finds the directory that oidc-agent uses: the first existing one, in its order.
     *
     * @param configured $OIDC_CONFIG_DIR
     * @param homes home directories of possible users of oidc-agent
     */
    public static Optional<AgentDirectory> find(Optional<Path> configured, List<Path> homes) {
        return Stream.concat(
                        configured.stream(),
                        homes.stream()
                                .flatMap(home ->
                                        Stream.of(home.resolve(".config/oidc-agent"), home.resolve(".oidc-agent"))))
                .filter(Files::isDirectory)
                .findFirst()
                .map(AgentDirectory::new);
    }

    /** The file of an account. It may not exist. */
    public Path file(String name) {
        return path.resolve(AccountName.check(name));
    }

    /** The sorted names of files that may be accounts, without oidc-agent's settings, statistics and logs. */
    public List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            return files.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .map(file -> file.getFileName().toString())
                    .filter(AgentDirectory::mayBeAccount)
                    .sorted()
                    .toList();
        }
    }

    private static boolean mayBeAccount(String name) {
        try {
            AccountName.check(name);
        } catch (IllegalArgumentException e) {
            return false;
        }
        return !name.contains(".clientconfig")
                && !name.equals("config")
                && !name.endsWith(".config")
                && !name.endsWith(".stats")
                && !name.endsWith(".log");
    }
}

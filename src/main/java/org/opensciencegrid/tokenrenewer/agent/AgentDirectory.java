package org.opensciencegrid.tokenrenewer.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.opensciencegrid.cryptostore.AccountName;

/** A directory in which oidc-agent keeps its accounts, one file each, beside files of other kinds. */
public final class AgentDirectory {
    private final Path path;

    public AgentDirectory(Path path) {
        this.path = path;
    }

    /**
     * Where oidc-agent looks, in its order: the first of these that is there.
     *
     * @param configured $OIDC_CONFIG_DIR
     * @param homes of the users whose oidc-agent it may have been
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

    public Path path() {
        return path;
    }

    /** The file of an account, whether it exists or not. */
    public Path file(String name) {
        return path.resolve(AccountName.check(name));
    }

    /** Names of all that may be accounts, sorted: not oidc-agent's settings, statistics and logs. */
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

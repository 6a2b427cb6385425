package org.opensciencegrid.tokenrenewer.state;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.opensciencegrid.cryptostore.RegularFile;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/**
 * The state files, one for each account, {@code NAME.json}. They are replaced by rename but not synced: after a power
 * failure the next run knows less and sends one more request.
 *
 * <p>If the directory is not writable, the spare directory keeps the state until the next boot, and this process keeps
 * it in memory: a run that cannot write must be able to report that.
 */
public final class FileStateStore implements StateStore {
    /** Enough for thousands of tokens of one account. */
    private static final int LONGEST = 1 << 24;

    /** Cannot be the name of an account: those do not start with a dot. */
    private static final String LAST_RUN = ".last-run";

    private static final String SUFFIX = ".json";

    /** In a spare file: the state file that it replaces. */
    private static final String AFTER = "after";

    private final Path directory;
    private final Path spare;
    private final Map<String, AccountState> unwritten = new ConcurrentHashMap<>();

    /** @param spare preferably on another file system, such as a tmpfs */
    public FileStateStore(Path directory, Path spare) {
        this.directory = directory;
        this.spare = spare;
    }

    @Override
    public AccountState read(String account) throws IOException {
        AccountState pending = unwritten.get(account);
        if (pending != null) {
            return pending;
        }
        Path spareFile = file(spare, account);
        if (Files.exists(spareFile)) { // rare
            JsonObject members = members(spareFile);
            if (members.string(AFTER).equals(Optional.of(version(account)))) {
                return new AccountState(members.with(AFTER, Optional.empty()));
            }
        }
        JsonObject members = members(file(directory, account));
        return members.names().isEmpty() ? AccountState.UNKNOWN : new AccountState(members);
    }

    private static JsonObject members(Path file) throws IOException {
        try {
            byte[] bytes = RegularFile.bytes(file, LONGEST);
            return bytes.length > LONGEST
                    ? JsonObject.NONE
                    : JsonObject.parse(new String(bytes, StandardCharsets.UTF_8))
                            .orElse(JsonObject.NONE);
        } catch (NoSuchFileException e) {
            return JsonObject.NONE;
        }
    }

    /** Identifies the present version of the state file: every write changes it. */
    private String version(String account) {
        try {
            return Files.getLastModifiedTime(file(directory, account), LinkOption.NOFOLLOW_LINKS)
                    .toString();
        } catch (IOException e) {
            return "none";
        }
    }

    @Override
    public void write(String account, AccountState state) throws IOException {
        write(directory, account, state.members());
        unwritten.remove(account);
    }

    /** The spare directory keeps it until the next boot, and this process in memory. */
    @Override
    public void keepUnwritten(String account, AccountState state) {
        unwritten.put(account, state);
        try {
            write(spare, account, state.members().with(AFTER, version(account)));
        } catch (IOException e) {
            // This process still has it.
        }
    }

    private static void write(Path directory, String account, JsonObject state) throws IOException {
        createDirectory(directory);
        Path temporary = directory.resolve("." + account + SUFFIX + ".tmp");
        try {
            byte[] json = (state.with("account", account).toJson() + "\n").getBytes(StandardCharsets.UTF_8);
            try {
                Files.write(temporary, json, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            } catch (FileAlreadyExistsException e) { // a killed run left it; it may even be a FIFO
                Files.delete(temporary);
                Files.write(temporary, json, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            }
            Files.move(temporary, file(directory, account), StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static void createDirectory(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) { // check first: the exception is expensive
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
    }

    @Override
    public Optional<IOException> recordRun(Instant at) {
        try {
            createDirectory(directory);
            touch(directory, at);
            Files.deleteIfExists(spare.resolve(LAST_RUN));
            return Optional.empty();
        } catch (IOException e) {
            try {
                createDirectory(spare);
                touch(spare, at);
            } catch (IOException ignored) {
                // status works without it
            }
            return Optional.of(e);
        }
    }

    private static void touch(Path directory, Instant at) throws IOException {
        Path file = directory.resolve(LAST_RUN);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(file);
            Files.write(file, new byte[0], StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        }
        Files.setLastModifiedTime(file, FileTime.from(at));
    }

    @Override
    public Optional<Instant> lastRun() {
        return lastRun(spare).or(() -> lastRun(directory));
    }

    @Override
    public boolean mayBeUnwritable() {
        return lastRun(spare).isPresent() || !isSpareOnOtherFileSystem();
    }

    private boolean isSpareOnOtherFileSystem() {
        try {
            return !Files.getFileStore(existing(spare)).equals(Files.getFileStore(existing(directory)));
        } catch (IOException e) {
            return false;
        }
    }

    private static Path existing(Path directory) {
        Path at = directory.toAbsolutePath();
        while (!Files.exists(at) && at.getParent() != null) {
            at = at.getParent();
        }
        return at;
    }

    private static Optional<Instant> lastRun(Path directory) {
        try {
            return Optional.of(
                    Files.getLastModifiedTime(directory.resolve(LAST_RUN)).toInstant());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    @Override
    public List<String> accounts() {
        String[] names = directory.toFile().list();
        TreeSet<String> accounts = new TreeSet<>();
        for (String name : names == null ? new String[0] : names) {
            if (name.endsWith(SUFFIX) && !name.startsWith(".")) {
                accounts.add(name.substring(0, name.length() - SUFFIX.length()));
            }
        }
        return List.copyOf(accounts);
    }

    @Override
    public void delete(String account) throws IOException {
        Files.deleteIfExists(file(spare, account));
        Files.deleteIfExists(file(directory, account));
    }

    private static Path file(Path directory, String account) {
        return directory.resolve(account + SUFFIX);
    }
}

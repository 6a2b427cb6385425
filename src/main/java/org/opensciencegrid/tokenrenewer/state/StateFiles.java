package org.opensciencegrid.tokenrenewer.state;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.text.Members;

/**
 * The state files, one per account, {@code NAME.json}. They are replaced whole, by rename, but not forced to disk: after
 * a power cut the next run knows a little less, and asks once more.
 */
public final class StateFiles {
    private static final int LONGEST = 1 << 20;

    /** Not the name of an account: those do not begin with a dot. */
    private static final String LAST_RUN = ".last-run";

    private final Path directory;

    public StateFiles(Path directory) {
        this.directory = directory;
    }

    /**
     * @return {@link AccountState#UNKNOWN} where there is none or it cannot be understood
     * @throws IOException when there is one and it may not be read
     */
    public AccountState read(String account) throws IOException {
        Path file = file(account);
        try {
            byte[] bytes = read(file);
            if (bytes.length > LONGEST) {
                return AccountState.UNKNOWN;
            }
            return Members.parse(new String(bytes, StandardCharsets.UTF_8))
                    .map(AccountState::new)
                    .orElse(AccountState.UNKNOWN);
        } catch (NoSuchFileException e) {
            return AccountState.UNKNOWN;
        }
    }

    private static byte[] read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(LONGEST + 1);
        }
    }

    /** The caller holds the account's lock, so that two writers never meet. */
    public void write(String account, AccountState state) throws IOException {
        if (!Files.isDirectory(directory)) { // asked first, as an exception costs more than all the rest
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        Path file = file(account);
        Path temporary = directory.resolve("." + account + ".json.tmp");
        try {
            Files.write(
                    temporary,
                    (state.members().with("account", account).toJson() + "\n").getBytes(StandardCharsets.UTF_8),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** Keeps the time at which a run ended, as that of a file. Of use to status only: that it cannot be written fails nothing. */
    public void ran(Instant at) {
        Path file = directory.resolve(LAST_RUN);
        try {
            Files.write(file, new byte[0]);
            Files.setLastModifiedTime(file, FileTime.from(at));
        } catch (IOException e) {
            // status does without
        }
    }

    /** When a run last ended, be it that it found nothing due; empty where none did, or that cannot be told. */
    public Optional<Instant> lastRun() {
        try {
            return Optional.of(
                    Files.getLastModifiedTime(directory.resolve(LAST_RUN)).toInstant());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The caller holds the account's lock. */
    public void delete(String account) throws IOException {
        Files.deleteIfExists(file(account));
    }

    private Path file(String account) {
        return directory.resolve(account + ".json");
    }
}

package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A password is the first line of a file: every byte up to the first LF or the end, as oidc-agent's {@code --pw-file}
 * takes it. CR, byte order mark and blanks are part of it.
 *
 * <p>A file is refused if somebody else could have chosen its content: another owner than root or the current user, or
 * group or everybody may write. World-readable is only worth a warning, since refusing would stop sites that work.
 */
public final class PasswordFile {
    /** The longest file in bytes. */
    public static final int MAX_FILE_BYTES = 64 * 1024;

    private static final int SHORT_BYTES = 12;

    private static volatile @Nullable Integer currentUser;

    /** What works but should be told. */
    public enum Warning {
        /** Everybody may read it. */
        WORLD_READABLE,
        /** A CR is part of the password (a file from Windows). */
        CARRIAGE_RETURN,
        /** A UTF-8 byte order mark is part of the password. */
        BYTE_ORDER_MARK,
        /** A blank or tab at the beginning or end is part of the password. */
        OUTER_BLANKS,
        /** Fewer than 12 bytes. */
        SHORT,
        /** There is text after the first line; it is not part of the password. */
        MORE_LINES
    }

    private PasswordFile() {}

    /**
     * Reads the password from a regular file. Symbolic links are not followed, and a FIFO is never waited for.
     *
     * @throws PasswordFileException if the file is refused
     */
    public static Password read(Path file) throws PasswordFileException {
        RegularFile.Content content = load(file);
        try {
            return password(file, content.bytes()).from(mark(file, content.status()));
        } finally {
            Arrays.fill(content.bytes(), (byte) 0);
        }
    }

    /** Of the content that was read; empty if it was being changed meanwhile. */
    private static Optional<String> mark(Path file, RegularFile.Status before) {
        try {
            return RegularFile.status(file).isSameContentAs(before) ? Optional.of(before.mark()) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * Reads all lines less the last LF as one password, as oidc-agent's {@code --pw-cmd="cat FILE"} took them: the original
     * service made its accounts so. Empty if there is only one line, or more than a password can hold.
     *
     * @throws PasswordFileException if the file is refused
     */
    public static Optional<Password> readAllLines(Path file) throws PasswordFileException {
        byte[] content = load(file).bytes();
        try {
            int length =
                    content.length > 0 && content[content.length - 1] == '\n' ? content.length - 1 : content.length;
            return length > Password.MAX_BYTES || firstLineLength(content) >= length
                    ? Optional.empty()
                    : Optional.of(Password.of(Arrays.copyOf(content, length)));
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    /**
     * Reads the password from a stream, to its end. Content rules are those of a file.
     *
     * @throws PasswordFileException if the content is refused
     */
    public static Password readStream(InputStream in) throws PasswordFileException {
        byte[] content = new byte[0];
        try {
            content = in.readNBytes(MAX_FILE_BYTES + 1);
            return password(null, content);
        } catch (PasswordFileException e) {
            throw e;
        } catch (IOException e) {
            throw refused(PasswordFileException.Kind.UNREADABLE, null, StoreException.reason(e), e);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    /**
     * What is odd about a file that {@link #read} takes, in the order of {@link Warning}.
     *
     * @throws PasswordFileException if the file is refused
     */
    public static List<Warning> warnings(Path file) throws PasswordFileException {
        RegularFile.Content content = load(file);
        byte[] bytes = content.bytes();
        password(file, bytes).close();
        int length = firstLineLength(bytes);
        String line = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
        List<Warning> warnings = new ArrayList<>();
        if (content.status().permissions().contains(PosixFilePermission.OTHERS_READ)) {
            warnings.add(Warning.WORLD_READABLE);
        }
        if (line.indexOf('\r') >= 0) {
            warnings.add(Warning.CARRIAGE_RETURN);
        }
        if (line.startsWith("\u00ef\u00bb\u00bf")) {
            warnings.add(Warning.BYTE_ORDER_MARK);
        }
        if (line.matches("(?s)[ \\t].*|.*[ \\t]\\r?")) {
            warnings.add(Warning.OUTER_BLANKS);
        }
        if (length < SHORT_BYTES) {
            warnings.add(Warning.SHORT);
        }
        if (bytes.length > length + 1) {
            warnings.add(Warning.MORE_LINES);
        }
        Arrays.fill(bytes, (byte) 0);
        return List.copyOf(warnings);
    }

    private static RegularFile.Content load(Path file) throws PasswordFileException {
        try {
            RegularFile.Status status = RegularFile.status(file);
            requireTrusted(file, status);
            return RegularFile.read(file, MAX_FILE_BYTES, status); // of the very file that is trusted, or none
        } catch (PasswordFileException e) {
            throw e;
        } catch (NoSuchFileException e) {
            throw refused(PasswordFileException.Kind.MISSING, file, "there is no such file", e);
        } catch (RegularFile.NotRegularException e) {
            throw refused(
                    PasswordFileException.Kind.NOT_A_FILE, file, "it must be a regular file, not " + e.getReason(), e);
        } catch (IOException e) {
            throw refused(
                    PasswordFileException.Kind.UNREADABLE,
                    file,
                    StoreException.reason(e) + "; it must be readable for " + System.getProperty("user.name")
                            + " (for example owned by that user, mode 0400)",
                    e);
        }
    }

    private static void requireTrusted(Path file, RegularFile.Status status) throws IOException {
        if (status.permissions().contains(PosixFilePermission.GROUP_WRITE)
                || status.permissions().contains(PosixFilePermission.OTHERS_WRITE)) {
            throw refused(
                    PasswordFileException.Kind.WRITABLE_BY_OTHERS,
                    file,
                    "others may change it; take that right away with chmod go-w",
                    null);
        }
        if (status.owner() != 0 && status.owner() != currentUser()) {
            throw refused(
                    PasswordFileException.Kind.FOREIGN_OWNER,
                    file,
                    "it belongs to user id " + Integer.toUnsignedString(status.owner())
                            + "; it must belong to root or to " + System.getProperty("user.name"),
                    null);
        }
    }

    /** The effective user id, which a JVM does not change. */
    static int currentUser() throws IOException {
        Integer user = currentUser;
        if (user == null) {
            currentUser = user = readCurrentUser();
        }
        return user;
    }

    /** Java has no call for it; user.name is empty without an entry in passwd. */
    private static int readCurrentUser() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.ISO_8859_1)) {
            if (line.startsWith("Uid:")) {
                return Integer.parseUnsignedInt(line.split("\t")[2]);
            }
        }
        throw new IOException("no user id in /proc/self/status");
    }

    private static Password password(@Nullable Path file, byte[] content) throws PasswordFileException {
        if (content.length > MAX_FILE_BYTES) {
            throw refused(PasswordFileException.Kind.TOO_LONG, file, "more than 64 KiB", null);
        }
        byte[] line = Arrays.copyOf(content, firstLineLength(content));
        try {
            if (line.length == 0) {
                throw refused(PasswordFileException.Kind.EMPTY, file, "the first line is empty", null);
            } else if (line.length > Password.MAX_BYTES) {
                throw refused(
                        PasswordFileException.Kind.TOO_LONG,
                        file,
                        "the first line has more than " + Password.MAX_BYTES + " bytes",
                        null);
            }
            for (byte b : line) {
                if (b == 0) {
                    throw refused(
                            PasswordFileException.Kind.BINARY, file, "there is a NUL byte in the first line", null);
                }
            }
            return Password.of(line);
        } finally {
            Arrays.fill(line, (byte) 0);
        }
    }

    private static int firstLineLength(byte[] content) {
        int length = 0;
        while (length < content.length && content[length] != '\n') {
            length++;
        }
        return length;
    }

    private static PasswordFileException refused(
            PasswordFileException.Kind kind, @Nullable Path file, String reason, @Nullable IOException cause) {
        return new PasswordFileException(kind, file, reason, cause);
    }
}

package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.PasswordFileException.Kind;

/**
 * A password is the first line of a file: every byte up to the first LF or the end, like oidc-agent's {@code
 * --pw-file}. CR, byte order mark and spaces are part of it.
 *
 * <p>A file is rejected if another user could have chosen its content: it belongs neither to root nor to the current
 * user, or its group or everyone can write to it. World-readable only causes a warning, because rejecting it would
 * break existing sites.
 */
public final class PasswordFile {
    /** The maximum file size in bytes. */
    public static final int MAX_FILE_BYTES = 64 * 1024;

    private static final int SHORT_BYTES = 12;

    /** Something that works but is probably a mistake. */
    public enum Warning {
        /** Everyone can read the file. */
        WORLD_READABLE,
        /** A CR is part of the password (a file from Windows). */
        CARRIAGE_RETURN,
        /** A UTF-8 byte order mark is part of the password. */
        BYTE_ORDER_MARK,
        /** A space or tab at the beginning or end is part of the password. */
        OUTER_BLANKS,
        /** Fewer than 12 bytes. */
        SHORT,
        /** There is text after the first line; it is not part of the password. */
        MORE_LINES
    }

    private PasswordFile() {}

    /**
     * Reads the password from a regular file. Follows symbolic links only if root or the current user created them.
     * Never waits for a FIFO.
     *
     * @throws PasswordFileException if the file is rejected
     */
    public static Password read(Path file) throws PasswordFileException {
        RegularFile.Content content = load(file);
        try {
            return password(file, content.bytes()).from(fingerprint(content.file(), content.inode()));
        } finally {
            Arrays.fill(content.bytes(), (byte) 0);
        }
    }

    /** The mark of the content that was read; empty if the file changed during the read. */
    private static Optional<String> fingerprint(Path file, Inode before) {
        try {
            return RegularFile.inode(file).isSameContentAs(before)
                    ? Optional.of(before.fingerprint())
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * Reads all lines without the last LF as one password, like oidc-agent's {@code --pw-cmd="cat FILE"}. The original
     * service created its accounts this way. Empty if there is only one line, or more than a password can have.
     *
     * @throws PasswordFileException if the file is rejected
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
     * Reads the password from a stream, to its end. The rules for the content are those of a file.
     *
     * @throws PasswordFileException if the content is rejected
     */
    public static Password readStream(InputStream in) throws PasswordFileException {
        byte[] content = new byte[0];
        try {
            content = in.readNBytes(MAX_FILE_BYTES + 1);
            return password(null, content);
        } catch (PasswordFileException e) {
            throw e;
        } catch (IOException e) {
            throw new PasswordFileException(Kind.UNREADABLE, null, StoreException.reason(e), e);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    /**
     * The warnings about a file that {@link #read} accepts, in the order of {@link Warning}.
     *
     * @throws PasswordFileException if the file is rejected
     */
    public static List<Warning> warnings(Path file) throws PasswordFileException {
        RegularFile.Content content = load(file);
        byte[] bytes = content.bytes();
        password(file, bytes).close();
        int length = firstLineLength(bytes);
        String line = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
        List<Warning> warnings = new ArrayList<>();
        if (content.inode().isWorldReadable()) {
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

    static RegularFile.Content load(Path file) throws PasswordFileException {
        try {
            Path target = TrustedPath.follow(file, Owners.CURRENT).path();
            Inode inode = RegularFile.inode(target);
            requireTrusted(file, inode);
            return RegularFile.read(target, MAX_FILE_BYTES, inode); // the file that was checked, or fails
        } catch (PasswordFileException e) {
            throw e;
        } catch (NoSuchFileException e) {
            throw new PasswordFileException(Kind.MISSING, file, "there is no such file", e);
        } catch (UntrustedPathException e) {
            throw new PasswordFileException(
                    Kind.FOREIGN_LINK, file, "the way to it leads over " + e.getFile() + ", and " + e.getReason(), e);
        } catch (RegularFile.NotRegularException e) {
            throw new PasswordFileException(
                    Kind.NOT_A_FILE, file, "it must be a regular file, not " + e.getReason(), e);
        } catch (IOException e) {
            throw new PasswordFileException(
                    Kind.UNREADABLE, file, StoreException.reason(e) + " for " + System.getProperty("user.name"), e);
        }
    }

    private static void requireTrusted(Path file, Inode inode) throws PasswordFileException {
        if (inode.isGroupWritable() || inode.isWorldWritable()) {
            throw new PasswordFileException(
                    Kind.WRITABLE_BY_OTHERS, file, "users other than its owner may change it", null);
        }
        if (inode.user() != 0 && inode.user() != Owners.CURRENT.user()) {
            throw new PasswordFileException(
                    Kind.FOREIGN_OWNER,
                    file,
                    "it belongs to user id " + Integer.toUnsignedString(inode.user())
                            + "; it must belong to root"
                            + (Owners.CURRENT.user() == 0 ? "" : " or to " + System.getProperty("user.name")),
                    null);
        }
    }

    private static Password password(@Nullable Path file, byte[] content) throws PasswordFileException {
        if (content.length > MAX_FILE_BYTES) {
            throw new PasswordFileException(Kind.TOO_LONG, file, "more than 64 KiB", null);
        }
        byte[] line = Arrays.copyOf(content, firstLineLength(content));
        try {
            if (line.length == 0) {
                throw new PasswordFileException(Kind.EMPTY, file, "the first line is empty", null);
            } else if (line.length > Password.MAX_BYTES) {
                throw new PasswordFileException(
                        Kind.TOO_LONG, file, "the first line has more than " + Password.MAX_BYTES + " bytes", null);
            }
            for (byte b : line) {
                if (b == 0) {
                    throw new PasswordFileException(Kind.BINARY, file, "there is a NUL byte in the first line", null);
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
}

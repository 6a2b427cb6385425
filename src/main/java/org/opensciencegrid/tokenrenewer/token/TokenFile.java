package org.opensciencegrid.tokenrenewer.token;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;
import org.opensciencegrid.tokenrenewer.text.BearerToken;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Secret;
import org.opensciencegrid.tokenrenewer.token.TokenFileException.Kind;

/**
 * A token at its {@code token_path}: the token and a newline. Programs read it at any moment and some exit when it is
 * missing or empty, so it is replaced by rename, keeping mode, owner, group, ACL and symbolic link, unless others are
 * asked for. Where the file belongs to somebody else, so that a replacement could not look as it should, it is overwritten in
 * one write instead.
 */
public final class TokenFile {
    /** HTCondor reads 16384 bytes, and takes a file that fills them for one that is longer; the newline counts. */
    public static final int LONGEST_FOR_ALL = 16 * 1024 - 2;

    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final FileAttribute<Set<PosixFilePermission>> NEW_FILE =
            PosixFilePermissions.asFileAttribute(OWNER_ONLY);
    private static final int LONGEST_CHAIN = 40;
    private static final int LONGEST = 1 << 20;
    private static final Map<Path, Object> ONE_AT_A_TIME = new ConcurrentHashMap<>();
    private static final Set<Path> CLEARED = ConcurrentHashMap.newKeySet();

    /** What rename or the copy says where only the file itself may be written: mounted alone, in a container or unit. */
    private static final Set<String> WRITABLE_FILE_ONLY = Set.of("Device or resource busy", "Read-only file system");

    private static final String TEMPORARY = ".osg-token-renewer.";
    private static final Duration LEFT_OVER = Duration.ofHours(1);

    /** Made at the first write, as who only reads does not need one. */
    private static final class Entropy {
        static final SecureRandom SOURCE = new SecureRandom();
    }

    private final Path path;

    public TokenFile(Path path) {
        this.path = path;
    }

    /** The token that is there now, if a plain file with {@link BearerToken one} is. */
    public Optional<Secret> read() {
        try (FileChannel channel = openRegular(target(), StandardOpenOption.READ)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(channel.size(), LONGEST + 1));
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                // a short read is not the end
            }
            String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8).strip();
            return BearerToken.isOne(text) && bytes.position() <= LONGEST
                    ? Optional.of(Secret.of(text))
                    : Optional.empty();
        } catch (IOException | TokenFileException e) {
            return Optional.empty();
        }
    }

    /** As {@link #write(Secret, TokenAccess)}, with everything as it was but the token. */
    public void write(Secret token) throws TokenFileException {
        write(token, TokenAccess.AS_IT_WAS);
    }

    /**
     * Replaces the token, durably. Nobody sees the new one before the file has the access that is asked for.
     *
     * @throws TokenFileException nothing was changed
     */
    public void write(Secret token, TokenAccess access) throws TokenFileException {
        byte[] content = (token.reveal() + "\n").getBytes(StandardCharsets.UTF_8);
        Path target = target();
        // Two sections may name one path, which matters where it is written in place.
        synchronized (ONE_AT_A_TIME.computeIfAbsent(target, path -> new Object())) {
            write(target, content, Access.of(access, target));
        }
    }

    private static void write(Path target, byte[] content, Access access) throws TokenFileException {
        try {
            if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                create(target, content, access);
            } else if (!replace(target, content, access)) {
                if (!access.isThat(access.status(target))) {
                    throw new TokenFileException(
                            Kind.NOT_PERMITTED, target, "it must be replaced to get another mode, owner or group");
                }
                overwrite(target, content);
            }
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    private static void create(Path target, byte[] content, Access access) throws IOException, TokenFileException {
        Path temporary = temporary(target);
        try {
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                    NEW_FILE)) {
                Files.setPosixFilePermissions(temporary, OWNER_ONLY); // a strange umask has taken some away
                writeAll(channel, content);
            }
            access.give(temporary, target);
            publish(temporary, target);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /**
     * A copy with everything of the old file's but its content, and but the access that is asked for, takes its place; false
     * when the copy cannot look like that.
     */
    private static boolean replace(Path target, byte[] content, Access access) throws IOException, TokenFileException {
        Path temporary = temporary(target);
        try {
            // Copies owner, group, mode and the extended attributes, POSIX ACLs among them, as far as we may.
            Files.copy(
                    target,
                    temporary,
                    StandardCopyOption.COPY_ATTRIBUTES,
                    StandardCopyOption.REPLACE_EXISTING,
                    LinkOption.NOFOLLOW_LINKS);
            access.give(temporary, target);
            Access.Status copy = access.status(temporary);
            if (!access.isLike(copy, access.status(target))) {
                return false;
            }
            Set<PosixFilePermission> mode = copy.permissions();
            if (!mode.contains(PosixFilePermission.OWNER_WRITE)) {
                Files.setPosixFilePermissions(temporary, with(mode, PosixFilePermission.OWNER_WRITE));
            }
            try (FileChannel channel = openRegular(temporary, StandardOpenOption.WRITE)) {
                Files.setPosixFilePermissions(temporary, mode); // without what else it may have: setuid and the like
                channel.truncate(0);
                writeAll(channel, content);
            }
            publish(temporary, target);
            return true;
        } catch (AccessDeniedException e) {
            return false; // a directory or file that is not ours: the file itself may still be writable
        } catch (FileSystemException e) {
            if (WRITABLE_FILE_ONLY.contains(String.valueOf(e.getReason()))) {
                return false;
            }
            throw e;
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static Set<PosixFilePermission> with(Set<PosixFilePermission> mode, PosixFilePermission more) {
        Set<PosixFilePermission> all = EnumSet.of(more);
        all.addAll(mode);
        return all;
    }

    /**
     * One write over the old content, both made equally long with newlines before: so the new token has its space before
     * the old one is touched, and it is never cut nor followed by the end of the old one. Only a read at the very instant
     * of that write may see both, for the kernel locks no reader out.
     */
    private static void overwrite(Path target, byte[] content) throws IOException {
        try (FileChannel channel = openRegular(target, StandardOpenOption.WRITE)) {
            long before = channel.size();
            if (before < content.length) {
                lengthen(channel, before, content.length);
            }
            byte[] padded = Arrays.copyOf(content, (int) Math.max(content.length, Math.min(before, LONGEST)));
            Arrays.fill(padded, content.length, padded.length, (byte) '\n');
            writeAll(channel, padded);
            channel.truncate(content.length);
            channel.force(true);
        }
    }

    private static void lengthen(FileChannel channel, long from, long to) throws IOException {
        byte[] newlines = new byte[(int) (to - from)];
        Arrays.fill(newlines, (byte) '\n');
        try {
            channel.position(from);
            writeAll(channel, newlines);
            channel.position(0);
        } catch (IOException e) {
            channel.truncate(from);
            throw e;
        }
    }

    private static void writeAll(FileChannel channel, byte[] content) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        channel.force(true);
    }

    private static void publish(Path temporary, Path target) throws IOException {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel directory = FileChannel.open(directory(target), StandardOpenOption.READ)) {
            directory.force(true);
        } catch (AccessDeniedException e) {
            // A directory that we may write but not list: the rename stands, only its durability is the kernel's
            // business.
        }
    }

    /**
     * Beside the target, as rename works within one file system. Hidden, so that no reader takes it for a token. Never the
     * same twice: two sections may name one path, and another process may be at the other one.
     */
    private static Path temporary(Path target) {
        clearLeftOvers(directory(target));
        return target.resolveSibling(TEMPORARY + Long.toHexString(Entropy.SOURCE.nextLong()) + ".tmp");
    }

    /** What a crash left. The time of the inode's change counts: that of its content is the old token's for a moment. */
    private static void clearLeftOvers(Path directory) {
        if (!CLEARED.add(directory)) {
            return; // with thousands of tokens in it, each would look at all
        }
        FileTime old = FileTime.from(Instant.now().minus(LEFT_OVER));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, TEMPORARY + "*.tmp")) {
            for (Path file : files) {
                FileTime changed = (FileTime) Files.getAttribute(file, "unix:ctime", LinkOption.NOFOLLOW_LINKS);
                if (changed.compareTo(old) < 0) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // A directory that we may not list, or a file that somebody else took away: they do no harm.
        }
    }

    /** The file that the path means: links are followed by hand, so that only those of root or ourselves are. */
    private Path target() throws TokenFileException {
        Path at = path.toAbsolutePath();
        try {
            for (int i = 0; i < LONGEST_CHAIN; i++) {
                PosixFileAttributes attributes;
                try {
                    attributes = attributes(at);
                } catch (NoSuchFileException e) {
                    return at;
                }
                if (attributes.isSymbolicLink()) {
                    requireTrusted(at, attributes);
                    at = at.resolveSibling(Files.readSymbolicLink(at));
                } else if (attributes.isRegularFile()) {
                    return at;
                } else {
                    String what = attributes.isDirectory() ? "a directory" : "not a regular file";
                    throw new TokenFileException(Kind.NOT_A_FILE, at, "it is " + what);
                }
            }
        } catch (IOException e) {
            throw failure(at, e);
        }
        throw new TokenFileException(Kind.OTHER, path, "too many symbolic links");
    }

    /** Whoever can plant a link in the token directory could make us overwrite any file of ours. */
    private static void requireTrusted(Path link, PosixFileAttributes attributes)
            throws IOException, TokenFileException {
        Object owner = Files.getAttribute(link, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        Object self = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        if (!Objects.equals(owner, 0) && !Objects.equals(owner, self)) {
            throw new TokenFileException(
                    Kind.FOREIGN_LINK,
                    link,
                    "it is a symbolic link made by "
                            + Printable.of(attributes.owner().getName()));
        }
    }

    private static PosixFileAttributes attributes(Path path) throws IOException {
        return Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    private static FileChannel openRegular(Path path, OpenOption option) throws IOException {
        return FileChannel.open(path, option, LinkOption.NOFOLLOW_LINKS);
    }

    private static Path directory(Path file) {
        Path absolute = file.toAbsolutePath();
        return Objects.requireNonNullElse(absolute.getParent(), absolute); // of / itself
    }

    private static final Map<String, Kind> REASONS = Map.of(
            "Read-only file system", Kind.READ_ONLY,
            "No space left on device", Kind.FULL,
            "Disk quota exceeded", Kind.FULL,
            "Operation not permitted", Kind.NOT_PERMITTED);

    private static TokenFileException failure(Path target, IOException e) {
        if (!Files.isDirectory(directory(target)) && !(e instanceof AccessDeniedException)) {
            return new TokenFileException(
                    Kind.DIRECTORY_MISSING, target, "the directory " + directory(target) + " does not exist");
        }
        if (e instanceof AccessDeniedException) {
            return new TokenFileException(Kind.NOT_PERMITTED, target, "permission denied");
        }
        String said = e instanceof FileSystemException system && system.getReason() != null
                ? system.getReason()
                : String.valueOf(e.getMessage());
        return new TokenFileException(REASONS.getOrDefault(said, Kind.OTHER), target, Printable.of(said));
    }
}

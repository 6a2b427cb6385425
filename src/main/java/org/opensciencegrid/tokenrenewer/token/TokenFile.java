package org.opensciencegrid.tokenrenewer.token;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
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
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.opensciencegrid.cryptostore.HeldDirectory;
import org.opensciencegrid.cryptostore.Owners;
import org.opensciencegrid.cryptostore.RegularFile;
import org.opensciencegrid.cryptostore.TrustedPath;
import org.opensciencegrid.cryptostore.UntrustedPathException;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;
import org.opensciencegrid.tokenrenewer.token.TokenFileException.Kind;
import org.opensciencegrid.tokenrenewer.util.BearerToken;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * A token at its {@code token_path}: the token and a newline. Programs read it at any time, and some exit if it is
 * missing or empty. So it is replaced by rename. Mode, owner, group, ACL and symbolic link are kept unless the
 * configuration requests others. The path must follow the rule of {@link TrustedPath}. If the file belongs to another
 * user, so that a replacement could not have the same attributes, it is overwritten in one write instead.
 */
public final class TokenFile {
    /** HTCondor sends the token and its length, of 4 bytes, in one TLS record of at most 16384 bytes. */
    public static final int MAX_PORTABLE_LENGTH = 16 * 1024 - 4;

    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final FileAttribute<Set<PosixFilePermission>> NEW_FILE =
            PosixFilePermissions.asFileAttribute(OWNER_ONLY);
    private static final int MAX_BYTES = 1 << 20;
    private static final Map<Path, Object> WRITE_LOCKS = new ConcurrentHashMap<>();
    private static final Map<Path, Instant> CLEANED = new ConcurrentHashMap<>();
    private static final Map<Path, ResolvedDirectory> RESOLVED = new ConcurrentHashMap<>();
    private static final Duration RESOLVE_INTERVAL = Duration.ofSeconds(1);

    /** A directory without symbolic links in its path, and when it was checked. */
    private record ResolvedDirectory(Path directory, long nanos) {}

    /**
     * Errors of rename or copy if only the file itself is writable because it is a bind mount in a container or unit.
     */
    private static final Set<String> WRITABLE_FILE_ONLY = Set.of("Device or resource busy", "Read-only file system");

    private static final String TEMPORARY_PREFIX = ".osg-token-renewer.";
    private static final Duration STALE_AFTER = Duration.ofHours(1);

    /** Created at the first write, because a read does not need it. */
    private static final class Entropy {
        static final SecureRandom SOURCE = new SecureRandom();
    }

    private final Path path;

    public TokenFile(Path path) {
        this.path = path;
    }

    /**
     * The current token, if the path is a regular file with a valid {@link BearerToken}. Returns within about a second.
     */
    public Optional<Secret> read() {
        try {
            byte[] bytes = content();
            String text = new String(bytes, StandardCharsets.UTF_8).strip();
            return BearerToken.isValid(text) && bytes.length <= MAX_BYTES
                    ? Optional.of(Secret.of(text))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private byte[] content() throws IOException {
        Path name = path.getFileName();
        if (name != null) {
            Path file = resolvedDirectory(directory(path)).resolve(name);
            try {
                return RegularFile.bytes(file, MAX_BYTES);
            } catch (RegularFile.NotRegularException e) {
                if (!Files.isSymbolicLink(file)) {
                    throw e;
                }
            }
        }
        return RegularFile.bytes(TrustedPath.follow(path, Owners.CURRENT).path(), MAX_BYTES);
    }

    /** Resolves a directory at most once a second, because a run may read thousands of tokens in one directory. */
    private static Path resolvedDirectory(Path directory) throws IOException {
        long now = System.nanoTime();
        ResolvedDirectory last = RESOLVED.get(directory);
        if (last == null || now - last.nanos() > RESOLVE_INTERVAL.toNanos()) {
            Path any = TrustedPath.follow(directory.resolve(TEMPORARY_PREFIX), Owners.CURRENT)
                    .path();
            last = new ResolvedDirectory(directory(any), now);
            RESOLVED.put(directory, last);
        }
        return last.directory();
    }

    /**
     * Replaces the token durably. No other user can read the new one before the file has the requested permissions.
     *
     * @throws TokenFileException nothing was changed
     */
    public void write(Secret token, TokenAccess access) throws TokenFileException {
        write(access, Optional.of((token.reveal() + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Does everything that {@link #write(Secret, TokenAccess)} does except the last step, to find errors before the
     * issuer is asked. A program that watches the directory may see a change.
     *
     * @throws TokenFileException if write would throw it too
     */
    public void requireWritable(TokenAccess access) throws TokenFileException {
        write(access, Optional.empty());
    }

    /**
     * Checks the directories of the path.
     *
     * @param owners whose directories and links are trusted
     * @throws TokenFileException has the path of the first one that is not trusted
     */
    public void requireTrusted(Owners owners) throws TokenFileException {
        trusted(owners);
    }

    /**
     * Where the token is written.
     *
     * @param path without symbolic links, for messages
     * @param file the same file, in its open directory
     * @param isShared whether every user can create files in the directory
     */
    private record Target(Path path, HeldDirectory directory, Path file, boolean exists, boolean isShared) {}

    /** @param content empty to do everything else */
    private void write(TokenAccess access, Optional<byte[]> content) throws TokenFileException {
        TrustedPath trusted = trusted(Owners.CURRENT);
        Path target = trusted.path();
        // Two sections may have the same path, which matters if the file is written in place.
        Object lock = new Object();
        synchronized (Objects.requireNonNullElse(WRITE_LOCKS.putIfAbsent(target, lock), lock)) {
            try (HeldDirectory directory = trusted.hold()) {
                Path file = directory.path().resolve(Objects.requireNonNullElse(target.getFileName(), target));
                write(new Target(target, directory, file, exists(target, file), trusted.isShared()), access, content);
            } catch (IOException e) {
                throw failure(target, e);
            }
        }
    }

    private static void write(Target target, TokenAccess access, Optional<byte[]> content)
            throws IOException, TokenFileException {
        ResolvedAccess requested = ResolvedAccess.of(access, target.path());
        if (!tryReplace(target, requested, content)) {
            overwrite(target, requested, content);
        } else if (content.isEmpty() && target.exists()) {
            requireMutable(target.file());
        }
    }

    private TrustedPath trusted(Owners owners) throws TokenFileException {
        try {
            TrustedPath trusted = TrustedPath.follow(path, owners);
            trusted.requireTrusted();
            return trusted;
        } catch (NoSuchFileException e) {
            throw new TokenFileException(
                    Kind.DIRECTORY_MISSING, path, "the directory " + e.getFile() + " does not exist");
        } catch (NotDirectoryException e) {
            throw new TokenFileException(Kind.DIRECTORY_MISSING, path, e.getFile() + " is not a directory");
        } catch (UntrustedPathException e) {
            Kind kind = e.kind() == UntrustedPathException.Kind.LINK ? Kind.FOREIGN_LINK : Kind.FOREIGN_DIRECTORY;
            throw new TokenFileException(kind, Path.of(e.getFile()), Printable.of(e.getReason()));
        } catch (IOException e) {
            throw failure(path, e);
        }
    }

    private static boolean exists(Path target, Path file) throws IOException, TokenFileException {
        PosixFileAttributes attributes;
        try {
            attributes = Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return false;
        }
        if (!attributes.isRegularFile()) {
            String what = attributes.isDirectory() ? "a directory" : "not a regular file";
            throw new TokenFileException(Kind.NOT_A_FILE, target, "it is " + what);
        }
        return true;
    }

    /** Puts a new file in place; false if the existing file must be overwritten instead. */
    private static boolean tryReplace(Target target, ResolvedAccess access, Optional<byte[]> content)
            throws IOException, TokenFileException {
        if (target.exists() && !target.isShared()) {
            return replace(target, access, content);
        }
        try {
            // In a directory that every user can write to, another user may have chosen the mode of the existing file.
            // Do not copy it.
            create(target, access, content);
            return true;
        } catch (FileSystemException e) {
            if (target.exists() && isWritableFileOnly(e)) { // because root mounted the file there
                return false;
            }
            throw e;
        }
    }

    private static boolean isWritableFileOnly(FileSystemException e) {
        return WRITABLE_FILE_ONLY.contains(String.valueOf(e.getReason()));
    }

    /** @param content empty to do everything else */
    private static void create(Target target, ResolvedAccess access, Optional<byte[]> content)
            throws IOException, TokenFileException {
        Path temporary = temporary(target);
        try (FileChannel channel = newFile(temporary)) {
            Path file = Descriptor.of(channel);
            ResolvedAccess.setMode(file, OWNER_ONLY); // an unusual umask may have removed some bits
            access.apply(file, target.path());
            writeAndPublish(channel, temporary, target, content);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /**
     * Replaces the old file with a new one that has the same attributes except the requested permissions; false if the
     * new file cannot have them.
     */
    private static boolean replace(Target target, ResolvedAccess access, Optional<byte[]> content)
            throws IOException, TokenFileException {
        Path temporary = temporary(target);
        try (FileChannel old = RegularFile.open(target.file(), StandardOpenOption.READ);
                FileChannel channel = newFile(temporary)) {
            Path from = Descriptor.of(old);
            Path file = Descriptor.of(channel);
            if (!access.copyUnrequested(from, file) || !ExtendedAttributes.copy(from, file)) {
                return false;
            }
            access.apply(file, target.path());
            if (!access.isLike(access.status(file), access.status(from))) {
                return false;
            }
            writeAndPublish(channel, temporary, target, content);
            return true;
        } catch (AccessDeniedException e) {
            return false; // the directory or file belongs to another user: the file itself may still be writable
        } catch (FileSystemException e) {
            if (isWritableFileOnly(e)) {
                return false;
            }
            throw e;
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static FileChannel newFile(Path temporary) throws IOException {
        return FileChannel.open(
                temporary,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                NEW_FILE);
    }

    private static void writeAndPublish(FileChannel channel, Path temporary, Target target, Optional<byte[]> content)
            throws IOException {
        if (content.isPresent()) {
            writeAll(channel, content.get());
            publish(temporary, target);
        } else {
            channel.write(ByteBuffer.allocate(MAX_PORTABLE_LENGTH)); // finds a full disk
        }
    }

    private static void requireMutable(Path file) throws IOException {
        try {
            RegularFile.open(file, StandardOpenOption.WRITE).close();
        } catch (AccessDeniedException e) {
            // the file is replaced, not written to
        }
    }

    /**
     * Overwrites the content in one write. First the shorter content is padded with newlines to equal length. So the
     * new token has its space before the old one is touched, and it is never truncated or followed by the end of the
     * old one. Only a read at the very moment of the write may see both, because the kernel does not lock readers out.
     */
    private static void overwrite(Target target, ResolvedAccess access, Optional<byte[]> token)
            throws IOException, TokenFileException {
        try (FileChannel channel = RegularFile.open(target.file(), StandardOpenOption.WRITE)) {
            if (!access.matches(access.status(Descriptor.of(channel)))) {
                throw new TokenFileException(
                        Kind.NOT_PERMITTED, target.path(), "it must be replaced to get another mode, owner or group");
            } else if (token.isEmpty()) {
                return;
            }
            byte[] content = token.get();
            long before = channel.size();
            if (before < content.length) {
                padTo(channel, before, content.length);
            }
            byte[] padded = Arrays.copyOf(content, (int) Math.max(content.length, Math.min(before, MAX_BYTES)));
            Arrays.fill(padded, content.length, padded.length, (byte) '\n');
            writeAll(channel, padded);
            channel.truncate(content.length);
            channel.force(true);
        }
    }

    private static void padTo(FileChannel channel, long from, long to) throws IOException {
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

    private static void publish(Path temporary, Target target) throws IOException {
        Files.move(temporary, target.file(), StandardCopyOption.ATOMIC_MOVE);
        try {
            target.directory().force();
        } catch (IOException e) {
            // This process may not list the directory, or the file system does not support this. The rename is done;
            // the kernel decides when it becomes durable.
        }
    }

    /**
     * A temporary file in the same directory, because rename only works within one file system. Hidden, so that no
     * reader treats it as a token. Each name is unique, because two sections or processes may write to one path.
     */
    private static Path temporary(Target target) {
        deleteStaleFiles(target);
        return target.file().resolveSibling(TEMPORARY_PREFIX + Long.toHexString(Entropy.SOURCE.nextLong()) + ".tmp");
    }

    /** Deletes temporary files that a crash left behind. Uses ctime, which no program can set. */
    private static void deleteStaleFiles(Target target) {
        Instant now = Instant.now();
        Instant before = CLEANED.get(directory(target.path()));
        if (before != null && now.isBefore(before.plus(STALE_AFTER))) {
            return; // once an hour for each directory, because it may have thousands of tokens
        }
        CLEANED.put(directory(target.path()), now);
        FileTime old = FileTime.from(now.minus(STALE_AFTER));
        try {
            for (Path file : target.directory().list(TEMPORARY_PREFIX + "*.tmp")) {
                FileTime changed = (FileTime) Files.getAttribute(file, "unix:ctime", LinkOption.NOFOLLOW_LINKS);
                if (changed.compareTo(old) < 0) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            // This process may not list the directory, or another process deleted a file. The remaining files are
            // harmless.
        }
    }

    private static Path directory(Path file) {
        Path absolute = file.toAbsolutePath();
        return Objects.requireNonNullElse(absolute.getParent(), absolute); // the parent of /
    }

    private static final Map<String, Kind> KIND_BY_REASON = Map.of(
            "Read-only file system", Kind.READ_ONLY,
            "No space left on device", Kind.FULL,
            "Disk quota exceeded", Kind.FULL,
            "Operation not permitted", Kind.NOT_PERMITTED,
            "Input/output error", Kind.FILE_SYSTEM,
            "Stale file handle", Kind.FILE_SYSTEM,
            "Operation not supported", Kind.FILE_SYSTEM,
            "Invalid argument", Kind.FILE_SYSTEM,
            "File exists", Kind.FILE_SYSTEM,
            "Invalid cross-device link", Kind.FILE_SYSTEM);

    private static TokenFileException failure(Path target, IOException e) {
        if (e instanceof AccessDeniedException) {
            return new TokenFileException(Kind.NOT_PERMITTED, target, "permission denied");
        } else if (e instanceof RegularFile.NotRegularException swapped) {
            return new TokenFileException(Kind.NOT_A_FILE, target, "it is " + swapped.getReason());
        } else if (!Files.isDirectory(directory(target))) {
            return new TokenFileException(
                    Kind.DIRECTORY_MISSING, target, "the directory " + directory(target) + " does not exist");
        }
        String reason = e instanceof FileAlreadyExistsException ? "File exists" : String.valueOf(e.getMessage());
        if (e instanceof FileSystemException system && system.getReason() != null) {
            reason = system.getReason();
        }
        return new TokenFileException(KIND_BY_REASON.getOrDefault(reason, Kind.OTHER), target, Printable.of(reason));
    }
}

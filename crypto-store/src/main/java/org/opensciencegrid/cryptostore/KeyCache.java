package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.jspecify.annotations.Nullable;

/**
 * Derived keys kept in memory until the next boot, so that a run every few minutes does not derive them each time. Specified
 * in {@code docs/account-file.md}, with what it means for security.
 *
 * <p>It is of use, not of need: whatever is missing, foreign or damaged is passed over, and nothing here ever fails.
 */
final class KeyCache {
    static final KeyCache NONE = new KeyCache(null);

    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> OWNER_ONLY_DIRECTORY = PosixFilePermissions.fromString("rwx------");
    private static final int DIGEST_BYTES = 32;
    private static final int BODY_BYTES = DIGEST_BYTES + KeyDerivation.LENGTH;

    private final @Nullable Path directory;
    /** Once in a run: with many accounts it would cost more than the keys; and whoever may change it is the user or root. */
    private @Nullable Boolean usable;

    /** @param directory where the keys are; used only if it is the user's own, of mode 0700, and in memory */
    KeyCache(@Nullable Path directory) {
        this.directory = directory;
    }

    /** The key that this very password file gave for this salt and cost. The caller wipes it. */
    Optional<byte[]> find(String account, Password password, byte[] salt, KdfParameters parameters) {
        if (password.origin().isEmpty() || !isUsable()) {
            return Optional.empty();
        }
        try {
            RegularFile.Content content = RegularFile.read(file(account), BODY_BYTES + DIGEST_BYTES);
            if (content.status().owner() != PasswordFile.currentUser()
                    || !content.status().permissions().equals(OWNER_ONLY)) {
                return Optional.empty();
            }
            byte[] bytes = content.bytes();
            boolean isWhole = bytes.length == BODY_BYTES + DIGEST_BYTES
                    && Arrays.equals(digest(Arrays.copyOf(bytes, BODY_BYTES)), tail(bytes));
            boolean isOurs = isWhole
                    && Arrays.equals(Arrays.copyOf(bytes, DIGEST_BYTES), binding(account, password, salt, parameters));
            byte[] key = isOurs ? Arrays.copyOfRange(bytes, DIGEST_BYTES, BODY_BYTES) : null;
            Arrays.fill(bytes, (byte) 0);
            return Optional.ofNullable(key);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Keeps a key that has opened the account. */
    void keep(String account, Password password, byte[] salt, KdfParameters parameters, byte[] key) {
        if (password.origin().isEmpty() || !isUsable()) {
            return;
        }
        byte[] body = ByteBuffer.allocate(BODY_BYTES)
                .put(binding(account, password, salt, parameters))
                .put(key)
                .array();
        byte[] bytes = ByteBuffer.allocate(BODY_BYTES + DIGEST_BYTES)
                .put(body)
                .put(digest(body))
                .array();
        RealDisk disk = new RealDisk();
        Path part = Objects.requireNonNull(directory).resolve(account + ".key.part");
        try {
            disk.delete(part);
            try (Disk.OpenFile file = disk.create(part)) {
                file.write(bytes);
            }
            disk.rename(part, file(account));
        } catch (IOException e) {
            // The next run derives it again.
        } finally {
            Arrays.fill(body, (byte) 0);
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** The account is gone, or has another password. */
    void forget(String account) {
        if (directory == null) {
            return;
        }
        try {
            Files.deleteIfExists(file(account));
        } catch (IOException e) {
            // It is in memory, opens no file that is there, and goes with the next boot.
        }
    }

    private Path file(String account) {
        return Objects.requireNonNull(directory).resolve(account + ".key");
    }

    private synchronized boolean isUsable() {
        if (usable == null) {
            usable = directory != null && isOurMemory(directory);
        }
        return usable;
    }

    /** Nothing of this may reach a disk, and nobody else may put a key there. */
    private static boolean isOurMemory(Path directory) {
        try {
            return Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                    && Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                            .equals(PasswordFile.currentUser())
                    && Files.getPosixFilePermissions(directory, LinkOption.NOFOLLOW_LINKS)
                            .equals(OWNER_ONLY_DIRECTORY)
                    && Files.getFileStore(directory).type().equals("tmpfs");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    private static byte[] binding(String account, Password password, byte[] salt, KdfParameters parameters) {
        String text = "osg-token-renewer-key 1\n" + account + "\n"
                + password.origin().orElseThrow() + "\n" + "m=" + parameters.memoryKiB() + " t="
                + parameters.iterations() + " p=" + parameters.parallelism() + "\n"
                + Base64.getEncoder().encodeToString(salt);
        return digest(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] tail(byte[] bytes) {
        return Arrays.copyOfRange(bytes, BODY_BYTES, bytes.length);
    }

    private static byte[] digest(byte[] bytes) {
        SHA256Digest digest = new SHA256Digest();
        digest.update(bytes, 0, bytes.length);
        byte[] out = new byte[DIGEST_BYTES];
        digest.doFinal(out, 0);
        return out;
    }
}

package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps derived keys in memory until the next boot, so that a run every few minutes does not derive them each time.
 * {@code docs/reference/account-file.md} specifies it and its effect on security.
 *
 * <p>The cache is optional: it ignores everything that is missing, foreign or damaged, and never fails.
 */
final class KeyCache {
    static final KeyCache NONE = new KeyCache(null);

    private static final int OWNER_ONLY = 0600;
    private static final int OWNER_ONLY_DIRECTORY = 0700;
    private static final byte[] EMPTY = {};
    private static final int DIGEST_BYTES = 32;
    private static final int BODY_BYTES = DIGEST_BYTES + KeyDerivation.LENGTH;

    private final @Nullable Path directory;
    /** By account; the same bytes as in a file. */
    private final @Nullable Map<String, byte[]> inProcess;
    /**
     * Checked once in a run, because the check costs more than the keys if there are many accounts. Only the user and
     * root can change the result.
     */
    private @Nullable Boolean usable;

    /** @param directory for the keys; used only if it belongs to the current user, has mode 0700 and is on a tmpfs */
    KeyCache(@Nullable Path directory) {
        this(directory, null);
    }

    private KeyCache(@Nullable Path directory, @Nullable Map<String, byte[]> inProcess) {
        this.directory = directory;
        this.inProcess = inProcess;
    }

    /** Keeps the keys in this process alone, until it ends. */
    static KeyCache inProcess() {
        return new KeyCache(null, new ConcurrentHashMap<>());
    }

    /** The key that was derived from this password file with this salt and cost. The caller wipes it. */
    Optional<byte[]> find(String account, Password password, byte[] salt, KdfParameters parameters) {
        if (password.origin().isEmpty() || !isUsable()) {
            return Optional.empty();
        }
        try {
            byte[] bytes = read(account);
            boolean isIntact = bytes.length == BODY_BYTES + DIGEST_BYTES
                    && Arrays.equals(FormatOne.sha256(Arrays.copyOf(bytes, BODY_BYTES)), tail(bytes));
            boolean isValid = isIntact
                    && Arrays.equals(Arrays.copyOf(bytes, DIGEST_BYTES), binding(account, password, salt, parameters));
            byte[] key = isValid ? Arrays.copyOfRange(bytes, DIGEST_BYTES, BODY_BYTES) : null;
            Arrays.fill(bytes, (byte) 0);
            return Optional.ofNullable(key);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Returns no bytes if there is no key; does not check the key. */
    private byte[] read(String account) throws IOException {
        if (inProcess != null) {
            return inProcess.getOrDefault(account, EMPTY).clone();
        }
        RegularFile.Content content = RegularFile.read(file(account), BODY_BYTES + DIGEST_BYTES);
        boolean isPrivate = content.inode().user() == Owners.CURRENT.user()
                && content.inode().permissions() == OWNER_ONLY;
        return isPrivate ? content.bytes() : EMPTY;
    }

    /** Whether there is a key, valid or not. */
    boolean contains(String account) {
        if (inProcess != null) {
            return inProcess.containsKey(account);
        }
        return isUsable() && Files.exists(file(account), LinkOption.NOFOLLOW_LINKS);
    }

    /** Stores a key that opened the account. */
    void put(String account, Password password, byte[] salt, KdfParameters parameters, byte[] key) {
        if (password.origin().isEmpty() || !isUsable()) {
            return;
        }
        byte[] body = ByteBuffer.allocate(BODY_BYTES)
                .put(binding(account, password, salt, parameters))
                .put(key)
                .array();
        byte[] bytes = ByteBuffer.allocate(BODY_BYTES + DIGEST_BYTES)
                .put(body)
                .put(FormatOne.sha256(body))
                .array();
        if (inProcess != null) {
            wipe(inProcess.put(account, bytes.clone()));
        } else {
            new RealDisk().replaceQuietly(file(account), bytes);
        }
        Arrays.fill(body, (byte) 0);
        Arrays.fill(bytes, (byte) 0);
    }

    /** The account was deleted, or has another password. */
    void remove(String account) {
        if (inProcess != null) {
            wipe(inProcess.remove(account));
        }
        if (directory != null) {
            // If it remains, it opens no existing file, and disappears at the next boot.
            new RealDisk().deleteQuietly(file(account));
        }
    }

    private static void wipe(byte @Nullable [] bytes) {
        if (bytes != null) {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    private Path file(String account) {
        return Objects.requireNonNull(directory).resolve(account + ".key");
    }

    private synchronized boolean isUsable() {
        if (usable == null) {
            usable = inProcess != null || directory != null && isPrivateTmpfs(directory);
        }
        return usable;
    }

    /** Keys must not reach a disk, and no other user may put a key there. */
    private static boolean isPrivateTmpfs(Path directory) {
        try {
            return Owners.isOwnDirectory(directory)
                    && Inode.of(directory).permissions() == OWNER_ONLY_DIRECTORY
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
        return FormatOne.sha256(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] tail(byte[] bytes) {
        return Arrays.copyOfRange(bytes, BODY_BYTES, bytes.length);
    }
}

package org.opensciencegrid.cryptostore;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bouncycastle.crypto.digests.SHA512Digest;

/** Helpers of the tests. */
public final class Given {
    public static final KdfParameters CHEAP = new KdfParameters(8, 1, 1);
    static final SecureRandom RANDOM = new SecureRandom();
    static final Duration NO_WAIT = Duration.ZERO;
    public static final String PASSWORD = "correct horse battery staple";
    static final String NAME = "cilogon-example";

    /** Not a KDF: for tests that open thousands of accounts and do not test keys. */
    static final KeyDerivation HASH = (password, salt, parameters) -> {
        byte[] secret = password.copyBytes();
        SHA512Digest digest = new SHA512Digest();
        digest.update(salt, 0, salt.length);
        digest.update(secret, 0, secret.length);
        byte[] out = new byte[KeyDerivation.LENGTH];
        digest.doFinal(out, 0);
        return out;
    };

    private Given() {}

    public static Password password() {
        return password(PASSWORD);
    }

    public static Password password(String text) {
        return Password.of(bytes(text));
    }

    public static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    public static String text(byte[] bytes) {
        return new String(bytes, UTF_8);
    }

    /**
     * A file of another project, outside this project's directory. A test is skipped if its file is missing. {@code
     * -Dshared} sets another location.
     */
    public static Path shared(String file) {
        Optional<Path> found = Stream.of(System.getProperty("shared", "../../shared"), "../../../shared")
                .map(place -> Path.of(place).resolve(file))
                .filter(Files::exists)
                .findFirst();
        assumeTrue(found.isPresent(), () -> "shared/" + file + " does not lie beside the project");
        return found.get();
    }

    /** The files below this directory that this process has open. */
    static List<String> openFilesBelow(Path place) throws IOException {
        List<String> open = new ArrayList<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                try {
                    open.add(Files.readSymbolicLink(descriptor).toString());
                } catch (NoSuchFileException e) {
                    // Closed in the meantime.
                }
            }
        }
        open.removeIf(file -> !file.startsWith(place + "/"));
        return open;
    }

    /** A store on the real disk, below an existing directory. */
    static FileAccountStore store(Path below) {
        return new FileAccountStore(below.resolve("accounts"), below.resolve("rescue"), CHEAP);
    }

    /** Saves a new account. */
    static SaveResult create(AccountStore store, String name, String content) throws StoreException {
        try (LockedAccount account = store.lock(name, NO_WAIT)) {
            return account.create(password()).save(bytes(content));
        }
    }

    /** Replaces the content of an account. */
    static SaveResult rotate(AccountStore store, String name, String content) throws StoreException {
        try (LockedAccount account = store.lock(name, NO_WAIT)) {
            OpenAccount open = account.open(password());
            open.reserve();
            return open.save(bytes(content));
        }
    }

    /** The content and its source. */
    record Content(String text, long generation, OpenAccount.RecoveredFrom from) {}

    static Content open(AccountStore store, String name) throws StoreException {
        try (LockedAccount account = store.lock(name, NO_WAIT)) {
            OpenAccount open = account.open(password());
            return new Content(text(open.plaintext()), open.generation(), open.recoveredFrom());
        }
    }
}

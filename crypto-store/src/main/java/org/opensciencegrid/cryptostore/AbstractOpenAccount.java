package org.opensciencegrid.cryptostore;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.opensciencegrid.cryptostore.FileAccountStore.Tools;
import org.opensciencegrid.cryptostore.StoreException.Kind;

/** The content and the key of an account, wherever it is stored. */
abstract class AbstractOpenAccount implements OpenAccount {
    final Tools tools;
    private final String name;
    private final RecoveredFrom recoveredFrom;
    private final Optional<Instant> interruptedAt;
    private DerivedKey key;
    private byte[] plaintext;
    private long generation;
    private boolean closed;

    /** Opens a decrypted account. */
    AbstractOpenAccount(
            String name,
            Tools tools,
            Tools.Opened opened,
            long generation,
            RecoveredFrom recoveredFrom,
            Optional<Instant> interruptedAt) {
        this.name = name;
        this.tools = tools;
        this.key = opened.key();
        this.plaintext = opened.plaintext();
        this.generation = generation;
        this.recoveredFrom = recoveredFrom;
        this.interruptedAt = interruptedAt;
    }

    /**
     * Starts a new account.
     *
     * @param generation of the account that it replaces, or 0
     */
    AbstractOpenAccount(String name, Tools tools, Password password, long generation) {
        this(
                name,
                tools,
                new Tools.Opened(newKey(name, tools, password), new byte[0]),
                generation,
                RecoveredFrom.CURRENT,
                Optional.empty());
    }

    private static DerivedKey newKey(String name, Tools tools, Password password) {
        tools.keys().remove(name);
        byte[] salt = new byte[FormatOne.SALT_BYTES];
        tools.random().get().nextBytes(salt);
        return new DerivedKey(tools.derivation(), password, salt, tools.parametersForNew());
    }

    /** For messages. */
    abstract Path place();

    /** Gives back what {@link #reserve} took and no save used. */
    abstract void release();

    @Override
    public final byte[] plaintext() {
        requireOpen();
        return plaintext.clone();
    }

    final int length() {
        return plaintext.length;
    }

    @Override
    public final long generation() {
        return generation;
    }

    /** For a save that finds another generation in the store. */
    final void setGeneration(long other) {
        generation = other;
    }

    @Override
    public final RecoveredFrom recoveredFrom() {
        return recoveredFrom;
    }

    @Override
    public final Optional<Instant> interruptedAt() {
        return interruptedAt;
    }

    @Override
    public final KdfParameters parameters() {
        return key.parameters();
    }

    @Override
    public final void rekey(Password password) {
        requireOpen();
        DerivedKey next = newKey(name, tools, password);
        key.wipe();
        key = next;
    }

    final byte[] seal(byte[] content, long next) {
        byte[] nonce = new byte[FormatOne.NONCE_BYTES];
        tools.random().get().nextBytes(nonce);
        return FormatOne.seal(name, next, key, nonce, content);
    }

    /**
     * Seals once as a test, so that a new JVM loads all classes before it holds the only copy of a token. Once in a
     * process is enough. If it fails, no account may ask its issuer.
     */
    final void rehearse() {
        if (plaintext.length > 0 && !tools.rehearsed().get()) {
            seal(plaintext, generation + 1);
            tools.rehearsed().set(true);
        }
    }

    /** The content after a save. */
    final void replace(byte[] newPlaintext, long next) {
        byte[] copy = newPlaintext.clone(); // first: it may be the array that is wiped
        Arrays.fill(plaintext, (byte) 0);
        plaintext = copy;
        generation = next;
    }

    @Override
    public final void close() {
        if (closed) {
            return;
        }
        closed = true;
        key.wipe();
        Arrays.fill(plaintext, (byte) 0);
        release();
    }

    final void requireNextGeneration() throws StoreException {
        requireOpen();
        if (generation >= FormatOne.MAX_GENERATION) {
            throw new StoreException(Kind.LIMITS, place(), "no generation is left; delete it and set it up again");
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the account is closed");
        }
    }
}

package org.opensciencegrid.cryptostore;

import java.time.Instant;
import java.util.Optional;

/**
 * The content of an account. Replaces it without ever losing it. Not for use by several threads at once.
 *
 * <p>Order of use: {@link #reserve}, ask the issuer, {@link #save}; any number of times. A crash at any time leaves the
 * content before the save or that of the save. After save has returned, it is always the latter.
 */
public interface OpenAccount extends AutoCloseable {
    /** Where the content came from when the account was opened. */
    enum RecoveredFrom {
        /** The account file, or a new account. Nothing had to be recovered. */
        CURRENT,
        /** A complete generation that was waiting and is now published. Nothing is lost. */
        NEXT,
        /** A rescue copy that is now published. Nothing is lost. */
        RESCUE,
        /**
         * The previous generation, because the account file is damaged or missing. Its refresh token may be used up.
         */
        PREVIOUS
    }

    /** A copy of the content; empty for a new account that was not saved yet. The caller wipes it. */
    byte[] plaintext();

    /** The generation of the content. For a new account, the highest one of the account that it replaces, or 0. */
    long generation();

    /** Where the content came from. */
    RecoveredFrom recoveredFrom();

    /**
     * When a run that had reserved the next generation ended before it could save or release it. The response may be
     * lost. Empty if there is no sign of this.
     */
    Optional<Instant> interruptedAt();

    /**
     * A newer generation that is known here, which means that the account was restored, for example from a backup.
     * Empty if there is no sign of this, and if the previous generation was opened because the account is damaged. Only
     * valid before the first save.
     */
    Optional<Generation> newerGeneration();

    /** The cost of the current key. If it is too weak, call {@link #rekey} before the next save. */
    KdfParameters parameters();

    /** Uses a new salt, and so a new key, for all later saves: for a new password or a higher cost. Writes nothing. */
    void rekey(Password password);

    /**
     * Whether the lock is certain to be held until an answer of the issuer has arrived. Check it right before each
     * request leaves.
     */
    default boolean mayAsk() {
        return true;
    }

    /**
     * Reserves the next generation, to find that it cannot be stored before the issuer is asked for a new token. Does
     * nothing if it is already reserved.
     *
     * @throws StoreException UNWRITABLE, without leaving a partial file; LIMITS if all generations are used up
     */
    void reserve() throws StoreException;

    /**
     * Replaces the content of the account. Reserves first if needed. The bytes are durable when this returns. If they
     * cannot be written to their place, they go to a rescue copy, and the result says so.
     *
     * @param newPlaintext at least one byte, at most about 190 KiB
     * @throws StoreException UNWRITABLE if the bytes cannot be stored anywhere. The account is unchanged, and you may
     *     call this again
     */
    SaveResult save(byte[] newPlaintext) throws StoreException;

    /**
     * Like {@link #save}, for content that the caller can get again. Its refresh token must be that of the last save.
     * If it cannot be stored now, fails after a few tries.
     *
     * @throws StoreException if the bytes are not stored, or may be stored later. What {@link #save} then stores is newer
     */
    default SaveResult saveOptional(byte[] newPlaintext) throws StoreException {
        return save(newPlaintext);
    }

    /** Whether another run had saved the answer to a later request than the last {@link #save}, which changed nothing. */
    default boolean isSuperseded() {
        return false;
    }

    /** Releases an unused reservation and wipes key and content. */
    @Override
    void close();
}

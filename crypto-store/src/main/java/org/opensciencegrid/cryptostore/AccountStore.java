package org.opensciencegrid.cryptostore;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Encrypted accounts, in files ({@link FileAccountStore}) or elsewhere. Safe for use by several threads and processes:
 * take the lock of an account before you open or change it.
 */
public interface AccountStore {
    /**
     * The sorted names of all accounts with at least one file, even a damaged or incomplete one. Takes no lock.
     *
     * @throws StoreException UNREADABLE
     */
    List<String> names() throws StoreException;

    /** Where the account is, for messages, whether or not it exists: the path of the account file. */
    Path file(String name);

    /** Whether there is an account, even a damaged one. True if this cannot be found out. */
    boolean exists(String name);

    /**
     * Reads what needs no password and no lock. The account is replaced atomically, so this never reads a part of it.
     *
     * @throws StoreException MISSING, CORRUPT, UNSUPPORTED, LIMITS, WRONG_ACCOUNT, UNREADABLE: about the account as it
     *     is now; recovery may still succeed
     */
    Header peek(String name) throws StoreException;

    /**
     * Decrypts the account as it is now for display, without lock and recovery, and changes nothing. Never renew with
     * the result. The caller wipes it.
     *
     * @throws StoreException like {@link #peek}, and WRONG_PASSWORD, TAMPERED
     */
    byte[] view(String name, Password password) throws StoreException;

    /** Allocates the memory for {@link LockedAccount#open}, unless every account has a cached key. */
    void prepare(Iterable<String> accounts);

    /**
     * Tests whether an account could be saved, as each renewal needs it.
     *
     * @throws StoreException UNWRITABLE
     */
    void requireWritable() throws StoreException;

    /**
     * Takes the lock of an account, whether or not the account exists. The lock is held until {@link
     * LockedAccount#close}.
     *
     * @param wait how long to wait for another run, at least zero; may take some milliseconds longer
     * @throws StoreException BUSY if the lock was not free in time or the thread was interrupted; UNWRITABLE if the
     *     lock cannot be created
     */
    LockedAccount lock(String name, Duration wait) throws StoreException;

    /**
     * A generation that is known here and newer than the account. Needs no lock and no password. See {@link
     * OpenAccount#newerGeneration}.
     */
    Optional<Generation> newerGeneration(String name);
}

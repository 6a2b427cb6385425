package org.opensciencegrid.cryptostore;

/**
 * A locked account. {@link #close} releases the lock. Not for use by several threads at once.
 *
 * <p>There is at most one {@link OpenAccount} at a time: opening or creating another one, or closing this, closes it.
 */
public interface LockedAccount extends AutoCloseable {
    /** Whether there is anything to open, even if it is damaged. */
    boolean exists();

    /**
     * Decrypts the account, and first publishes or deletes what a crash or a failed write left behind.
     *
     * @throws StoreException any kind except BUSY; UNWRITABLE if a waiting generation cannot be published
     */
    OpenAccount open(Password password) throws StoreException;

    /**
     * Starts a new account, which replaces the existing one, if any. Nothing is stored before the first {@link
     * OpenAccount#reserve} or {@link OpenAccount#save}. The existing account stays valid until a save.
     *
     * @throws StoreException UNSUPPORTED if a newer program wrote the existing account, UNREADABLE
     */
    OpenAccount create(Password password) throws StoreException;

    /**
     * Deletes everything of the account except the lock. A crash leaves either an account or none.
     *
     * @throws StoreException UNWRITABLE
     */
    void delete() throws StoreException;

    /** Closes the open account, if any, and releases the lock. */
    @Override
    void close();
}

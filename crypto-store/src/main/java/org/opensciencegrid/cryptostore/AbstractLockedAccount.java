package org.opensciencegrid.cryptostore;

import org.jspecify.annotations.Nullable;

/**
 * Has at most one open account.
 *
 * @param <T> the type of the open account
 */
abstract class AbstractLockedAccount<T extends AbstractOpenAccount> implements LockedAccount {
    private @Nullable T account;
    private boolean closed;

    /** Releases the lock. */
    abstract void unlock();

    final T opened(T open) {
        account = open;
        return open;
    }

    /** An account was closed. */
    void closed(T previous) {}

    /** Call before another account is opened. */
    final void closePrevious() {
        requireLocked();
        T previous = account;
        if (previous != null) {
            account = null;
            previous.close();
            closed(previous);
        }
    }

    @Override
    public final void close() {
        if (closed) {
            return;
        }
        try {
            closePrevious();
        } finally {
            closed = true;
            unlock();
        }
    }

    final void requireLocked() {
        if (closed) {
            throw new IllegalStateException("the lock was given back");
        }
    }
}

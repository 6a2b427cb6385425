package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A record and a lease for each account, in a database that several machines share. Both are replaced by
 * compare-and-swap: a write fails if the version is not the one that was read. Each method sends one request, or a few
 * if only reading is repeated. Only {@link RemoteAccountStore} uses it.
 */
public interface AccountRecords {
    /** The version that a write replaces is not the latest one, or a new record exists already. */
    final class ConflictException extends IOException {
        private static final long serialVersionUID = 1;

        public ConflictException(String message) {
            super(message);
        }
    }

    /** @param version changes with every write */
    record Stored<T>(String version, T content) {}

    /** A run is about to ask the issuer for a new token. */
    record Intent(String holder, Instant at) {}

    /**
     * The record of an account.
     *
     * @param sealed the account in format 1; no bytes if there is none
     * @param asked how many intents there were, including the present one
     * @param answered the intent whose answer {@code sealed} contains. Counts like {@code asked}
     * @param intent the present one. If its holder is gone, the answer of the issuer may be lost
     */
    record Entry(byte[] sealed, long asked, long answered, Optional<Intent> intent) {
        static final Entry EMPTY = new Entry(new byte[0], 0, 0, Optional.empty());

        boolean hasAccount() {
            return sealed.length > 0;
        }
    }

    /**
     * The lock of an account.
     *
     * @param holder empty if it is free
     * @param duration how long it is valid after each write
     */
    record Lease(Optional<String> holder, Duration duration) {}

    Optional<Stored<Entry>> read(String account) throws IOException;

    /**
     * @param version of the record to replace; empty to create it
     * @return the new version
     * @throws ConflictException if nothing was written; after any other exception it is unknown
     */
    String write(String account, Optional<String> version, Entry entry) throws IOException;

    Optional<Stored<Lease>> readLease(String account) throws IOException;

    /** Like {@link #write}. Must change the version even if holder and duration stay the same. */
    String writeLease(String account, Optional<String> version, Lease lease) throws IOException;

    /** Who holds the leases of this process, for people who look at a lease. */
    String holder();

    /** The name of the record, for messages. */
    Path place(String account);
}

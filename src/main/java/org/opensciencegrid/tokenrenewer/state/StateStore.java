package org.opensciencegrid.tokenrenewer.state;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The states of all accounts, in files ({@link FileStateStore}) or elsewhere. */
public interface StateStore {
    /** Another run has written the state since this one read it. Nothing was written. */
    final class ChangedException extends IOException {
        private static final long serialVersionUID = 1L;

        ChangedException(Exception cause) {
            super(cause.getMessage(), cause);
        }
    }

    /**
     * @return {@link AccountState#UNKNOWN} if there is no state or it cannot be parsed
     * @throws IOException if the state exists but cannot be read
     */
    AccountState read(String account) throws IOException;

    /** Like {@link #read}; {@link AccountState#UNKNOWN} also if the state cannot be read. */
    default AccountState readOrUnknown(String account) {
        try {
            return read(account);
        } catch (IOException e) {
            return AccountState.UNKNOWN;
        }
    }

    /**
     * The caller holds the account's lock, so that there is only one writer.
     *
     * @throws ChangedException if there was another one nevertheless: a lease can end while a run holds it
     */
    void write(String account, AccountState state) throws IOException;

    /** For a run that cannot {@link #write}: this state is valid until the next successful write. Never fails. */
    void keepUnwritten(String account, AccountState state);

    /**
     * Records when a run ended. Only status needs it, so the caller may ignore a failure.
     *
     * @return why it could not be written
     */
    Optional<IOException> recordRun(Instant at);

    /** When a run last ended, even if nothing was due; empty if none did or it is unknown. */
    Optional<Instant> lastRun();

    /** Whether the last run could not write, or could not have recorded that. */
    boolean mayBeUnwritable();

    /** Names of all accounts that have a state, sorted. */
    List<String> accounts();

    /** The caller holds the account's lock. */
    void delete(String account) throws IOException;
}

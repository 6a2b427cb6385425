package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.opensciencegrid.cryptostore.AccountRecords.ConflictException;
import org.opensciencegrid.cryptostore.AccountRecords.Lease;
import org.opensciencegrid.cryptostore.AccountRecords.Stored;
import org.opensciencegrid.cryptostore.StoreException.Kind;

/**
 * A lease that this process holds. A thread renews it until {@link #close}.
 *
 * <p>Machines have different clocks, so nobody reads the times in a lease. A holder counts from before its last
 * successful write. Others count from when they first saw that write, so they always wait longer.
 */
final class AccountLease implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(500);
    private static final int TRIES = 3;
    private static final RunningTime TIME = new RunningTime(System::nanoTime, System::currentTimeMillis);

    private final AccountRecords records;
    private final String account;
    private final String holder;
    private final LeaseTerms terms;
    private final Set<AccountLease> held;
    private String version;
    private boolean closed;
    private volatile long validUntil;
    private final AtomicReference<Use> use = new AtomicReference<>(Use.NONE);

    private enum Use {
        NONE,
        /** A request to the issuer or a save is not finished. */
        IN_PROGRESS,
        /** The process ends. */
        ENDED
    }

    /** The lease of another holder, since this process has seen this version of it. */
    record Observed(String version, long nanos) {}

    private AccountLease(
            AccountRecords records,
            String account,
            String holder,
            LeaseTerms terms,
            Set<AccountLease> held,
            String version,
            long before) {
        this.records = records;
        this.account = account;
        this.holder = holder;
        this.terms = terms;
        this.held = held;
        this.version = version;
        this.validUntil = before + terms.duration().toNanos();
        Thread renewer = new Thread(this::renewUntilClosed, "lease " + account);
        renewer.setDaemon(true);
        renewer.start();
    }

    /**
     * @param observed the leases of other holders that this process has seen
     * @param held gets the lease until it is closed
     */
    static AccountLease acquire(
            AccountRecords records,
            String account,
            String holder,
            LeaseTerms terms,
            Map<String, Observed> observed,
            Set<AccountLease> held,
            Duration wait)
            throws StoreException {
        long start = System.nanoTime();
        int failures = 0;
        while (true) {
            boolean isHeld = false;
            try {
                Optional<Stored<Lease>> found = records.readLease(account);
                if (found.isEmpty() || isFree(found.get(), account, holder, observed)) {
                    long before = TIME.nanos();
                    String version = records.writeLease(
                            account, found.map(Stored::version), new Lease(Optional.of(holder), terms.duration()));
                    observed.remove(account);
                    AccountLease lease = new AccountLease(records, account, holder, terms, held, version, before);
                    held.add(lease);
                    return lease;
                }
                isHeld = true;
                failures = 0;
            } catch (ConflictException e) {
                isHeld = true; // another run was faster
            } catch (IOException e) {
                if (++failures == TRIES) {
                    throw StoreException.unwritable(records.place(account), e);
                }
            }
            long left = wait.toNanos() - (System.nanoTime() - start);
            if (left <= 0 && isHeld) {
                throw busy(records, account);
            }
            try {
                TimeUnit.NANOSECONDS.sleep(left <= 0 ? POLL.toNanos() : Math.min(left, POLL.toNanos()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw busy(records, account);
            }
        }
    }

    static StoreException busy(AccountRecords records, String account) {
        return new StoreException(Kind.BUSY, records.place(account), "another run holds its lease");
    }

    private static boolean isFree(Stored<Lease> lease, String account, String holder, Map<String, Observed> observed) {
        Optional<String> other = lease.content().holder();
        if (other.isEmpty() || other.get().equals(holder)) { // ours if the answer to its creation was lost
            return true;
        }
        long nanos = System.nanoTime(); // does not count while this machine sleeps, and the holder may not sleep
        Observed first = observed.compute(
                account,
                (name, known) -> known != null && known.version().equals(lease.version())
                        ? known
                        : new Observed(lease.version(), nanos));
        return nanos - first.nanos() > lease.content().duration().toNanos();
    }

    String holder() {
        return holder;
    }

    /** Whether the lease is certain to be held now. */
    boolean isValid() {
        return validUntil - TIME.nanos() > 0;
    }

    /** Whether the lease is certain to be held for long enough to ask the issuer now. */
    boolean mayAsk() {
        return validUntil - TIME.nanos() >= terms.toAsk().toNanos();
    }

    private synchronized void renewUntilClosed() {
        long pause = terms.renewal().toMillis();
        while (true) {
            try {
                wait(pause);
                if (closed || !renew()) {
                    return;
                }
                pause = terms.renewal().toMillis();
            } catch (IOException e) {
                pause = Math.min(terms.renewal().toMillis(), POLL.toMillis());
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** @return false if another holder has the lease */
    private boolean renew() throws IOException {
        long before = TIME.nanos();
        try {
            version =
                    records.writeLease(account, Optional.of(version), new Lease(Optional.of(holder), terms.duration()));
            validUntil = before + terms.duration().toNanos();
            return true;
        } catch (ConflictException e) {
            if (readAgain()) {
                throw new IOException(e); // try again
            }
            validUntil = before;
            return false;
        }
    }

    /** Whether the lease is still ours: only the answer to the last renewal was lost. */
    private boolean readAgain() throws IOException {
        Optional<Stored<Lease>> found = records.readLease(account);
        boolean isOurs = found.isPresent() && found.get().content().holder().equals(Optional.of(holder));
        if (isOurs) {
            version = found.get().version();
        }
        return isOurs;
    }

    /**
     * Call before a request to the issuer or a save: the end of the process then does not release the lease.
     *
     * @return false if the process ends
     */
    boolean beginUse() {
        return use.compareAndSet(Use.NONE, Use.IN_PROGRESS) || use.get() == Use.IN_PROGRESS;
    }

    void endUse() {
        use.compareAndSet(Use.IN_PROGRESS, Use.NONE);
    }

    /** Releases the lease, unless an answer of the issuer is not saved yet: another run must not ask with its token. */
    void closeUnlessUsed() {
        if (use.compareAndSet(Use.NONE, Use.ENDED)) {
            close();
        }
    }

    /** Releases the lease, so that others need not wait until it ends. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        validUntil = TIME.nanos();
        notifyAll();
        for (int i = 1; i <= TRIES && !release(); i++) {
            try {
                TimeUnit.NANOSECONDS.sleep(i == TRIES ? 0 : POLL.toNanos());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break; // it ends by itself
            }
        }
        held.remove(this);
    }

    /** Whether it is released, or another holder has it. */
    private boolean release() {
        try {
            records.writeLease(account, Optional.of(version), new Lease(Optional.empty(), terms.duration()));
            return true;
        } catch (ConflictException e) {
            try {
                return !readAgain();
            } catch (IOException unreadable) {
                return false;
            }
        } catch (IOException e) {
            return false;
        }
    }
}

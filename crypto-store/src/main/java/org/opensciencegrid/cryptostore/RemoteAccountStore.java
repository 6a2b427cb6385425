package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.opensciencegrid.cryptostore.AccountRecords.Entry;
import org.opensciencegrid.cryptostore.AccountRecords.Stored;
import org.opensciencegrid.cryptostore.StoreException.Kind;

/**
 * Encrypted accounts in a database that several machines share. {@code docs/reference/account-secret.md} specifies the
 * rotation protocol.
 */
public final class RemoteAccountStore implements AccountStore {
    private final AccountRecords records;
    private final Path rescueDirectory;
    private final LeaseTerms terms;
    private final Consumer<StoreException> onRetry;
    private final FileAccountStore.Tools tools;
    private final Map<String, AccountLease.Observed> observed = new ConcurrentHashMap<>();
    private final Set<AccountLease> held = ConcurrentHashMap.newKeySet();
    private volatile boolean isEnding;

    /** Created on first use. */
    private static final class Entropy {
        static final SecureRandom SOURCE = new SecureRandom();
    }

    /**
     * Keeps derived keys in this object alone.
     *
     * @param rescueDirectory for a generation that cannot be saved at once. Created (0700) when needed if its parent
     *     exists. Helps only if the next process on this machine finds it
     * @param parametersForNew the cost of new keys; existing accounts contain their own
     * @param onRetry called when a save fails, and about once a minute until it succeeds
     */
    public RemoteAccountStore(
            AccountRecords records,
            Path rescueDirectory,
            KdfParameters parametersForNew,
            LeaseTerms terms,
            Consumer<StoreException> onRetry) {
        this(
                records,
                rescueDirectory,
                terms,
                onRetry,
                new FileAccountStore.Tools(
                        new RealDisk(),
                        KeyDerivation.argon2id(),
                        parametersForNew,
                        () -> Entropy.SOURCE,
                        KeyCache.inProcess(),
                        HostRecords.NONE,
                        new AtomicBoolean()));
    }

    RemoteAccountStore(
            AccountRecords records,
            Path rescueDirectory,
            LeaseTerms terms,
            Consumer<StoreException> onRetry,
            FileAccountStore.Tools tools) {
        this.records = records;
        this.rescueDirectory = rescueDirectory.toAbsolutePath().normalize();
        this.terms = terms;
        this.onRetry = onRetry;
        this.tools = tools;
    }

    /** None: a list of the accounts needs the right to read all records. */
    @Override
    public List<String> names() {
        return List.of();
    }

    @Override
    public Path file(String name) {
        return records.place(AccountName.check(name));
    }

    @Override
    public boolean exists(String name) {
        try {
            entry(name);
            return true;
        } catch (StoreException e) {
            return e.kind() != Kind.MISSING;
        }
    }

    @Override
    public Header peek(String name) throws StoreException {
        Entry entry = entry(name);
        FormatOne.Sealed sealed = decode(name, entry);
        RescueCopy rescued = rescueCopy(name);
        boolean isWaiting =
                rescued.read().filter(copy -> copy.isNewerThan(entry)).isPresent();
        return new Header(
                name, sealed.generation(), sealed.parameters(), isWaiting ? List.of(rescued.file()) : List.of());
    }

    @Override
    public byte[] view(String name, Password password) throws StoreException {
        FormatOne.Sealed sealed = decode(name, entry(name));
        DerivedKey key = new DerivedKey(tools.derivation(), password, sealed.salt(), sealed.parameters());
        try {
            return sealed.open(key);
        } finally {
            key.wipe();
        }
    }

    private Entry entry(String name) throws StoreException {
        try {
            Optional<Entry> entry = records.read(AccountName.check(name)).map(Stored::content);
            if (entry.filter(Entry::hasAccount).isEmpty()) {
                throw new StoreException(Kind.MISSING, file(name), "there is no such account");
            }
            return entry.get();
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw StoreException.unreadable(file(name), e);
        }
    }

    private FormatOne.Sealed decode(String name, Entry entry) throws StoreException {
        return FormatOne.decode(file(name), entry.sealed(), name);
    }

    @Override
    public void prepare(Iterable<String> accounts) {
        tools.prepare(accounts);
    }

    /** Does nothing: only a write could test it, and reserving is one. */
    @Override
    public void requireWritable() {}

    @Override
    public Optional<Generation> newerGeneration(String name) {
        return Optional.empty();
    }

    @Override
    public LockedAccount lock(String name, Duration wait) throws StoreException {
        AccountName.check(name);
        byte[] unique = new byte[8];
        tools.random().get().nextBytes(unique);
        String holder = records.holder() + "_" + HexFormat.of().formatHex(unique);
        AccountLease lease = AccountLease.acquire(records, name, holder, terms, observed, held, wait);
        if (isEnding) { // also if it began to end while this waited
            lease.close();
            throw AccountLease.busy(records, name);
        }
        return new RemoteLockedAccount(name, records, rescueCopy(name), lease, onRetry, tools);
    }

    /**
     * For the end of a process whose threads do not close their accounts: others need not wait for its leases, except
     * for that of an account with a request or a save that is not finished. No account can be locked afterwards.
     */
    public void releaseAll() {
        isEnding = true;
        List.copyOf(held).forEach(AccountLease::closeUnlessUsed);
    }

    private RescueCopy rescueCopy(String name) {
        return RescueCopy.in(rescueDirectory, tools.disk(), name);
    }
}

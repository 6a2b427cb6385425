package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.AccountRecords.ConflictException;
import org.opensciencegrid.cryptostore.AccountRecords.Entry;
import org.opensciencegrid.cryptostore.AccountRecords.Stored;
import org.opensciencegrid.cryptostore.FileAccountStore.Tools;
import org.opensciencegrid.cryptostore.StoreException.Kind;

/** The lease of an account in a {@link RemoteAccountStore}. */
final class RemoteLockedAccount implements LockedAccount {
    final String name;
    final AccountRecords records;
    /** Where a generation goes that cannot be saved at once. */
    final Path rescueCopy;

    final AccountLease lease;
    final Consumer<StoreException> onRetry;
    final Tools tools;
    private @Nullable RemoteOpenAccount account;
    private boolean closed;

    RemoteLockedAccount(
            String name,
            AccountRecords records,
            Path rescueCopy,
            AccountLease lease,
            Consumer<StoreException> onRetry,
            Tools tools) {
        this.name = name;
        this.records = records;
        this.rescueCopy = rescueCopy;
        this.lease = lease;
        this.onRetry = onRetry;
        this.tools = tools;
    }

    Path place() {
        return records.place(name);
    }

    @Override
    public boolean exists() {
        requireLocked();
        try {
            return records.read(name)
                    .map(Stored::content)
                    .filter(Entry::hasAccount)
                    .isPresent();
        } catch (IOException e) {
            return true;
        }
    }

    private Optional<Stored<Entry>> read() throws StoreException {
        try {
            return records.read(name);
        } catch (IOException e) {
            throw StoreException.unreadable(place(), e);
        }
    }

    /**
     * Saves a rescue copy first. It is the answer to the intent that is still in the record; otherwise another machine
     * has saved a later one, and the copy is useless.
     */
    @Override
    public OpenAccount open(Password password) throws StoreException {
        closePrevious();
        Optional<Stored<Entry>> stored = read();
        if (stored.filter(found -> found.content().hasAccount()).isEmpty()) {
            throw new StoreException(Kind.MISSING, place(), "there is no such account");
        }
        FormatOne.Sealed current =
                FormatOne.decode(place(), stored.get().content().sealed(), name);
        GenerationScan.GenerationFile rescued = GenerationScan.readFile(tools.disk(), rescueCopy, name, false);
        if (rescued.generation() == current.generation() + 1
                && stored.get().content().intent().isPresent()) {
            Tools.Opened opened = tools.open(name, rescued.orThrow(), password);
            account = new RemoteOpenAccount(this, stored.get(), current.generation(), opened, true);
            account.save(opened.plaintext());
        } else {
            tools.disk().deleteQuietly(rescueCopy);
            Tools.Opened opened = tools.open(name, current, password);
            account = new RemoteOpenAccount(this, stored.get(), current.generation(), opened, false);
        }
        return account;
    }

    @Override
    public OpenAccount create(Password password) throws StoreException {
        closePrevious();
        Optional<Stored<Entry>> stored = read();
        long generation = 0;
        if (stored.isPresent() && stored.get().content().hasAccount()) {
            try {
                generation = FormatOne.decode(place(), stored.get().content().sealed(), name)
                        .generation();
            } catch (StoreException e) {
                if (e.kind() == Kind.UNSUPPORTED) {
                    throw e;
                }
            }
        }
        account = new RemoteOpenAccount(this, stored, generation, password);
        return account;
    }

    /** Empties the record, so that no right to delete is needed, and nobody creates it again with other rights. */
    @Override
    public void delete() throws StoreException {
        closePrevious();
        tools.keys().remove(name);
        try {
            tools.disk().delete(rescueCopy); // first: it would bring the account back
            Optional<Stored<Entry>> stored = records.read(name);
            if (stored.isPresent()) {
                long asked = stored.get().content().asked();
                records.write(
                        name,
                        Optional.of(stored.get().version()),
                        new Entry(new byte[0], asked, asked, Optional.empty()));
            }
        } catch (ConflictException e) {
            throw AccountLease.busy(records, name);
        } catch (IOException e) {
            throw StoreException.unwritable(place(), e);
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            closeAccount();
        } finally {
            lease.close();
        }
    }

    private void closePrevious() {
        requireLocked();
        closeAccount();
    }

    private void closeAccount() {
        if (account != null) {
            account.close();
            account = null;
        }
    }

    private void requireLocked() {
        if (closed) {
            throw new IllegalStateException("the lock was given back");
        }
    }
}

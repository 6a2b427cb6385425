package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.AccountRecords.ConflictException;
import org.opensciencegrid.cryptostore.AccountRecords.Entry;
import org.opensciencegrid.cryptostore.AccountRecords.Stored;
import org.opensciencegrid.cryptostore.FileAccountStore.Tools;
import org.opensciencegrid.cryptostore.StoreException.Kind;

/** The lease of an account in a {@link RemoteAccountStore}. */
final class RemoteLockedAccount extends AbstractLockedAccount<RemoteOpenAccount> {
    final String name;
    final AccountRecords records;
    /** Where an answer goes that cannot be saved at once. */
    final RescueCopy rescueCopy;

    final AccountLease lease;
    final Consumer<StoreException> onRetry;
    final Tools tools;
    /** Of the record as the last open account left it. */
    private Optional<String> version = Optional.empty();

    RemoteLockedAccount(
            String name,
            AccountRecords records,
            RescueCopy rescueCopy,
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

    /** Saves a rescue copy first, unless a later answer is in the record. */
    @Override
    public OpenAccount open(Password password) throws StoreException {
        closePrevious();
        Optional<Stored<Entry>> stored = read();
        Optional<RescueCopy.Content> rescued = rescueCopy.read();
        boolean isRescued = stored.isPresent()
                && rescued.isPresent()
                && rescued.get().isNewerThan(stored.get().content());
        if (!isRescued && stored.filter(found -> found.content().hasAccount()).isEmpty()) {
            throw new StoreException(Kind.MISSING, place(), "there is no such account");
        }
        FormatOne.@Nullable Sealed current = stored.get().content().hasAccount()
                ? FormatOne.decode(place(), stored.get().content().sealed(), name)
                : null; // only the rescue copy has it
        long generation = current == null ? 0 : current.generation();
        if (isRescued) {
            Tools.Opened opened = tools.open(name, rescued.get().sealed(), password);
            RemoteOpenAccount account = opened(new RemoteOpenAccount(
                    this, stored.get(), generation, opened, rescued.get().intent()));
            account.save(opened.plaintext());
            return account;
        } else {
            if (rescued.isPresent()) {
                rescueCopy.deleteQuietly();
            }
            Tools.Opened opened = tools.open(name, Objects.requireNonNull(current), password);
            return opened(new RemoteOpenAccount(this, stored.get(), generation, opened, 0));
        }
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
        return opened(new RemoteOpenAccount(this, stored, generation, password));
    }

    /**
     * Empties the record, so that no right to delete is needed, and nobody creates it again with other rights. Fails if
     * another machine has changed the account since it was opened here.
     */
    @Override
    public void delete() throws StoreException {
        closePrevious();
        if (!lease.isValid()) {
            throw AccountLease.busy(records, name);
        }
        tools.keys().remove(name);
        try {
            Optional<Stored<Entry>> stored = records.read(name);
            if (stored.isPresent()) {
                if (version.isPresent() && !version.get().equals(stored.get().version())) {
                    throw AccountLease.busy(records, name);
                }
                long asked = stored.get().content().asked();
                records.write(
                        name,
                        Optional.of(stored.get().version()),
                        new Entry(new byte[0], asked, asked, Optional.empty()));
                version = Optional.empty();
            }
            tools.disk().delete(rescueCopy.file());
        } catch (ConflictException e) {
            throw AccountLease.busy(records, name);
        } catch (IOException e) {
            throw StoreException.unwritable(place(), e);
        }
    }

    @Override
    void closed(RemoteOpenAccount previous) {
        version = previous.version();
    }

    @Override
    void unlock() {
        lease.close();
    }
}

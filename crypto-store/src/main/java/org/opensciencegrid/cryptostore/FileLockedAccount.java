package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** The lock of an account in a {@link FileAccountStore}. */
final class FileLockedAccount extends AbstractLockedAccount<FileOpenAccount> {
    private final AccountFiles files;
    private final FileAccountStore.Tools tools;
    private final ProcessLock lock;

    FileLockedAccount(AccountFiles files, FileAccountStore.Tools tools, ProcessLock lock) {
        this.files = files;
        this.tools = tools;
        this.lock = lock;
    }

    @Override
    public boolean exists() {
        requireLocked();
        try {
            // Nearly always enough; opening the account looks at all files anyway.
            tools.disk().read(files.account(), 0);
            return true;
        } catch (NoSuchFileException e) {
            return new GenerationScan(files, tools.disk()).exists();
        } catch (IOException e) {
            return true;
        }
    }

    /**
     * Needs one key derivation, unless a {@link FileAccountStore#withKeyCache cached key} works. Needs a second one only
     * if a waiting generation has another salt (after a password change).
     */
    @Override
    public OpenAccount open(Password password) throws StoreException {
        closePrevious();
        GenerationScan scan = new GenerationScan(files, tools.disk());
        scan.requireRecoverable();
        FileOpenAccount account = opened(openNewest(scan, password));
        account.recover();
        return account;
    }

    private FileOpenAccount openNewest(GenerationScan scan, Password password) throws StoreException {
        StoreException failure = null;
        // A rescue copy may be old, in a directory that others clean up. Use it only if it opens.
        for (FormatOne.Sealed copy : scan.rescueCopies()) {
            try {
                return decrypt(scan, copy, password, OpenAccount.RecoveredFrom.RESCUE);
            } catch (StoreException e) {
                failure = e;
            }
        }
        Optional<FormatOne.Sealed> successor = scan.successor();
        if (successor.isPresent()) {
            return decrypt(scan, successor.get(), password, OpenAccount.RecoveredFrom.NEXT);
        } else if (scan.current().readable()) {
            return decrypt(scan, scan.current().orThrow(), password, OpenAccount.RecoveredFrom.CURRENT);
        } else if (scan.fallback().isPresent()) {
            return decrypt(scan, scan.fallback().get(), password, OpenAccount.RecoveredFrom.PREVIOUS);
        }
        throw failure != null ? failure : scan.missingReason();
    }

    private FileOpenAccount decrypt(
            GenerationScan scan, FormatOne.Sealed chosen, Password password, OpenAccount.RecoveredFrom recoveredFrom)
            throws StoreException {
        FileAccountStore.Tools.Opened opened = tools.open(files.name(), chosen, password);
        DerivedKey key = opened.key();
        try {
            FormatOne.Sealed current = scan.current().sealed();
            if (current != null && current != chosen && key.isFor(current.salt(), current.parameters())) {
                // Publishing would overwrite this file, so it must be authentic too (TAMPERED is never overwritten).
                Arrays.fill(current.open(key), (byte) 0);
            }
            return new FileOpenAccount(files, tools, scan, opened, chosen, recoveredFrom);
        } catch (StoreException e) {
            key.wipe();
            throw e;
        }
    }

    @Override
    public OpenAccount create(Password password) throws StoreException {
        closePrevious();
        GenerationScan scan = new GenerationScan(files, tools.disk());
        scan.requireReplaceable();
        return opened(new FileOpenAccount(files, tools, scan, password));
    }

    /** The account file is deleted last. */
    @Override
    public void delete() throws StoreException {
        closePrevious();
        tools.keys().remove(files.name());
        tools.hostRecords().forget(files.name());
        Disk disk = tools.disk();
        try {
            for (Path rescue : files.rescues()) {
                disk.delete(rescue);
                disk.delete(AccountFiles.incomplete(rescue));
            }
            disk.delete(files.next());
            disk.delete(files.old());
            disk.delete(files.previous());
            disk.forceDirectory(files.directory());
            try {
                disk.forceDirectory(files.rescueDirectory());
            } catch (NoSuchFileException e) {
                // There was never a rescue copy.
            }
            disk.delete(files.account());
            disk.forceDirectory(files.directory());
        } catch (IOException e) {
            throw StoreException.unwritable(files.account(), e);
        }
    }

    @Override
    void unlock() {
        lock.close();
    }
}

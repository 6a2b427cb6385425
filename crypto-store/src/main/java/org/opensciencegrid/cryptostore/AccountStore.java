package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * A directory of encrypted accounts. Safe for use by several threads and processes: whoever wants to open or change an
 * account takes its lock first.
 */
public final class AccountStore {
    private final Path directory;
    private final Path rescueDirectory;
    private final Tools tools;

    /**
     * What an account works with.
     *
     * @param random asked for salts and nonces only: making one costs a new JVM more than a run with nothing due may
     * @param rehearsed whether an account was sealed already, see {@link OpenAccount#reserve}
     */
    record Tools(
            Disk disk,
            KeyDerivation derivation,
            KdfParameters parametersForNew,
            Supplier<SecureRandom> random,
            KeyCache keys,
            AtomicBoolean rehearsed) {
        Tools(Disk disk, KeyDerivation derivation, KdfParameters parametersForNew, Supplier<SecureRandom> random) {
            this(disk, derivation, parametersForNew, random, KeyCache.NONE, new AtomicBoolean());
        }
    }

    /** Made when it is asked for. */
    private static final class Entropy {
        static final SecureRandom SOURCE = new SecureRandom();
    }

    /**
     * A store with Argon2id.
     *
     * @param accountsDirectory made (0700) at the first lock if its parent exists
     * @param rescueDirectory for a generation that the accounts directory does not take; best on another file system.
     *     Made (0700) when needed if its parent exists. It must outlive the run
     * @param parametersForNew the cost of keys that are made from now on; existing files carry their own
     */
    public AccountStore(Path accountsDirectory, Path rescueDirectory, KdfParameters parametersForNew) {
        this(accountsDirectory, rescueDirectory, parametersForNew, KeyDerivation.argon2id());
    }

    /** A store with another way to come to a key, for example one that counts the calls of {@link KeyDerivation#argon2id}. */
    public AccountStore(
            Path accountsDirectory, Path rescueDirectory, KdfParameters parametersForNew, KeyDerivation derivation) {
        this(
                accountsDirectory,
                rescueDirectory,
                new Tools(new RealDisk(), derivation, parametersForNew, () -> Entropy.SOURCE));
    }

    AccountStore(Path accountsDirectory, Path rescueDirectory, Tools tools) {
        this.directory = accountsDirectory.toAbsolutePath().normalize();
        this.rescueDirectory = rescueDirectory.toAbsolutePath().normalize();
        this.tools = tools;
    }

    /**
     * The same, with derived keys kept in memory until the next boot. Only for passwords that were read from a file.
     *
     * @param keys a directory; nothing is kept unless it is the user's own, of mode 0700, on a tmpfs
     */
    public AccountStore withKeysKept(Path keys) {
        return new AccountStore(
                directory,
                rescueDirectory,
                new Tools(
                        tools.disk(),
                        tools.derivation(),
                        tools.parametersForNew(),
                        tools.random(),
                        new KeyCache(keys),
                        tools.rehearsed()));
    }

    /**
     * The names of all accounts of which there is a file, even a damaged or half made one; sorted. No lock is taken.
     *
     * @throws StoreException UNREADABLE
     */
    public List<String> names() throws StoreException {
        TreeSet<String> names = new TreeSet<>();
        for (Path place : List.of(directory, rescueDirectory)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(place)) {
                files.forEach(file -> addName(file.getFileName().toString(), names));
            } catch (NoSuchFileException | NotDirectoryException e) {
                // No accounts yet, or nothing rescued.
            } catch (DirectoryIteratorException e) {
                throw StoreException.unreadable(place, e.getCause());
            } catch (IOException e) {
                throw StoreException.unreadable(place, e);
            }
        }
        return List.copyOf(names);
    }

    private static void addName(String file, TreeSet<String> names) {
        for (String suffix : AccountFiles.CONTENT_SUFFIXES) {
            if (file.endsWith(suffix)) {
                try {
                    names.add(AccountName.check(file.substring(0, file.length() - suffix.length())));
                } catch (IllegalArgumentException e) {
                    // Not one of ours.
                }
            }
        }
    }

    /** Where the account is, or would be. */
    public Path file(String name) {
        return files(directory, name).account();
    }

    /**
     * Reads what needs neither password nor lock. The account file is replaced atomically, so this is never half of one.
     *
     * @throws StoreException MISSING, CORRUPT, UNSUPPORTED, LIMITS, WRONG_ACCOUNT, UNREADABLE: about the account file
     *     itself; recovery may still succeed
     */
    public Header peek(String name) throws StoreException {
        Survey survey = new Survey(files(directory, name), tools.disk());
        FormatOne.Sealed current = survey.current().orThrow();
        List<Path> waiting = new ArrayList<>();
        survey.successor().ifPresent(next -> waiting.add(next.file()));
        survey.rescueCopies().forEach(copy -> waiting.add(copy.file()));
        return new Header(name, current.generation(), current.parameters(), List.copyOf(waiting));
    }

    /**
     * Decrypts the account file as it is now, without lock and recovery, and changes nothing: to look at, never to renew
     * with. The caller wipes the result.
     *
     * @throws StoreException as {@link #peek}, and WRONG_PASSWORD, TAMPERED
     */
    public byte[] view(String name, Password password) throws StoreException {
        FormatOne.Sealed current =
                new Survey(files(directory, name), tools.disk()).current().orThrow();
        DerivedKey key = new DerivedKey(tools.derivation(), password, current.salt(), current.parameters());
        try {
            return current.open(key);
        } finally {
            key.wipe();
        }
    }

    /**
     * Takes the lock of one account, whether it exists or not. It is held until {@link LockedAccount#close}.
     *
     * @param wait how long to wait for another run, at least zero; some milliseconds more are possible
     * @throws StoreException BUSY if it was not free in time or the thread was interrupted; UNWRITABLE if the lock file
     *     or the directory cannot be made
     */
    public LockedAccount lock(String name, Duration wait) throws StoreException {
        AccountName.check(name);
        try {
            tools.disk().makeDirectory(directory);
            AccountFiles files = files(directory.toRealPath(), name);
            return new LockedAccount(files, tools, ProcessLock.acquire(files.lock(), wait));
        } catch (IOException e) {
            throw StoreException.unwritable(directory, e);
        }
    }

    private AccountFiles files(Path place, String name) {
        return new AccountFiles(AccountName.check(name), place, rescueDirectory);
    }
}

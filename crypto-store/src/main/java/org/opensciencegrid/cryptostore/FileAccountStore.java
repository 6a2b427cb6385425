package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** A directory of encrypted accounts. */
public final class FileAccountStore implements AccountStore {
    private final Path directory;
    private final Path rescueDirectory;
    private final Tools tools;

    /**
     * The dependencies of an account.
     *
     * @param random used only for salts and nonces, because creating a SecureRandom costs a new JVM more than the rest
     *     of a run with nothing due
     * @param rehearsed whether this process has sealed an account before, see {@link FileOpenAccount#reserve}
     */
    record Tools(
            Disk disk,
            KeyDerivation derivation,
            KdfParameters parametersForNew,
            Supplier<SecureRandom> random,
            KeyCache keys,
            HostRecords hostRecords,
            AtomicBoolean rehearsed) {
        Tools(Disk disk, KeyDerivation derivation, KdfParameters parametersForNew, Supplier<SecureRandom> random) {
            this(disk, derivation, parametersForNew, random, KeyCache.NONE, HostRecords.NONE, new AtomicBoolean());
        }

        /** A decrypted account and its key. The holder wipes both. */
        record Opened(DerivedKey key, byte[] plaintext) {}

        /** Decrypts with a cached key, or else derives one. */
        Opened open(String name, FormatOne.Sealed chosen, Password password) throws StoreException {
            Optional<byte[]> cached = keys.find(name, password, chosen.salt(), chosen.parameters());
            if (cached.isPresent()) {
                try {
                    return open(chosen, new DerivedKey(cached.get(), chosen.salt(), chosen.parameters()));
                } catch (StoreException e) {
                    if (e.kind() != StoreException.Kind.WRONG_PASSWORD) {
                        throw e;
                    }
                    keys.remove(name); // the cached key was changed
                }
            }
            Opened opened = open(chosen, new DerivedKey(derivation, password, chosen.salt(), chosen.parameters()));
            byte[] bytes = opened.key().bytes();
            keys.put(name, password, chosen.salt(), chosen.parameters(), bytes);
            Arrays.fill(bytes, (byte) 0);
            return opened;
        }

        private static Opened open(FormatOne.Sealed chosen, DerivedKey key) throws StoreException {
            try {
                return new Opened(key, chosen.open(key));
            } catch (StoreException e) {
                key.wipe();
                throw e;
            }
        }

        void prepare(Iterable<String> accounts) {
            for (String name : accounts) {
                if (!keys.contains(AccountName.check(name))) {
                    derivation.prepare(parametersForNew);
                    return;
                }
            }
        }
    }

    private static final class Entropy implements Supplier<SecureRandom> {
        /** Created on first use. */
        private static final class Source {
            static final SecureRandom RANDOM = new SecureRandom();
        }

        @Override
        public SecureRandom get() {
            return Source.RANDOM;
        }
    }

    /**
     * A store with Argon2id.
     *
     * @param accountsDirectory created (0700) at the first lock if its parent exists
     * @param rescueDirectory for a generation that cannot be written to the accounts directory; best on another file
     *     system. Created (0700) when needed if its parent exists. It must outlive the run
     * @param parametersForNew the cost of new keys; existing files contain their own
     */
    public FileAccountStore(Path accountsDirectory, Path rescueDirectory, KdfParameters parametersForNew) {
        this(accountsDirectory, rescueDirectory, parametersForNew, KeyDerivation.argon2id());
    }

    /** A store with another key derivation, for example one that counts the calls of {@link KeyDerivation#argon2id}. */
    public FileAccountStore(
            Path accountsDirectory, Path rescueDirectory, KdfParameters parametersForNew, KeyDerivation derivation) {
        this(
                accountsDirectory,
                rescueDirectory,
                new Tools(new RealDisk(), derivation, parametersForNew, new Entropy()));
    }

    FileAccountStore(Path accountsDirectory, Path rescueDirectory, Tools tools) {
        this.directory = accountsDirectory.toAbsolutePath().normalize();
        this.rescueDirectory = rescueDirectory.toAbsolutePath().normalize();
        this.tools = tools;
    }

    /**
     * The same store, with derived keys kept in memory until the next boot. Only for passwords that were read from a
     * file.
     *
     * @param keys a directory; used only if it belongs to the current user, has mode 0700 and is on a tmpfs
     */
    public FileAccountStore withKeyCache(Path keys) {
        return with(new KeyCache(keys), tools.hostRecords().with(keys));
    }

    /**
     * The same store, with derived keys kept in this object alone: for a process that opens the same accounts again and
     * again. Only for passwords that were read from a file.
     */
    public FileAccountStore withInProcessKeyCache() {
        return with(KeyCache.inProcess(), tools.hostRecords());
    }

    /**
     * The same store, with information about this host's accounts outside of their directory.
     *
     * @param directory one that is not in a backup of the accounts; used only if it belongs to the current user
     */
    public FileAccountStore withHostRecords(Path directory) {
        return with(tools.keys(), tools.hostRecords().withDurable(directory));
    }

    private FileAccountStore with(KeyCache keys, HostRecords hostRecords) {
        return new FileAccountStore(
                directory,
                rescueDirectory,
                new Tools(
                        tools.disk(),
                        tools.derivation(),
                        tools.parametersForNew(),
                        tools.random(),
                        keys,
                        hostRecords,
                        tools.rehearsed()));
    }

    /** A random name of this host, created on first use; empty if it cannot be stored. */
    public Optional<String> instance() {
        return tools.hostRecords().instance(tools.random());
    }

    /**
     * A mark that differs in nearly every copy of the account's directory: the inode of its lock file, which is never
     * deleted.
     */
    public Optional<String> lockInode(String name) {
        return lockAttribute(name, "unix:ino");
    }

    /**
     * A mark that differs in every copy, but also if the owner or mode of the files was changed: the lock file's ctime.
     */
    public Optional<String> lockChangedAt(String name) {
        return lockAttribute(name, "unix:ctime");
    }

    private Optional<String> lockAttribute(String name, String attribute) {
        try {
            return Optional.of(Files.getAttribute(files(directory, name).lock(), attribute, LinkOption.NOFOLLOW_LINKS)
                    .toString());
        } catch (IOException | UnsupportedOperationException e) {
            return Optional.empty();
        }
    }

    @Override
    public Optional<Generation> newerGeneration(String name) {
        AccountFiles files = files(directory, name);
        // Read these first: a run may publish the next generation at any time.
        long previous = GenerationScan.generation(files.previous(), name, tools.disk());
        Generation newest = tools.hostRecords().newest(name, new Generation(previous, files.previous()));
        GenerationScan scan = new GenerationScan(files, tools.disk());
        if (!scan.current().readable()
                || scan.successor().isPresent()
                || !scan.rescueCopies().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(newest)
                .filter(known -> known.number() > scan.current().generation());
    }

    @Override
    public List<String> names() throws StoreException {
        TreeSet<String> names = new TreeSet<>();
        for (Path root : List.of(directory, rescueDirectory)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(root)) {
                files.forEach(file -> addName(file.getFileName().toString(), names));
            } catch (NoSuchFileException | NotDirectoryException e) {
                // There are no accounts or no rescue copies yet.
            } catch (DirectoryIteratorException e) {
                throw StoreException.unreadable(root, e.getCause());
            } catch (IOException e) {
                throw StoreException.unreadable(root, e);
            }
        }
        return List.copyOf(names);
    }

    private static void addName(String file, TreeSet<String> names) {
        for (String suffix : AccountFiles.CONTENT_SUFFIXES) {
            if (file.endsWith(suffix)) {
                String name = file.substring(0, file.length() - suffix.length());
                if (AccountName.isValid(name)) {
                    names.add(name);
                }
            }
        }
    }

    @Override
    public Path file(String name) {
        return files(directory, name).account();
    }

    @Override
    public boolean exists(String name) {
        return Files.exists(file(name));
    }

    @Override
    public Header peek(String name) throws StoreException {
        GenerationScan scan = new GenerationScan(files(directory, name), tools.disk());
        FormatOne.Sealed current = scan.current().orThrow();
        List<Path> unpublished = new ArrayList<>();
        scan.successor().ifPresent(next -> unpublished.add(next.file()));
        scan.rescueCopies().forEach(copy -> unpublished.add(copy.file()));
        return new Header(name, current.generation(), current.parameters(), List.copyOf(unpublished));
    }

    @Override
    public byte[] view(String name, Password password) throws StoreException {
        FormatOne.Sealed current = new GenerationScan(files(directory, name), tools.disk())
                .current()
                .orThrow();
        DerivedKey key = new DerivedKey(tools.derivation(), password, current.salt(), current.parameters());
        try {
            return current.open(key);
        } finally {
            key.wipe();
        }
    }

    @Override
    public void prepare(Iterable<String> accounts) {
        tools.prepare(accounts);
    }

    /** Tests whether there is space for a generation. Does nothing if the directory does not exist yet. */
    @Override
    public void requireWritable() throws StoreException {
        Path probe = directory.resolve(".probe");
        Disk disk = tools.disk();
        if (!Files.isDirectory(directory)) {
            return;
        }
        try {
            disk.delete(probe);
            try (Disk.OpenFile file = disk.create(probe)) {
                file.write(new byte[FileOpenAccount.MIN_RESERVATION_BYTES]);
                file.force(true);
            } finally {
                disk.delete(probe);
            }
        } catch (FileAlreadyExistsException e) {
            // another process runs the same test at this moment
        } catch (IOException e) {
            throw StoreException.unwritable(directory, e);
        }
    }

    @Override
    public LockedAccount lock(String name, Duration wait) throws StoreException {
        AccountName.check(name);
        try {
            tools.disk().makeDirectory(directory);
            AccountFiles files = files(directory.toRealPath(), name);
            return new FileLockedAccount(files, tools, ProcessLock.acquire(files.lock(), wait));
        } catch (IOException e) {
            throw StoreException.unwritable(directory, e);
        }
    }

    private AccountFiles files(Path accounts, String name) {
        return new AccountFiles(AccountName.check(name), accounts, rescueDirectory);
    }
}

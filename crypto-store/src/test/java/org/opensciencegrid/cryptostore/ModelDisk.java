package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.zip.CRC32;

/**
 * A disk in memory that distinguishes durable content from the page cache.
 *
 * <p>Without an fsync, a crash may lose or tear any write, and lose any subset of the changes of names in a directory.
 * A failed fsync loses its writes permanently although they are still readable, as on Linux ("fsyncgate"). Blocks are
 * allocated at fsync, so a full disk causes an error there.
 */
final class ModelDisk implements Disk {
    /** The process is dead: none of its code runs after this, and nothing it does reaches the disk. */
    static final class Crash extends Error {
        private static final long serialVersionUID = 1;
    }

    enum Fault {
        NONE,
        /** The power fails before the operation. */
        CRASH,
        /** The operation fails once. */
        ERROR,
        /** The operation takes effect but reports a failure, once. */
        ERROR_AFTER_EFFECT,
        /** This operation and all later ones in the accounts directory fail. */
        ERROR_FROM_NOW_ON,
        /** This operation and all later ones except reads fail (errors=remount-ro). */
        READ_ONLY_FROM_NOW_ON,
        /** This operation and all later ones fail. */
        ERROR_EVERYWHERE
    }

    /** What happens to writes that were not synced. */
    private enum Loss {
        ALL,
        NONE,
        TORN
    }

    private static final class Inode {
        byte[] cached = {};
        byte[] durable = {};
        byte[] torn = {};
        int allocated;
        boolean lostByFailedForce;
    }

    private record NameChange(Path directory, Consumer<Map<Path, Inode>> change) {}

    final List<String> log = new ArrayList<>();
    private final Path accounts;
    private final Map<Path, Inode> cachedNames = new TreeMap<>();
    private final Map<Path, Inode> durableNames = new TreeMap<>();
    private final List<NameChange> pending = new ArrayList<>();
    private Fault fault = Fault.NONE;
    private int faultAt;
    private int crashAt = Integer.MAX_VALUE;
    private boolean crashed;
    boolean full;
    /** Whether a failure also interrupts the thread, as an interrupt closes an open channel. */
    boolean interrupts;
    /** Files that were opened for writing and not closed. */
    int open;

    ModelDisk(Path accounts) {
        this.accounts = accounts;
    }

    /** Sets a fault at the n-th operation from now, counted from 0. */
    void arm(Fault newFault, int n) {
        log.clear();
        fault = newFault;
        faultAt = n;
    }

    /** Sets a power failure before the n-th operation, in addition to the other fault. */
    void crashAt(int n) {
        crashAt = n;
    }

    /** Adds a durable file. */
    ModelDisk with(Path file, byte[] bytes) {
        Inode inode = new Inode();
        inode.cached = inode.durable = inode.torn = bytes;
        cachedNames.put(file, inode);
        durableNames.put(file, inode);
        return this;
    }

    boolean has(Path file) {
        return cachedNames.containsKey(file);
    }

    /** The same for equal disks. */
    String identity() {
        StringBuilder identity = new StringBuilder();
        durableNames.forEach((file, inode) -> {
            CRC32 crc = new CRC32();
            crc.update(inode.durable);
            identity.append(file).append(crc.getValue()).append(',');
        });
        return identity.toString();
    }

    List<String> names() {
        return cachedNames.keySet().stream()
                .map(file -> file.getFileName().toString())
                .toList();
    }

    /** Every disk that a power failure at this moment can leave, each once. */
    List<ModelDisk> afterPowerFailure() {
        Map<String, ModelDisk> disks = new TreeMap<>();
        for (int subset = 0; subset < 1 << pending.size(); subset++) {
            Map<Path, Inode> names = new TreeMap<>(durableNames);
            for (int i = 0; i < pending.size(); i++) {
                if ((subset >> i & 1) == 1) {
                    pending.get(i).change().accept(names);
                }
            }
            for (Loss loss : Loss.values()) {
                ModelDisk disk = new ModelDisk(accounts);
                names.forEach((file, inode) -> disk.with(file, surviving(inode, loss)));
                disks.putIfAbsent(disk.identity(), disk);
            }
        }
        return List.copyOf(disks.values());
    }

    private static byte[] surviving(Inode inode, Loss loss) {
        return switch (loss) {
            case ALL -> inode.durable;
            case NONE -> inode.lostByFailedForce ? inode.durable : inode.cached;
            case TORN -> inode.lostByFailedForce ? inode.durable : inode.torn;
        };
    }

    private interface Effect {
        void take() throws IOException;
    }

    private void operation(String name, Path file, Effect effect) throws IOException {
        boolean now = log.size() == faultAt;
        boolean since = log.size() >= faultAt;
        if (crashed || fault == Fault.CRASH && now || log.size() == crashAt) {
            crashed = true;
            throw new Crash();
        }
        log.add(name + " " + file.getFileName());
        boolean fails = switch (fault) {
            case NONE, CRASH -> false;
            case ERROR, ERROR_AFTER_EFFECT -> now;
            case ERROR_FROM_NOW_ON -> since && file.startsWith(accounts);
            case READ_ONLY_FROM_NOW_ON -> since && !name.equals("read");
            case ERROR_EVERYWHERE -> since;
        };
        if (!fails || fault == Fault.ERROR_AFTER_EFFECT) {
            effect.take();
        }
        if (fails) {
            if (interrupts) {
                Thread.currentThread().interrupt();
            }
            throw new IOException("Input/output error");
        }
    }

    private Inode inode(Path file) throws NoSuchFileException {
        if (!cachedNames.containsKey(file)) {
            throw new NoSuchFileException(file.toString());
        }
        return cachedNames.get(file);
    }

    private void change(Path file, Consumer<Map<Path, Inode>> change) {
        change.accept(cachedNames);
        pending.add(new NameChange(file.getParent(), change));
    }

    @Override
    public byte[] read(Path file, int limit) throws IOException {
        byte[][] bytes = new byte[1][];
        operation("read", file, () -> {
            byte[] all = inode(file).cached;
            bytes[0] = Arrays.copyOf(all, Math.min(all.length, limit + 1));
        });
        return bytes[0];
    }

    @Override
    public OpenFile create(Path file) throws IOException {
        Inode inode = new Inode();
        operation("create", file, () -> {
            if (cachedNames.containsKey(file)) {
                throw new FileAlreadyExistsException(file.toString());
            }
            change(file, names -> names.put(file, inode));
        });
        return new ModelFile(file, inode);
    }

    @Override
    public OpenFile open(Path file) throws IOException {
        operation("open", file, () -> inode(file));
        return new ModelFile(file, inode(file));
    }

    @Override
    public void link(Path existing, Path name) throws IOException {
        operation("link", name, () -> {
            Inode inode = inode(existing);
            if (cachedNames.containsKey(name)) {
                throw new FileAlreadyExistsException(name.toString());
            }
            change(name, names -> names.put(name, inode));
        });
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        operation("rename", to, () -> {
            Inode inode = inode(from);
            if (cachedNames.get(to) == inode) {
                return; // POSIX: two names of one file both stay
            }
            change(to, names -> {
                names.remove(from);
                names.put(to, inode);
            });
        });
    }

    @Override
    public void delete(Path file) throws IOException {
        operation("delete", file, () -> {
            if (cachedNames.containsKey(file)) {
                change(file, names -> names.remove(file));
            }
        });
    }

    @Override
    public Object identity(Path file) throws IOException {
        return inode(file);
    }

    @Override
    public void makeDirectory(Path directory) {}

    @Override
    public void forceDirectory(Path directory) throws IOException {
        operation("force", directory, () -> {
            pending.stream()
                    .filter(change -> change.directory().equals(directory))
                    .forEach(change -> change.change().accept(durableNames));
            pending.removeIf(change -> change.directory().equals(directory));
        });
    }

    private final class ModelFile implements OpenFile {
        private final Path file;
        private final Inode inode;

        ModelFile(Path file, Inode inode) {
            this.file = file;
            this.inode = inode;
            open++;
        }

        @Override
        public void write(byte[] bytes) throws IOException {
            operation("write", file, () -> {
                inode.torn = over(inode.cached, Arrays.copyOf(bytes, bytes.length / 2));
                inode.cached = over(inode.cached, bytes);
                inode.lostByFailedForce = false;
            });
        }

        private static byte[] over(byte[] old, byte[] bytes) {
            byte[] result = Arrays.copyOf(old, Math.max(old.length, bytes.length));
            System.arraycopy(bytes, 0, result, 0, bytes.length);
            return result;
        }

        @Override
        public void truncate(int length) throws IOException {
            operation("truncate", file, () -> inode.cached = Arrays.copyOf(inode.cached, length));
        }

        @Override
        public void force(boolean metadata) throws IOException {
            try {
                operation(metadata ? "fsync" : "fdatasync", file, () -> {
                    if (full && file.startsWith(accounts) && inode.cached.length > inode.allocated) {
                        throw new IOException("No space left on device");
                    }
                    if (!inode.lostByFailedForce) {
                        inode.durable = inode.torn = inode.cached;
                        inode.allocated = inode.cached.length;
                    }
                });
            } catch (IOException e) {
                inode.lostByFailedForce = true;
                throw e;
            }
        }

        @Override
        public void close() {
            open--;
        }
    }
}

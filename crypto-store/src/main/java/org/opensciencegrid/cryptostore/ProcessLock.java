package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.StoreException.Kind;

/**
 * An exclusive lock against other processes (fcntl) and other threads of this process.
 *
 * <p>fcntl locks belong to the process, and closing <em>any</em> descriptor of the file releases them. So a thread
 * first waits for its turn in this process. Only the thread that has the turn opens the lock file.
 */
final class ProcessLock implements AutoCloseable {
    private static final Map<Path, Semaphore> TURNS = new ConcurrentHashMap<>();
    private static final long POLL_MILLIS = 20;

    private final Semaphore turn;
    private final FileChannel channel;
    private boolean closed;

    private ProcessLock(Semaphore turn, FileChannel channel) {
        this.turn = turn;
        this.channel = channel;
    }

    /**
     * Waits at most {@code wait}. The file is created if needed and never deleted.
     *
     * @param file in a path without symbolic links, so that one file has only one name here
     * @throws StoreException BUSY or UNWRITABLE
     */
    static ProcessLock acquire(Path file, Duration wait) throws StoreException {
        long start = System.nanoTime();
        TURNS.putIfAbsent(file, new Semaphore(1, true));
        Semaphore turn = TURNS.get(file);
        try {
            if (!turn.tryAcquire(wait.toNanos(), TimeUnit.NANOSECONDS)) {
                throw busy(file, wait);
            }
            FileChannel channel = null;
            try {
                channel = FileChannel.open(
                        file,
                        Set.<OpenOption>of(
                                StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                        RealDisk.OWNER_ONLY);
                while (!tryLock(channel)) {
                    if (System.nanoTime() - start >= wait.toNanos()) {
                        throw busy(file, wait);
                    }
                    Thread.sleep(POLL_MILLIS);
                }
                return new ProcessLock(turn, channel);
            } catch (IOException | InterruptedException | RuntimeException | Error e) {
                closeQuietly(channel);
                turn.release();
                throw e;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.BUSY, file, "interrupted while waiting for the lock");
        } catch (IOException e) {
            throw StoreException.unwritable(file, e);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            closeQuietly(channel);
            turn.release();
        }
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false; // a second copy of this class, in another class loader
        }
    }

    private static void closeQuietly(@Nullable FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // close(2) releases the lock even if it fails.
        }
    }

    private static StoreException busy(Path file, Duration wait) {
        return new StoreException(Kind.BUSY, file, "another run holds the lock (waited " + wait.toSeconds() + " s)");
    }
}

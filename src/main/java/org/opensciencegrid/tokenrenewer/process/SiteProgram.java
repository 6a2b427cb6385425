package org.opensciencegrid.tokenrenewer.process;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * One run of a program that the site configured: no shell, only the given environment, input and time. Whatever it
 * leaves behind is killed.
 */
public final class SiteProgram {
    /** The PATH of such programs. */
    public static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /** Larger than any token, so that a token in the output is never cut before we redact it. We show much less. */
    private static final int MOST_OUTPUT = 1 << 20;

    /**
     * How long we read what is left in the pipe after the command ended. A background process may keep the pipe open
     * forever.
     */
    private static final long DRAIN_MILLIS = 1000;

    /** How often we look for output. A read that waits would never end if a background process keeps the pipe open. */
    private static final long LOOK_MILLIS = 10;

    /** How often we look for processes that are left: one may start another before we kill it. */
    private static final int MOST_ROUNDS = 50;

    /** The parent of all kernel threads, which have no environment. */
    private static final long KERNEL = 2;

    private final Process process;
    /** Every process that the command starts inherits this variable, so that we can find it. */
    private final String mark;
    /** A little before the command started, because the kernel's times are rounded. */
    private final Instant startedAt = Instant.now().minusSeconds(2);

    private SiteProgram(Process process, String mark) {
        this.process = process;
        this.mark = mark + "\0";
    }

    /**
     * How a run ended.
     *
     * @param ended false if the time was over
     * @param status the exit status, if it ended
     * @param output what it wrote, up to 1 MiB
     */
    public record Result(boolean ended, int status, String output) {}

    /**
     * Waits until the command ends or its time is over. An interrupt kills it.
     *
     * @param command an absolute path and arguments
     * @param environment all variables but PATH and the mark
     * @param mark the name of a variable that gets a value for this run only
     * @param input for its standard input; it need not read it
     * @throws IOException if it cannot be started
     */
    public static Result run(
            List<String> command, Map<String, String> environment, String mark, String input, Duration time)
            throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(Path.of("/").toFile());
        builder.redirectErrorStream(true);
        Map<String, String> variables = builder.environment();
        variables.clear(); // ours may hold credentials, for example of a proxy
        variables.putAll(environment);
        variables.put("PATH", PATH);
        String value = ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime());
        variables.put(mark, value);
        return new SiteProgram(builder.start(), mark + "=" + value).await(input, time);
    }

    private Result await(String input, Duration time) {
        Thread writer = new Input(process.getOutputStream(), input);
        writer.start();
        Output output = new Output(process.getInputStream());
        output.start();
        boolean ended = false;
        try {
            ended = process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS);
            if (!ended) {
                killTree();
            }
            killMarked();
            output.finish();
        } catch (InterruptedException e) {
            killTree();
            Thread.currentThread().interrupt();
        }
        return new Result(ended, ended ? process.exitValue() : -1, output.text());
    }

    /** Kills the command and its descendants, whatever their environment is. */
    private void killTree() {
        List<ProcessHandle> descendants = process.descendants().toList();
        process.destroyForcibly(); // first: a shell would report the death of its children
        descendants.forEach(ProcessHandle::destroyForcibly);
    }

    /** Kills every process that the command started, even in another session, unless it cleared its environment. */
    private void killMarked() throws InterruptedException {
        for (int i = 0; i < MOST_ROUNDS; i++) {
            List<ProcessHandle> left =
                    ProcessHandle.allProcesses().filter(this::mayBeOurs).toList();
            if (left.isEmpty()) {
                return;
            }
            left.stream().filter(other -> environment(other).contains(mark)).forEach(ProcessHandle::destroyForcibly);
            Thread.sleep(10);
        }
    }

    /** Whether it has our mark, or is within execve(2), where a process has no environment for a moment. */
    private boolean mayBeOurs(ProcessHandle other) {
        String environment = environment(other);
        return environment.contains(mark)
                || environment.isEmpty()
                        && other.info()
                                .startInstant()
                                .filter(start -> !start.isBefore(startedAt))
                                .isPresent()
                        && other.parent()
                                .filter(parent -> parent.pid() != KERNEL)
                                .isPresent();
    }

    /** Not empty if it cannot be read. */
    private static String environment(ProcessHandle other) {
        try {
            byte[] environment = Files.readAllBytes(Path.of("/proc", Long.toString(other.pid()), "environ"));
            return new String(environment, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "?"; // the process ended, or belongs to another user
        }
    }

    /** Writes the input. What does not fit in the pipe waits until the command reads or ends. */
    private static final class Input extends Thread {
        private final OutputStream to;
        private final byte[] input;

        Input(OutputStream to, String input) {
            super("input");
            this.to = to;
            this.input = input.getBytes(StandardCharsets.UTF_8);
            setDaemon(true);
        }

        @Override
        public void run() {
            try (to) {
                to.write(input);
            } catch (IOException e) {
                // The command does not read its input.
            }
        }
    }

    /** Reads all output so that the command never blocks on a full pipe. Keeps the beginning and discards the rest. */
    private static final class Output extends Thread {
        private final InputStream from;
        private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
        /** When to stop, in nanoseconds; 0 before the command ended. */
        private volatile long deadline;

        Output(InputStream from) {
            super("output");
            this.from = from;
            setDaemon(true);
        }

        @Override
        public void run() {
            byte[] bytes = new byte[4096];
            try {
                while (true) {
                    long until = deadline; // before the look, so that it sees all that the command wrote
                    int n = from.available();
                    if (until != 0 && (n == 0 || System.nanoTime() - until > 0)) {
                        return;
                    } else if (n == 0) {
                        Thread.sleep(LOOK_MILLIS);
                    } else {
                        keep(bytes, from.read(bytes, 0, Math.min(n, bytes.length)));
                    }
                }
            } catch (IOException | InterruptedException e) {
                // the process was killed
            }
        }

        /** The command ended: reads what is in the pipe, and stops. */
        void finish() throws InterruptedException {
            deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DRAIN_MILLIS);
            join(2 * DRAIN_MILLIS);
        }

        private synchronized void keep(byte[] bytes, int n) {
            kept.write(bytes, 0, Math.max(0, Math.min(n, MOST_OUTPUT - kept.size())));
        }

        synchronized String text() {
            return kept.toString(StandardCharsets.UTF_8);
        }
    }
}

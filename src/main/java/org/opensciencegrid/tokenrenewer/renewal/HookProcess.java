package org.opensciencegrid.tokenrenewer.renewal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.opensciencegrid.tokenrenewer.config.PostRenewal;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Redactor;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * One run of a {@code post_renewal} command: no shell, only the named ones of our environment variables, empty input, and a timeout.
 * The only process that a renewal starts.
 */
final class HookProcess {
    /** Larger than any token, so that a token in the output is never cut before we redact it. We show much less. */
    private static final int MOST_OUTPUT = 1 << 20;

    /**
     * How long we read what is left in the pipe after the command ended. A background process may keep the pipe open
     * forever.
     */
    private static final long DRAIN_MILLIS = 1000;

    /** How often we look for output. A read that waits would never end if a background process keeps the pipe open. */
    private static final long LOOK_MILLIS = 10;

    /** Every process that the command starts inherits this variable, so that we can find it. */
    private static final String MARK = "POST_RENEWAL_ID";

    /** How often we look for processes that are left: one may start another before we kill it. */
    private static final int MOST_ROUNDS = 50;

    /** The parent of all kernel threads, which have no environment. */
    private static final long KERNEL = 2;

    private final Process process;
    private final PostRenewal hook;
    private final String mark;
    /** A little before the command started, because the kernel's times are rounded. */
    private final Instant startedAt = Instant.now().minusSeconds(2);

    private HookProcess(Process process, PostRenewal hook, String mark) {
        this.process = process;
        this.hook = hook;
        this.mark = mark;
    }

    /**
     * Waits until the command ends or its timeout is over.
     *
     * @param token the one that is at its place now; it is not shown
     * @param expiresAt of that token; empty if unknown
     */
    static HookResult run(
            PostRenewal hook, TokenSection section, Optional<Secret> token, Optional<Instant> expiresAt, Instant now) {
        Path program = hook.program();
        Optional<Failure> unfit = FailureMapper.invalidHook(program, Files.isExecutable(program));
        if (unfit.isPresent()) {
            return HookResult.failed(unfit.get());
        }
        ProcessBuilder builder =
                new ProcessBuilder(hook.command()).directory(Path.of("/").toFile());
        builder.redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        Map<String, String> passed = new HashMap<>(environment);
        passed.keySet().retainAll(hook.environment());
        environment.clear(); // ours may hold credentials, for example of a proxy
        environment.putAll(passed);
        environment.put("PATH", PostRenewal.PATH);
        String mark = ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime());
        environment.put(MARK, mark);
        environment.put("TOKEN_NAME", section.name());
        section.each().ifPresent(each -> environment.put("EACH", each));
        section.tokenPath()
                .ifPresent(path ->
                        environment.put("TOKEN_PATH", path.toAbsolutePath().toString()));
        section.onlySecret().ifPresent(secret -> environment.put("TOKEN_SECRET", secret.toString()));
        expiresAt.ifPresent(expiry -> environment.put("EXPIRES_AT", expiry.toString()));
        try {
            return new HookProcess(builder.start(), hook, mark).await(token, now);
        } catch (IOException e) {
            return HookResult.failed(new Failure(
                    Failure.Kind.HOOK_NOT_STARTED, program.toString(), Printable.of(String.valueOf(e.getMessage()))));
        }
    }

    private HookResult await(Optional<Secret> token, Instant now) throws IOException {
        process.getOutputStream().close();
        Output output = new Output(process.getInputStream());
        output.start();
        boolean ended = false;
        try {
            ended = process.waitFor(hook.timeout().toMillis(), TimeUnit.MILLISECONDS);
            if (!ended) {
                killTree();
            }
            killMarked();
            output.finish();
        } catch (InterruptedException e) {
            killTree();
            Thread.currentThread().interrupt();
        }
        DestinationReport report =
                new DestinationReport(output.text(), new Redactor(token.stream().toList()), now);
        String failures = report.failures();
        if (ended && process.exitValue() == 0 && failures.isEmpty()) {
            return new HookResult(Optional.empty(), report.destinations());
        }
        String result =
                ended ? "exit status " + process.exitValue() : hook.timeout().toSeconds() + " s";
        String text = report.text();
        String said = text.isEmpty() ? (failures.isEmpty() ? ", without a word" : "") : ", and it said: " + text;
        Failure failure = new Failure(
                ended ? Failure.Kind.HOOK_FAILED : Failure.Kind.HOOK_TIMEOUT,
                hook.program().toString(),
                result + (failures.isEmpty() ? "" : "; " + failures) + said);
        return new HookResult(Optional.of(failure), report.destinations());
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
            left.stream()
                    .filter(other -> environment(other).contains(marker()))
                    .forEach(ProcessHandle::destroyForcibly);
            Thread.sleep(10);
        }
    }

    private String marker() {
        return MARK + "=" + mark + "\0";
    }

    /** Whether it has our mark, or is within execve(2), where a process has no environment for a moment. */
    private boolean mayBeOurs(ProcessHandle other) {
        String environment = environment(other);
        return environment.contains(marker())
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

    /** Reads all output so that the command never blocks on a full pipe. Keeps the beginning and discards the rest. */
    private static final class Output extends Thread {
        private final InputStream from;
        private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
        /** When to stop, in nanoseconds; 0 before the command ended. */
        private volatile long deadline;

        Output(InputStream from) {
            super("post_renewal");
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

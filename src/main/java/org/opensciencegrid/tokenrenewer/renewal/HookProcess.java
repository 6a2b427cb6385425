package org.opensciencegrid.tokenrenewer.renewal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.opensciencegrid.tokenrenewer.config.PostRenewal;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Redactor;
import org.opensciencegrid.tokenrenewer.text.Secret;
import org.opensciencegrid.tokenrenewer.token.TokenFile;

/**
 * One run of a site's {@code post_renewal}: no shell, nothing of our environment, nothing to read, and an end. The only
 * process that this program starts.
 */
final class HookProcess {
    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /** More than any token, so that one is never cut before it is taken out; what is shown of it is far less. */
    private static final int MOST_OUTPUT = 1 << 20;

    /** For what is still in the pipe when the program has ended; what it left in the background may hold the pipe for ever. */
    private static final long DRAIN_MILLIS = 1000;

    private final Process process;
    private final PostRenewal hook;

    private HookProcess(Process process, PostRenewal hook) {
        this.process = process;
        this.hook = hook;
    }

    /**
     * Runs to its end or to its timeout.
     *
     * @param expiresAt of the token that is at token_path now; empty when nobody says
     * @return why it failed; empty when it did not
     */
    static Optional<Failure> run(PostRenewal hook, TokenSection section, Optional<Instant> expiresAt) {
        Path program = hook.program();
        Optional<Failure> unfit = Failures.unfitHook(program, Files.isExecutable(program));
        if (unfit.isPresent()) {
            return unfit;
        }
        ProcessBuilder builder =
                new ProcessBuilder(hook.command()).directory(Path.of("/").toFile());
        builder.redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        environment.clear(); // ours may hold credentials, as of a proxy
        environment.put("PATH", PATH);
        environment.put("TOKEN_NAME", section.name());
        environment.put("TOKEN_PATH", section.tokenPath().toAbsolutePath().toString());
        expiresAt.ifPresent(end -> environment.put("EXPIRES_AT", end.toString()));
        try {
            return new HookProcess(builder.start(), hook).await(new TokenFile(section.tokenPath()).read());
        } catch (IOException e) {
            return Optional.of(new Failure(
                    Failure.Kind.HOOK_NOT_STARTED, program.toString(), Printable.of(String.valueOf(e.getMessage()))));
        }
    }

    private Optional<Failure> await(Optional<Secret> token) throws IOException {
        process.getOutputStream().close();
        Output output = new Output(process.getInputStream());
        output.start();
        boolean ended = false;
        try {
            ended = process.waitFor(hook.timeout().toMillis(), TimeUnit.MILLISECONDS);
            if (!ended) {
                endAll();
            }
            output.join(DRAIN_MILLIS);
        } catch (InterruptedException e) {
            endAll();
            Thread.currentThread().interrupt();
        }
        if (ended && process.exitValue() == 0) {
            return Optional.empty();
        }
        String end =
                ended ? "exit status " + process.exitValue() : hook.timeout().toSeconds() + " s";
        String said = output.text(token);
        return Optional.of(new Failure(
                ended ? Failure.Kind.HOOK_FAILED : Failure.Kind.HOOK_TIMEOUT,
                hook.program().toString(),
                end + (said.isEmpty() ? ", without a word" : ", and it said: " + said)));
    }

    /** The program and all that it started: looked up before it dies, as its children are nobody's afterwards. */
    private void endAll() {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
    }

    /** What it says, so that it never waits for us to read: the beginning is kept, the rest thrown away. */
    private static final class Output extends Thread {
        private final InputStream from;
        private final byte[] kept = new byte[MOST_OUTPUT];
        private int length;

        Output(InputStream from) {
            super("post_renewal");
            this.from = from;
            setDaemon(true);
        }

        @Override
        public void run() {
            byte[] rest = new byte[4096];
            try {
                for (int n = from.read(rest); n >= 0; n = from.read(rest)) {
                    keep(rest, n);
                }
            } catch (IOException e) {
                // it was ended
            }
        }

        private synchronized void keep(byte[] bytes, int n) {
            int more = Math.min(n, kept.length - length);
            System.arraycopy(bytes, 0, kept, length, more);
            length += more;
        }

        synchronized String text(Optional<Secret> token) {
            String text = new String(kept, 0, length, StandardCharsets.UTF_8).strip();
            return new Redactor(token.stream().toList()).clean(text);
        }
    }
}

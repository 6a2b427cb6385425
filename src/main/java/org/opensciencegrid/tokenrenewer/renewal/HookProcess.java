package org.opensciencegrid.tokenrenewer.renewal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.PostRenewal;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.process.SiteProgram;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Redactor;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** One run of a {@code post_renewal} command. The only process that a renewal starts. */
final class HookProcess {
    /** Every process that the command starts inherits this variable, so that we can find it. */
    private static final String MARK = "POST_RENEWAL_ID";

    private HookProcess() {}

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
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.keySet().retainAll(hook.environment());
        environment.put("TOKEN_NAME", section.name());
        section.each().ifPresent(each -> environment.put("EACH", each));
        section.tokenPath()
                .ifPresent(path ->
                        environment.put("TOKEN_PATH", path.toAbsolutePath().toString()));
        section.onlySecret().ifPresent(secret -> environment.put("TOKEN_SECRET", secret.toString()));
        expiresAt.ifPresent(expiry -> environment.put("EXPIRES_AT", expiry.toString()));
        try {
            SiteProgram.Result result = SiteProgram.run(hook.command(), environment, MARK, "", hook.timeout());
            return result(hook, result, token, now);
        } catch (IOException e) {
            return HookResult.failed(new Failure(
                    Failure.Kind.HOOK_NOT_STARTED, program.toString(), Printable.of(String.valueOf(e.getMessage()))));
        }
    }

    private static HookResult result(PostRenewal hook, SiteProgram.Result run, Optional<Secret> token, Instant now) {
        DestinationReport report =
                new DestinationReport(run.output(), new Redactor(token.stream().toList()), now);
        String failures = report.failures();
        if (run.ended() && run.status() == 0 && failures.isEmpty()) {
            return new HookResult(Optional.empty(), report.destinations());
        }
        String result =
                run.ended() ? "exit status " + run.status() : hook.timeout().toSeconds() + " s";
        String text = report.text();
        String said = text.isEmpty() ? (failures.isEmpty() ? ", without a word" : "") : ", and it said: " + text;
        Failure failure = new Failure(
                run.ended() ? Failure.Kind.HOOK_FAILED : Failure.Kind.HOOK_TIMEOUT,
                hook.program().toString(),
                result + (failures.isEmpty() ? "" : "; " + failures) + said);
        return new HookResult(Optional.of(failure), report.destinations());
    }
}

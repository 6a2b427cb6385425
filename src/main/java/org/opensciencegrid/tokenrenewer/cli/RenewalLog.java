package org.opensciencegrid.tokenrenewer.cli;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.renewal.Outcome;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Failed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Fresh;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Granted;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.HookFailed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Wanted;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
import org.opensciencegrid.tokenrenewer.text.Members;

/** The lines of one run of {@code renew}, what stands beside them in JSON, and the exit status that they come to. */
final class RenewalLog {
    /** Of the timer that we ship. */
    private static final Duration USUAL_GAP = Duration.ofMinutes(14);

    private final Output output;
    private final Supplier<Optional<Timer>> timer;
    private final Messages messages;
    private final Clock clock;
    private final boolean strict;
    private @Nullable Duration twoRuns;
    private int worst = ExitStatus.OK;
    private long renewed;
    private long fresh;
    private long failed;

    /**
     * @param timer read only when something failed
     * @param strict whether an issuer that is down is a failure even where the old token is good for long
     */
    RenewalLog(Output output, Commands commands, Supplier<Optional<Timer>> timer, Clock clock, boolean strict) {
        this.output = output;
        this.timer = timer;
        this.messages = new Messages(commands);
        this.clock = clock;
        this.strict = strict;
    }

    /** The exit status for all that was told so far. */
    int status() {
        return worst;
    }

    void warningsOf(Config config) {
        config.warnings()
                .forEach(warning ->
                        output.warning(config.file() + ":" + warning.line() + ": " + warning.text(), event("config")));
    }

    void onTwoHosts(String account) {
        output.warning(
                "account " + account + ": " + Messages.onTwoHosts(),
                event("two_hosts").with("account", account));
    }

    void noMetrics(String why) {
        output.warning("no metrics: " + why, event("no_metrics"));
    }

    /** For programs, which cannot know from the lines alone that no other will follow. */
    void end() {
        if (output.isJson()) {
            output.info(
                    renewed + " renewed, " + fresh + " fresh, " + failed + " failed",
                    event("end")
                            .with("renewed", renewed)
                            .with("fresh", fresh)
                            .with("failed", failed)
                            .with("status", (long) worst));
        }
    }

    void tell(Outcome outcome) {
        if (outcome instanceof Renewed done) {
            renewed++;
            String expiry = done.expiresAt()
                    .map(end -> "expires in " + Words.span(Duration.between(clock.instant(), end)))
                    .orElse("expiry unknown");
            output.info(
                    "token " + done.token() + ": renewed, " + expiry + " > " + done.path(),
                    about("renewed", done).with("path", done.path().toString()).with("expires_at", done.expiresAt()));
            warn(done);
        } else if (outcome instanceof Fresh good) {
            fresh++;
            output.info(
                    good.left().toSeconds() + " seconds remaining in '" + good.token() + "', not renewing",
                    about("fresh", good).with("seconds_left", good.left().toSeconds()));
        } else if (outcome instanceof Wanted wanted) {
            output.info(
                    "token " + wanted.token() + ": would be renewed > " + wanted.path(),
                    about("would_renew", wanted).with("path", wanted.path().toString()));
        } else if (outcome instanceof HookFailed hook) {
            tell(hook.after());
            failed++;
            worst = Math.max(worst, ExitStatus.FAILED);
            output.error(
                    "Failed to tell of token '" + hook.token() + "': " + messages.line(hook.failure(), hook.account()),
                    about("hook_failed", hook).with("failure", failure(hook.failure(), hook.account())));
        } else if (outcome instanceof Failed why) {
            failed++;
            tell(why);
        }
    }

    private void warn(Renewed renewed) {
        Granted granted = renewed.granted();
        warn(renewed, "missing_scope", granted.missingScope(), "asked for scope but was not granted: ", "");
        warn(renewed, "extra_scope", granted.extraScope(), "granted more scope than asked for: ", "");
        warn(
                renewed,
                "missing_audience",
                granted.missingAudience(),
                "asked for audience but was not granted: ",
                "; the issuer may want it named at setup (--audience), or audience_parameter = resource (or audience) in"
                        + " [account " + renewed.account() + "]");
        if (renewed.isTooLongForSome()) {
            output.warning(
                    "token " + renewed.token() + ": " + Messages.tooLong(renewed.length()),
                    about("long_token", renewed).with("bytes", (long) renewed.length()));
        }
    }

    private void warn(Renewed renewed, String event, List<String> words, String before, String after) {
        if (!words.isEmpty()) {
            output.warning(
                    "token " + renewed.token() + ": " + before + String.join(" ", words) + after,
                    about(event, renewed).with("words", words));
        }
    }

    private void tell(Failed failed) {
        Failure failure = failed.failure();
        String verb = failure.kind().isOfTokenFile() ? "write" : "get";
        String next = failed.nextTry()
                .map(time -> failed.asked()
                        ? " (asked again after " + Words.time(time) + ")"
                        : " (not asked again before " + Words.time(time) + " without --force)")
                .orElse(failed.asked() ? "" : " (not asked, as others have waited for minutes in vain)");
        String line = "Failed to " + verb + " token '" + failed.token() + "': "
                + messages.line(failure, failed.account()) + next;
        Members about = about("failed", failed)
                .with("failure", failure(failure, failed.account()))
                .with("next_try", failed.nextTry())
                .with("seconds_left", failed.left().map(Duration::toSeconds));
        if (canWait(failed)) {
            output.warning(
                    line + "; the token that is there is good for "
                            + Words.span(failed.left().orElseThrow()),
                    about);
            return;
        }
        boolean isBug = failure.kind() == Failure.Kind.INTERNAL;
        worst = Math.max(worst, isBug ? ExitStatus.BUG : ExitStatus.FAILED);
        if (failure.kind() == Failure.Kind.REFRESH_TOKEN_LOST || failure.kind() == Failure.Kind.REFRESH_TOKEN_RESCUED) {
            output.critical(line, about);
        } else {
            output.error(line, about);
        }
    }

    /** Whether the trouble passes by itself, and no service will notice it in the next two runs. */
    private boolean canWait(Failed failed) {
        return !strict
                && failed.failure().kind().passesByItself()
                && failed.left().filter(left -> left.compareTo(twoRuns()) > 0).isPresent();
    }

    /** Read once, and only when something failed: in an outage all tokens do. */
    private Duration twoRuns() {
        if (twoRuns == null) {
            twoRuns = timer.get().flatMap(Timer::longestGap).orElse(USUAL_GAP).multipliedBy(2);
        }
        return twoRuns;
    }

    private static Members event(String name) {
        return Members.NONE.with("event", name);
    }

    /** A run may have thousands of these, and few of them are read by programs. */
    private Members about(String event, Outcome outcome) {
        return output.isJson()
                ? event(event).with("token", outcome.token()).with("account", outcome.account())
                : Members.NONE;
    }

    /** As in the JSON of status. */
    private Members failure(Failure failure, String account) {
        return Members.NONE
                .with("kind", failure.kind().word())
                .with("message", messages.what(failure))
                .with("repair", messages.repair(failure, account));
    }
}

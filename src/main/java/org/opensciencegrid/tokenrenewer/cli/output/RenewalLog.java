package org.opensciencegrid.tokenrenewer.cli.output;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigError;
import org.opensciencegrid.tokenrenewer.config.ConfigWarning;
import org.opensciencegrid.tokenrenewer.config.TokenSecret;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.notify.DeliveryException;
import org.opensciencegrid.tokenrenewer.notify.Message;
import org.opensciencegrid.tokenrenewer.notify.Notifier;
import org.opensciencegrid.tokenrenewer.renewal.Outcome;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Failed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Fresh;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Granted;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.HookFailed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.NotPublished;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Published;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.WouldRenew;
import org.opensciencegrid.tokenrenewer.state.UnusedAccount;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;

/** The lines of one run of {@code renew}, their data in JSON, and the resulting exit status. */
public final class RenewalLog implements Consumer<Outcome> {
    /** The gap of the shipped timer. */
    private static final Duration USUAL_GAP = Duration.ofMinutes(14);

    /** In the summary. */
    private static final int MOST_NAMES = 5;

    private final Output output;
    private final Supplier<Optional<Duration>> gap;
    private final Messages messages;
    private final RepairCommands commands;
    private final Clock clock;
    private final boolean strict;
    private @Nullable Duration twoRuns;
    private int worst = ExitStatus.OK;
    private long renewed;
    private long fresh;
    /** Tokens with a failure of any kind; one token may have several. */
    private final Set<String> failed = new HashSet<>();

    private long wouldRenew;
    private final List<String> failedTokens = new ArrayList<>();

    /**
     * @param gap the longest time between two runs, if it is known; read only if something failed
     * @param strict whether an issuer that is down is a failure even if the old token is valid for a long time
     */
    public RenewalLog(
            Output output, RepairCommands commands, Supplier<Optional<Duration>> gap, Clock clock, boolean strict) {
        this.output = output;
        this.gap = gap;
        this.messages = new Messages(commands);
        this.commands = commands;
        this.clock = clock;
        this.strict = strict;
    }

    /** The exit status for all lines so far. */
    public int status() {
        return worst;
    }

    public void warningsOf(Config config) {
        for (ConfigWarning warning : config.warnings()) {
            output.warning(config.file() + ":" + warning.line() + ": " + warning.text(), event("config"));
        }
    }

    /** The mistakes of the config file that no token's own line reports. */
    public void problemsOf(Config config) {
        if (config.problems().isEmpty()) {
            return;
        }
        Set<ConfigError> ofTokens = config.faultyTokens().stream()
                .flatMap(token -> token.problems().stream())
                .collect(Collectors.toSet());
        for (ConfigError problem : config.problems()) {
            worst = Math.max(worst, ExitStatus.USAGE);
            if (!ofTokens.contains(problem)) {
                output.error(problem.in(config.file()), event("config"));
            }
        }
    }

    /** If no token is left, the config file must be corrected. */
    public void unusedAccount(UnusedAccount account, Config config) {
        String line = messages.unusedAccount(account, clock.instant());
        Repair repair = messages.restoreSections(account);
        JsonObject event = event("forgotten").with("account", account.account());
        if (config.namedAccounts().isEmpty()) {
            worst = Math.max(worst, ExitStatus.USAGE);
            output.error(line, repair, event);
        } else {
            output.warning(line, Optional.of(repair), event);
        }
    }

    public void onTwoHosts(String account) {
        output.warning(
                "account " + account + ": " + Messages.onTwoHosts(),
                event("two_hosts").with("account", account));
    }

    public void narrows(String account) {
        output.warning(
                "account " + account + ": " + Messages.narrows(),
                Optional.of(
                        new Repair("if a token lacks scope now, authorize again", commands.reauthenticate(account))),
                event("narrows").with("account", account));
    }

    public void noMetrics(String why, Repair repair) {
        output.warning("no metrics: " + why, Optional.of(repair), event("no_metrics"));
    }

    /** Whether the outcome makes the run fail. */
    public boolean isFailure(Outcome outcome) {
        if (outcome instanceof Failed why) {
            return !canWait(why);
        }
        return outcome instanceof HookFailed
                || outcome instanceof NotPublished
                || outcome instanceof Published published && isFailure(published.renewal());
    }

    /** Does not change the exit status: the renewals are what counts. */
    public void report(Notifier.Attempt attempt) {
        Message message = attempt.message();
        String words = Messages.notification(message.event());
        Optional<DeliveryException> failure = attempt.failure();
        boolean isPerhaps =
                failure.filter(DeliveryException::isPerhapsDelivered).isPresent();
        JsonObject data = event(isPerhaps ? "perhaps_notified" : failure.isEmpty() ? "notified" : "not_notified")
                .with("account", message.account())
                .with("notification", message.event().kind().word())
                .with("target", attempt.target().toString());
        String account = "account " + message.account() + ": " + attempt.target();
        if (failure.isEmpty()) {
            output.info(account + " was notified " + words, data);
            return;
        }
        String reason = failure.get().reason();
        output.warning(
                account + (isPerhaps ? " was perhaps notified " : " was not notified ") + words + ": " + reason,
                Optional.of(messages.repairNotification()),
                data.with("reason", reason));
    }

    /**
     * None could be sent. It does not change the exit status.
     *
     * @param why names a bug as such, which must not look like one in the renewals
     */
    public void noNotifications(String why) {
        output.warning("the owners were not notified: " + why, event("not_notified"));
    }

    /** For programs, which cannot see otherwise that no line follows. */
    public void finish() {
        summary();
        if (output.isJson()) {
            output.info(
                    renewed + " renewed, " + fresh + " fresh, " + failed.size() + " failed",
                    event("end")
                            .with("renewed", renewed)
                            .with("fresh", fresh)
                            .with("failed", (long) failed.size())
                            .with("status", (long) worst));
        }
    }

    /** For people, after many lines have scrolled away. */
    public void summary() {
        long all = renewed + fresh + wouldRenew + failedTokens.size();
        if (output.isJson() || all < 2) {
            return;
        }
        List<String> parts = new ArrayList<>();
        part(parts, renewed, "renewed");
        part(parts, wouldRenew, "would be renewed");
        part(parts, fresh, "not due");
        part(parts, failedTokens.size(), "failed");
        String names = failedTokens.isEmpty() ? "" : " (" + HumanFormat.some(failedTokens, MOST_NAMES) + ")";
        output.info(HumanFormat.count(all, "token") + ": " + String.join(", ", parts) + names);
    }

    private static void part(List<String> parts, long number, String what) {
        if (number > 0) {
            parts.add(number + " " + what);
        }
    }

    @Override
    public void accept(Outcome outcome) {
        if (outcome instanceof Renewed done) {
            renewed++;
            String expiry = done.expiresAt().isPresent()
                    ? "expires in "
                            + HumanFormat.span(Duration.between(
                                    clock.instant(), done.expiresAt().get()))
                    : "expiry unknown";
            output.info(
                    "token " + done.token() + ": renewed, " + expiry + " > " + done.place(),
                    withPlace(event("renewed", done), done.onlySecret(), done.place())
                            .with("expires_at", done.expiresAt()));
            warn(done);
        } else if (outcome instanceof Fresh good) {
            fresh++;
            output.info(
                    good.left().toSeconds() + " seconds remaining in '" + good.token() + "', not renewing",
                    event("fresh", good).with("seconds_left", good.left().toSeconds()));
        } else if (outcome instanceof WouldRenew due) {
            wouldRenew++;
            output.info(
                    "token " + due.token() + ": would be renewed > " + due.place(),
                    withPlace(event("would_renew", due), due.onlySecret(), due.place()));
        } else if (outcome instanceof HookFailed hook) {
            accept(hook.renewal());
            failed.add(hook.token());
            worst = Math.max(worst, ExitStatus.FAILED);
            output.error(
                    "Failed to run post_renewal of token '" + hook.token() + "': " + messages.what(hook.failure()),
                    messages.repair(hook.failure(), hook.account()),
                    event("hook_failed", hook).with("failure", messages.members(hook.failure(), hook.account())));
        } else if (outcome instanceof Published published) {
            accept(published.renewal());
            output.info(
                    "token " + published.token() + ": written to Secret " + published.secret(),
                    event("published", published)
                            .with("secret", published.secret().toString()));
        } else if (outcome instanceof NotPublished secret) {
            accept(secret.renewal());
            report(secret);
        } else if (outcome instanceof Failed why) {
            failed.add(why.token());
            failedTokens.add(why.token());
            report(why);
        }
    }

    /** If the API server is down for a moment, readers still have the token that is in the Secret. */
    private void report(NotPublished secret) {
        Failure failure = secret.failure();
        String line = "Failed to write the Secret of token '" + secret.token() + "': " + messages.what(failure);
        Repair repair = messages.repair(failure, secret.account());
        failed.add(secret.token());
        worst = Math.max(worst, ExitStatus.FAILED);
        output.error(
                line,
                repair,
                event("not_published", secret).with("failure", messages.members(failure, secret.account())));
    }

    private void warn(Renewed renewed) {
        Granted granted = renewed.granted();
        warn(
                renewed,
                "missing_scope",
                granted.missingScope(),
                "requested scope was not granted: ",
                granted.isNarrowed()
                        ? Optional.of(new Repair(
                                "the issuer narrowed the authorization: authorize again",
                                commands.reauthenticate(renewed.account())))
                        : Optional.empty());
        warn(renewed, "extra_scope", granted.extraScope(), "more scope was granted than requested: ", Optional.empty());
        warn(
                renewed,
                "missing_audience",
                granted.missingAudience(),
                "requested audience was not granted: ",
                Optional.of(Repair.advice("give it to setup with --audience, or try audience_parameter = resource (or"
                        + " audience) in [account " + renewed.account() + "]")));
        if (!granted.unverifiable().isEmpty()) {
            output.warning(
                    "token " + renewed.token() + ": " + Messages.unverifiable(granted.unverifiable()),
                    event("unseen", renewed).with("words", granted.unverifiable()));
        }
        if (renewed.isShorterThanMinLifetime()) {
            Duration lifetime = renewed.lifetime().orElseThrow();
            output.warning(
                    "token " + renewed.token() + ": "
                            + Messages.tooShort(
                                    HumanFormat.span(lifetime),
                                    HumanFormat.span(renewed.minLifetime().orElseThrow())),
                    event("short_token", renewed).with("lifetime_seconds", lifetime.toSeconds()));
        }
        if (renewed.otherIdentity().isPresent()) {
            String words = renewed.otherIdentity().get();
            output.warning(
                    "token " + renewed.token() + ": it is not for the user who authorized the account: " + words,
                    Optional.of(new Repair(
                            "if this was not changed on purpose, authorize again",
                            commands.reauthenticate(renewed.account()))),
                    event("other_identity", renewed).with("detail", words));
        }
        if (renewed.clockAhead().isPresent()) {
            Duration ahead = renewed.clockAhead().get();
            output.warning(
                    "token " + renewed.token() + ": " + Messages.clockDiffers(ahead),
                    Optional.of(commands.setClock("set this machine's clock")),
                    event("clock_differs", renewed).with("seconds_ahead", ahead.toSeconds()));
        }
        if (renewed.isLifetimeZero()) {
            output.warning("token " + renewed.token() + ": " + Messages.zeroLifetime(), event("no_lifetime", renewed));
        }
        if (renewed.isTooLongForSome()) {
            output.warning(
                    "token " + renewed.token() + ": " + Messages.tooLong(renewed.length()),
                    event("long_token", renewed).with("bytes", (long) renewed.length()));
        }
    }

    private void warn(Renewed renewed, String event, List<String> words, String before, Optional<Repair> repair) {
        if (!words.isEmpty()) {
            output.warning(
                    "token " + renewed.token() + ": " + before + String.join(" ", words),
                    repair,
                    event(event, renewed).with("words", words));
        }
    }

    private void report(Failed failed) {
        Failure failure = failed.failure();
        String verb = failure.kind().isTokenFileFailure() ? "write" : "get";
        String next = failed.nextTry()
                .map(time -> failed.wasRequested()
                        ? " (retried after " + HumanFormat.time(time) + ")"
                        : " (not retried before " + HumanFormat.time(time) + " without --force)")
                .orElse(
                        failed.wasRequested() || !failure.kind().isIssuerInTrouble()
                                ? ""
                                : " (skipped: the issuer has not answered for minutes)");
        String line = "Failed to " + verb + " token '" + failed.token() + "': " + messages.what(failure) + next;
        Repair repair = messages.repair(failure, failed.account());
        JsonObject data = event("failed", failed)
                .with("failure", messages.members(failure, failed.account()))
                .with("next_try", failed.nextTry())
                .with("seconds_left", failed.left().map(Duration::toSeconds));
        if (canWait(failed)) {
            output.warning(
                    line + "; the current token is valid for "
                            + HumanFormat.span(failed.left().orElseThrow()),
                    Optional.of(repair),
                    data);
            return;
        }
        worst = Math.max(worst, status(failure.kind()));
        if (failure.kind() == Failure.Kind.REFRESH_TOKEN_LOST || failure.kind() == Failure.Kind.REFRESH_TOKEN_RESCUED) {
            output.critical(line, repair, data);
        } else {
            output.error(line, repair, data);
        }
    }

    private static int status(Failure.Kind kind) {
        return switch (kind) {
            case INTERNAL -> ExitStatus.BUG;
            case CONFIG_ERROR -> ExitStatus.USAGE;
            default -> ExitStatus.FAILED;
        };
    }

    /** Whether the failure ends without action, and the old token lasts for the next two runs. */
    private boolean canWait(Failed failed) {
        return !strict
                && failed.failure().kind().passesByItself()
                && failed.left().filter(left -> left.compareTo(twoRuns()) > 0).isPresent();
    }

    /** Read once, and only if something failed: in an outage every token asks for it. */
    private Duration twoRuns() {
        if (twoRuns == null) {
            twoRuns = gap.get().orElse(USUAL_GAP).multipliedBy(2);
        }
        return twoRuns;
    }

    /** Adds where the token is. */
    private static JsonObject withPlace(JsonObject event, Optional<TokenSecret> onlySecret, String place) {
        return onlySecret.isPresent() ? event.with("secret", onlySecret.get().toString()) : event.with("path", place);
    }

    private static JsonObject event(String name) {
        return JsonObject.NONE.with("event", name);
    }

    /** Empty without JSON: a run may have thousands of lines. */
    private JsonObject event(String event, Outcome outcome) {
        return output.isJson()
                ? event(event).with("token", outcome.token()).with("account", outcome.account())
                : JsonObject.NONE;
    }
}

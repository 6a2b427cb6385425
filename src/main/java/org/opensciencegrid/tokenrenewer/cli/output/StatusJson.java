package org.opensciencegrid.tokenrenewer.cli.output;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.ConfigError;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.config.NotifyTarget;
import org.opensciencegrid.tokenrenewer.config.TokenSecret;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Destination;
import org.opensciencegrid.tokenrenewer.state.NotifyState;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.state.UnusedAccount;
import org.opensciencegrid.tokenrenewer.state.UnusedToken;
import org.opensciencegrid.tokenrenewer.status.AccountStatus;
import org.opensciencegrid.tokenrenewer.status.Schedule;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.status.TokenStatus;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Writes a {@link StatusReport} for programs: one line of JSON in the schema of docs/reference/status-json.md. */
public record StatusJson(Messages messages) {
    private static final long SCHEMA = 1;

    public String of(StatusReport report) {
        List<Map<String, Object>> accounts = report.accounts().stream()
                .map(account -> account(account, report))
                .toList();
        return JsonObject.NONE
                        .with("schema", SCHEMA)
                        .with("time", report.time())
                        .with("level", report.level().word())
                        .with("timer", report.schedule().map(schedule -> timer(schedule, report.time())))
                        .with(
                                "config_errors",
                                report.configProblems().stream()
                                        .map(StatusJson::problem)
                                        .toList())
                        .with("unwritable", failure(report.unwritable(), ""))
                        .with(
                                "forgotten_accounts",
                                report.unusedAccounts().stream()
                                        .map(account -> unused(account, report.time()))
                                        .toList())
                        .with(
                                "forgotten_tokens",
                                report.unusedTokens().stream().map(this::unused).toList())
                        .with("accounts", accounts)
                        .toJson()
                + "\n";
    }

    private static Map<String, Object> problem(ConfigError problem) {
        return JsonObject.NONE
                .with("line", (long) problem.line())
                .with("message", Printable.of(problem.text()))
                .asMap();
    }

    private Map<String, Object> unused(UnusedAccount account, Instant now) {
        JsonObject members = JsonObject.NONE
                .with("account", account.account())
                .with("renewed_at", account.renewedAt())
                .with("copy", account.copy().map(Path::toString))
                .with("message", messages.unusedAccount(account, now));
        return messages.restoreSections(account).addTo(members).asMap();
    }

    private Map<String, Object> unused(UnusedToken token) {
        JsonObject members = JsonObject.NONE
                .with("token", token.token())
                .with("path", token.path().toString())
                .with("renewed_at", token.renewedAt())
                .with("message", "token " + token.token() + " " + Messages.NO_SECTION);
        return messages.restoreSections(token.path()).addTo(members).asMap();
    }

    private static JsonObject timer(Schedule schedule, Instant now) {
        return JsonObject.NONE
                .with("enabled", schedule.timer().isEnabled())
                .with("active", schedule.timer().isActive())
                .with("trouble", schedule.timer().trouble().map(trouble -> trouble.word()))
                .with("longest_gap_seconds", schedule.timer().longestGap().map(Duration::toSeconds))
                .with("last_run", schedule.lastRun())
                .with("next_run_by", schedule.nextBy())
                .with("overdue", schedule.isOverdue(now));
    }

    private Map<String, Object> account(AccountStatus account, StatusReport report) {
        AccountState state = account.state();
        String name = account.section().name();
        List<Map<String, Object>> tokens = account.tokens().stream()
                .map(token -> token(token, name, report))
                .toList();
        boolean isInConfig = account.section() instanceof ClientCredentialsAccount;
        return JsonObject.NONE
                .with("account", name)
                .with("kind", isInConfig ? "client_credentials" : "stored")
                .with("level", account.level().word())
                .with("owner", account.notifications().flatMap(NotifyOptions::owner))
                .with(
                        "not_notified",
                        account.notNotified().stream()
                                .map(target -> notNotified(target, state))
                                .toList())
                .with("issuer", state.issuer())
                .with("client_id", state.clientId())
                .with("authorized_at", state.authorizedAt())
                .with("sub", state.subject())
                .with("scope", state.scope())
                .with("rotations", state.rotations())
                .with("client_secret_expires_at", state.clientSecretExpiresAt())
                .with("client_certificate_expires_at", state.clientCertificateExpiresAt())
                .with("refresh_token_expires_at", state.refreshTokenExpiresAt())
                .with("in_doubt_since", state.inDoubtSince())
                .with("failure", failure(account.problem(), name))
                .with("next_try", state.nextTry())
                .with("tokens", tokens)
                .asMap();
    }

    private static Map<String, Object> notNotified(NotifyTarget target, AccountState state) {
        NotifyState.Target last = state.notifyState().target(target.id());
        return JsonObject.NONE
                .with("target", target.toString())
                .with("since", last.undeliveredSince())
                .with("reason", last.reason())
                .asMap();
    }

    private Map<String, Object> token(TokenStatus token, String account, StatusReport report) {
        TokenState state = token.state();
        return JsonObject.NONE
                .with("token", token.section().name())
                .with("section", token.section().section())
                .with("path", token.section().tokenPath().map(Path::toString))
                .with("secret", token.section().tokenSecret().map(TokenSecret::toString))
                .with("level", token.level().word())
                .with("on_disk", token.onDisk().name().toLowerCase(java.util.Locale.ROOT))
                .with("expires_at", token.expiresAt())
                .with(
                        "seconds_left",
                        token.expiresAt()
                                .map(expiry ->
                                        Duration.between(report.time(), expiry).toSeconds()))
                .with("lifetime_seconds", state.lifetime().map(Duration::toSeconds))
                .with("can_end_between_runs", token.endsBetweenRuns())
                .with("renewed_at", state.renewedAt())
                .with("tried_at", state.triedAt())
                .with("asked_scope", state.requestedScope())
                .with("granted_scope", state.grantedScope())
                .with("asked_audience", state.requestedAudience())
                .with("granted_audience", state.grantedAudience())
                .with("other_sub", token.otherSubject())
                .with("failure", failure(state.failure(), account))
                .with("failing_since", state.failingSince())
                .with("next_try", state.nextTry())
                .with("secret_failure", failure(state.secretFailure().filter(why -> hasSecret(token)), account))
                .with("secret_failing_since", state.secretFailingSince().filter(since -> hasSecret(token)))
                .with(
                        "destinations",
                        state.destinations(token.section()).stream()
                                .map(Destination::asMap)
                                .toList())
                .with(
                        "history",
                        state.history().stream()
                                .map(span -> span.toJson().asMap())
                                .toList())
                .asMap();
    }

    private static boolean hasSecret(TokenStatus token) {
        return token.section().tokenSecret().isPresent();
    }

    private Optional<JsonObject> failure(Optional<Failure> failure, String account) {
        return failure.map(why -> messages.members(why, account));
    }
}

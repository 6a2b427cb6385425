package org.opensciencegrid.tokenrenewer.cli.output;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import org.opensciencegrid.tokenrenewer.state.Destination;
import org.opensciencegrid.tokenrenewer.status.AccountStatus;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.status.TokenStatus;

/** Writes a {@link StatusReport} in the text format of Prometheus; docs/reference/metrics.md describes each metric. */
public final class MetricsText {
    private final StringBuilder text = new StringBuilder();

    private MetricsText() {}

    /** @param startedAt when the run started */
    public static String of(StatusReport report, Instant startedAt) {
        MetricsText metrics = new MetricsText();
        metrics.family("token_expiry_timestamp_seconds", "When the token on disk expires.");
        metrics.tokens(report, TokenStatus::expiresAt);
        metrics.family("token_renewed_timestamp_seconds", "When the token on disk was received.");
        metrics.tokens(report, token -> token.state().renewedAt());
        metrics.family("token_failing_timestamp_seconds", "Since when its renewals fail; 0 when they do not.");
        metrics.tokens(report, token -> token.state().failingSince().or(() -> Optional.of(Instant.EPOCH)));
        metrics.family("destination_failing_timestamp_seconds", "Since when post_renewal cannot push there; else 0.");
        metrics.destinations(report);
        metrics.family(
                "token_secret_failing_timestamp_seconds",
                "Since when the token could not be written to its Kubernetes Secret; else 0.");
        metrics.tokens(
                report,
                token -> token.section()
                        .tokenSecret()
                        .map(secret -> token.state().secretFailingSince().orElse(Instant.EPOCH)));
        metrics.family("account_level", "0 all well, 1 not as asked, 2 a person must act.");
        report.accounts()
                .forEach(account -> metrics.sample(account, account.level().ordinal()));
        metrics.family("account_in_doubt_timestamp_seconds", "Since when an answer of the issuer is missing; else 0.");
        report.accounts()
                .forEach(account ->
                        metrics.time(account, account.state().inDoubtSince().or(() -> Optional.of(Instant.EPOCH))));
        metrics.family(
                "not_notified_timestamp_seconds",
                "Since when a message to the account's owner is undelivered; else 0.");
        report.accounts().forEach(account -> metrics.time(account, notNotified(account)));
        metrics.family("refresh_token_expiry_timestamp_seconds", "When the authorization ends, where it is known.");
        report.accounts()
                .forEach(account -> metrics.time(account, account.state().refreshTokenExpiresAt()));
        metrics.family("client_secret_expiry_timestamp_seconds", "When the client secret ends, where it does.");
        report.accounts()
                .forEach(account -> metrics.time(account, account.state().clientSecretExpiresAt()));
        metrics.family(
                "client_certificate_expiry_timestamp_seconds",
                "When the certificate of the client ends, where it has one.");
        report.accounts()
                .forEach(account -> metrics.time(account, account.state().clientCertificateExpiresAt()));
        metrics.family("run_timestamp_seconds", "When the last run ended.");
        metrics.sample("", report.time().getEpochSecond());
        metrics.family("run_duration_seconds", "How long it took.");
        metrics.sample(
                "", Math.max(0, Duration.between(startedAt, report.time()).toSeconds()));
        metrics.family("config_errors", "Mistakes in the config file, whose sections are not renewed.");
        metrics.sample("", report.configProblems().size());
        metrics.family(
                "forgotten_accounts", "Accounts that were renewed until now, and that no section uses any more.");
        metrics.sample("", report.unusedAccounts().size());
        metrics.family("store_writable", "1 where accounts can be saved, as far as is known; else 0.");
        metrics.sample("", report.unwritable().isEmpty() ? 1 : 0);
        metrics.family("level", "The worst of all accounts: 0 all well, 1 not as asked, 2 a person must act.");
        metrics.sample("", report.level().ordinal());
        return metrics.text.toString();
    }

    private String name = "";

    private void family(String metric, String help) {
        name = "osg_token_renewer_" + metric;
        text.append("# HELP ").append(name).append(' ').append(help).append('\n');
        text.append("# TYPE ").append(name).append(" gauge\n");
    }

    private void tokens(StatusReport report, Function<TokenStatus, Optional<Instant>> time) {
        for (AccountStatus account : report.accounts()) {
            for (TokenStatus token : account.tokens()) {
                String labels = label("account", account.section().name()) + ","
                        + label("token", token.section().name());
                time.apply(token).ifPresent(at -> sample("{" + labels + "}", at.getEpochSecond()));
            }
        }
    }

    private void destinations(StatusReport report) {
        for (AccountStatus account : report.accounts()) {
            for (TokenStatus token : account.tokens()) {
                for (Destination destination : token.state().destinations(token.section())) {
                    String labels = label("account", account.section().name()) + ","
                            + label("token", token.section().name()) + ","
                            + label("destination", destination.name());
                    sample(
                            "{" + labels + "}",
                            destination.failingSince().orElse(Instant.EPOCH).getEpochSecond());
                }
            }
        }
    }

    /** Empty if nobody is to be notified. */
    private static Optional<Instant> notNotified(AccountStatus account) {
        return account.notifications()
                .filter(options -> !options.targets().isEmpty())
                .map(options -> account.notNotified().stream()
                        .flatMap(
                                target -> account.state().notifyState().target(target.id()).undeliveredSince().stream())
                        .min(Instant::compareTo)
                        .orElse(Instant.EPOCH));
    }

    private void time(AccountStatus account, Optional<Instant> time) {
        time.ifPresent(at -> sample(account, at.getEpochSecond()));
    }

    private void sample(AccountStatus account, long value) {
        sample("{" + label("account", account.section().name()) + "}", value);
    }

    private void sample(String labels, long value) {
        text.append(name).append(labels).append(' ').append(value).append('\n');
    }

    private static String label(String label, String value) {
        return label + "=\"" + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
    }
}

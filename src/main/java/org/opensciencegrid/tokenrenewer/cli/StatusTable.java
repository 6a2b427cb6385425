package org.opensciencegrid.tokenrenewer.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.status.AccountStatus;
import org.opensciencegrid.tokenrenewer.status.Level;
import org.opensciencegrid.tokenrenewer.status.Schedule;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.status.TokenStatus;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
import org.opensciencegrid.tokenrenewer.text.Printable;

/**
 * A {@link StatusReport} for a person, in 80 columns, what is urgent first. Only paths and commands may be longer: they are
 * to be copied.
 */
final class StatusTable {
    private static final String INDENT = "        ";
    private static final String ROW = " %-28s %-16s %s";

    private final Messages messages;
    private final Commands commands;
    private final Colours colours;
    private final Duration warn;

    /**
     * @param warn secrets and authorizations that end within it are urgent
     */
    StatusTable(Messages messages, Commands commands, Colours colours, Duration warn) {
        this.messages = messages;
        this.commands = commands;
        this.colours = colours;
        this.warn = warn;
    }

    String of(StatusReport report) {
        List<String> lines = new ArrayList<>();
        lines.add(headline(report));
        report.schedule().ifPresentOrElse(schedule -> schedule(lines, schedule, report.time()), () -> {
            if (commands.isService()) {
                lines.add("Note: " + Messages.NO_TIMER + ".");
            }
        });
        report.accounts().stream()
                .sorted(Comparator.comparing(AccountStatus::level).reversed()) // else as in the config file
                .forEach(account -> account(lines, account, report.time()));
        return String.join("\n", lines) + "\n";
    }

    private String headline(StatusReport report) {
        if (report.accounts().isEmpty()) {
            return "No tokens are configured in " + commands.config() + ".";
        }
        List<String> parts = new ArrayList<>();
        count(report, Level.ACTION, "in need of a person").ifPresent(parts::add);
        count(report, Level.WARNING, "with a warning").ifPresent(parts::add);
        count(report, Level.OK, "well").ifPresent(parts::add);
        return "Accounts: " + String.join(", ", parts) + ".";
    }

    private Optional<String> count(StatusReport report, Level level, String how) {
        long number = report.accounts().stream()
                .filter(account -> account.level() == level)
                .count();
        return number == 0 ? Optional.empty() : Optional.of(colours.of(level, number + " " + how));
    }

    private void schedule(List<String> lines, Schedule schedule, Instant now) {
        Timer timer = schedule.timer();
        if (schedule.isOverdue(now)) {
            String last = schedule.lastRun()
                    .map(at -> "since " + Words.time(at) + " (" + Words.ago(at, now) + ")")
                    .orElse("yet");
            marked(
                    lines,
                    Level.ACTION,
                    "no run has ended " + last + ", and one was to begin by "
                            + Words.time(schedule.nextBy().orElseThrow()));
            repair(lines, commands.restartTimer());
            return;
        }
        if (!timer.isEnabled()) {
            marked(lines, Level.WARNING, "the timer is not enabled: nothing is renewed after the next boot");
            repair(lines, commands.enableTimer());
        }
        String apart = timer.longestGap()
                .map(gap -> "Runs are at most " + Words.span(gap) + " apart.")
                .orElse("When runs come is not in the timer alone; see: " + commands.listTimers());
        String next = schedule.nextBy()
                .map(by -> by.isAfter(now)
                        ? "Next run by " + Words.clock(by) + " at the latest (" + Words.ago(by, now) + "). "
                        : "A run is due or at work. ")
                .orElse("");
        Prose.wrap(lines, "", next + apart);
    }

    /** Text with the word of its level before it. */
    private void marked(List<String> lines, Level level, String text) {
        List<String> wrapped = new ArrayList<>();
        Prose.wrap(wrapped, INDENT, text);
        lines.add(word(level) + wrapped.get(0).substring(INDENT.length() - 1));
        lines.addAll(wrapped.subList(1, wrapped.size()));
    }

    private void account(List<String> lines, AccountStatus account, Instant now) {
        String name = account.section().name();
        AccountState state = account.state();
        lines.add("");
        lines.add(colours.strong("account " + name)
                + state.issuer().map(issuer -> "  " + Printable.of(issuer)).orElse(""));
        facts(account).ifPresent(facts -> Prose.wrap(lines, INDENT, facts));
        // A failure that every token reports the same is said once, for the account.
        account.problem()
                .ifPresent(problem -> problem(lines, problem, name, state.nextTry(), account.failingSince(), now));
        state.inDoubtSince().ifPresent(since -> {
            Prose.wrap(lines, INDENT, Messages.inDoubt(Words.time(since) + " (" + Words.ago(since, now) + ")"));
            repair(lines, commands.endDoubt(name));
        });
        if (account.isOnTwoHosts(now)) {
            Prose.wrap(lines, INDENT, Messages.onTwoHosts());
        }
        ending(lines, "the client secret", state.clientSecretExpiresAt(), commands.newSecret(name), now);
        ending(lines, "the authorization", state.refreshTokenExpiresAt(), commands.reauthenticate(name), now);
        account.passwordFileIsWorldReadable().ifPresent(file -> {
            lines.add(INDENT + "anybody can read " + file);
            repair(lines, "chmod o-r " + file);
        });
        lines.add((INDENT
                        + String.format(Locale.ROOT, ROW, "TOKEN", "TIME LEFT", "LAST RENEWED")
                                .strip())
                .stripTrailing());
        account.tokens().stream()
                .sorted(Comparator.comparing(TokenStatus::level).reversed())
                .forEach(token -> token(lines, token, account, now));
    }

    private static Optional<String> facts(AccountStatus account) {
        AccountState state = account.state();
        List<String> facts = new ArrayList<>();
        if (account.section() instanceof ClientCredentialsAccount section) {
            facts.add("client " + Printable.of(section.clientId()) + " by client credentials");
        } else {
            state.clientId().ifPresent(id -> facts.add("client " + Printable.of(id)));
        }
        state.authorizedAt()
                .ifPresent(at -> facts.add("authorized "
                        + at.atOffset(ZoneOffset.UTC).toLocalDate()
                        + state.subject().map(who -> " by " + Printable.of(who)).orElse("")));
        if (state.rotations() > 0) {
            facts.add(state.rotations() == 1 ? "1 rotation" : state.rotations() + " rotations");
        }
        return facts.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", facts));
    }

    private void token(List<String> lines, TokenStatus token, AccountStatus account, Instant now) {
        String renewed = token.state().renewedAt().map(at -> Words.ago(at, now)).orElse("never");
        lines.add(word(token.level())
                + String.format(Locale.ROOT, ROW, shortened(token.section().name()), left(token, now), renewed)
                        .stripTrailing());
        lines.add(INDENT + token.section().tokenPath());
        Optional<Failure> failure = token.state().failure();
        if (failure.isPresent()
                && !failure.map(Failure::kind).equals(account.problem().map(Failure::kind))) {
            problem(
                    lines,
                    failure.get(),
                    account.section().name(),
                    token.state().nextTry(),
                    token.state().failingSince(),
                    now);
        } else if (failure.isEmpty()
                && token.level() == Level.ACTION
                && account.problem().isEmpty()) {
            lines.add(INDENT + "to have it now: " + commands.renew());
        }
        if (token.endsBetweenRuns()) {
            Prose.wrap(
                    lines,
                    INDENT,
                    Messages.endsBetweenRuns(Words.span(token.state().life().orElseThrow())));
            repair(lines, commands.runMoreOften());
        }
        differs(lines, "scope", token.state().askedScope(), token.state().grantedScope());
        differs(lines, "audience", token.state().askedAudience(), token.state().grantedAudience());
    }

    private static String left(TokenStatus token, Instant now) {
        return switch (token.onDisk()) {
            case NOTHING -> "no token";
            case UNREADABLE -> token.expiresAt().map(end -> left(end, now)).orElse("cannot read");
            case TOKEN -> token.expiresAt().map(end -> left(end, now)).orElse("not known");
        };
    }

    private static String left(Instant end, Instant now) {
        return end.isAfter(now)
                ? Words.span(Duration.between(now, end))
                : "expired " + Words.span(Duration.between(end, now));
    }

    private void problem(
            List<String> lines,
            Failure problem,
            String account,
            Optional<Instant> nextTry,
            Optional<Instant> since,
            Instant now) {
        Prose.wrap(lines, INDENT, messages.what(problem));
        since.ifPresent(at -> lines.add(INDENT + "failing since " + Words.time(at) + " (" + Words.ago(at, now) + ")"));
        repair(lines, messages.repair(problem, account));
        nextTry.ifPresent(time -> lines.add(INDENT + "the issuer is asked again after " + Words.time(time)));
    }

    private void repair(List<String> lines, String command) {
        Prose.repair(lines, INDENT, command, colours);
    }

    private static void differs(List<String> lines, String what, List<String> asked, List<String> granted) {
        if (!asked.isEmpty() && !granted.isEmpty() && !granted.containsAll(asked)) {
            Prose.wrap(
                    lines,
                    INDENT,
                    what + " asked: " + Printable.of(String.join(" ", asked)) + "; granted: "
                            + Printable.of(String.join(" ", granted)));
        }
    }

    private void ending(List<String> lines, String what, Optional<Instant> end, String repair, Instant now) {
        if (end.isEmpty()) {
            return;
        }
        Instant time = end.get();
        String when = time.isAfter(now)
                ? " ends " + Words.time(time) + " (" + Words.ago(time, now) + ")"
                : " has ended " + Words.time(time) + " (" + Words.ago(time, now) + ")";
        lines.add(INDENT + what + when);
        if (AccountState.isSoon(time, now, warn)) {
            repair(lines, repair);
        }
    }

    /** The word of a level in its colour, as wide as its column. */
    private String word(Level level) {
        String word = switch (level) {
            case OK -> "ok";
            case WARNING -> "warning";
            case ACTION -> "ACTION";
        };
        return colours.of(level, word) + " ".repeat(7 - word.length());
    }

    private static String shortened(String name) {
        return name.length() <= 28 ? name : name.substring(0, 25) + "...";
    }
}

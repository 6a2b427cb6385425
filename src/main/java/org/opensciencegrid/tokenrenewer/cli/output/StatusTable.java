package org.opensciencegrid.tokenrenewer.cli.output;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.config.NotifyTarget;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Expiry;
import org.opensciencegrid.tokenrenewer.state.NotifyState;
import org.opensciencegrid.tokenrenewer.status.AccountStatus;
import org.opensciencegrid.tokenrenewer.status.Level;
import org.opensciencegrid.tokenrenewer.status.Schedule;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.status.TokenStatus;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Formats a {@link StatusReport} for a person, in 80 columns: a line for each token, then what needs attention, then
 * the counts, because a terminal shows the end. Only paths and commands may be longer, so that they can be pasted.
 *
 * @param warn secrets and authorizations that expire within this time are a warning
 * @param isLong whether to show everything known about each account, and each path
 */
public record StatusTable(Messages messages, RepairCommands commands, Colors colors, Duration warn, boolean isLong) {
    private static final String INDENT = "        ";

    /** The widest texts in these columns: "expired 119 min", "119 min ago". */
    private static final int TIMES = 15 + 1 + 11;

    /**
     * One column stays empty: with --watch, erasing to the end of the line would delete a character in the last one.
     */
    private static final int NAMES = 79 - INDENT.length() - TIMES - 2;

    private static final int LONGEST_ACCOUNT = 16;

    /** The most names that share one note. */
    private static final int MOST_NAMES = 5;

    /**
     * One problem.
     *
     * @param kind "account" or "token", or empty
     * @param name of the account or token
     * @param text one sentence
     * @param since when it began
     * @param nextTry when we send the next request
     * @param repair empty if there is none
     */
    record Note(
            Level level,
            String kind,
            String name,
            String text,
            Optional<Instant> since,
            Optional<Instant> nextTry,
            Optional<Repair> repair) {
        /** A note without a subject and without a repair. */
        static Note of(Level level, String text) {
            return new Note(level, "", "", text, Optional.empty(), Optional.empty(), Optional.empty());
        }

        static Note of(Level level, String text, Repair repair) {
            return new Note(level, "", "", text, Optional.empty(), Optional.empty(), Optional.of(repair));
        }

        /** For a note about many subjects: says that the command is only the first of several. */
        Note withFirstOf(String many) {
            Optional<Repair> first = repair.map(of ->
                    new Repair(of.advice() + " (one command for each " + many + "; this is the first)", of.command()));
            return new Note(level, kind, name, text, since, nextTry, first);
        }

        Note withText(String other) {
            return new Note(level, kind, name, other, since, nextTry, repair);
        }

        /** The note about this account or token. */
        Note withSubject(String newKind, String newName) {
            return new Note(level, newKind, newName, text, since, nextTry, repair);
        }

        /** Whether both are one problem; their commands can name different accounts. */
        boolean isSameProblem(Note other) {
            return level == other.level
                    && kind.equals(other.kind)
                    && text.equals(other.text)
                    && repair.map(Repair::advice).equals(other.repair.map(Repair::advice));
        }
    }

    public String of(StatusReport report) {
        return text(parts(report));
    }

    /** For a page whose end may be off the screen. */
    public String attentionFirst(StatusReport report) {
        List<List<String>> parts = parts(report);
        Collections.reverse(parts);
        return text(parts);
    }

    private static String text(List<List<String>> parts) {
        return parts.stream()
                .filter(part -> !part.isEmpty())
                .map(part -> String.join("\n", part) + "\n")
                .collect(Collectors.joining("\n"));
    }

    private List<List<String>> parts(StatusReport report) {
        List<List<String>> parts = new ArrayList<>();
        if (isLong) {
            report.accounts().stream()
                    .sorted(Comparator.comparing(AccountStatus::level)) // otherwise in the order of the config file
                    .forEach(account -> parts.add(details(account, report.time())));
        } else {
            parts.add(table(report));
        }
        parts.add(notes(report));
        parts.add(summary(report));
        return parts;
    }

    // One line for each token

    private List<String> table(StatusReport report) {
        List<String> lines = new ArrayList<>();
        List<TokenStatus> tokens = report.accounts().stream()
                .flatMap(account -> account.tokens().stream())
                .sorted(Comparator.comparing(TokenStatus::level)) // otherwise in the order of the config file
                .toList();
        if (tokens.isEmpty()) {
            return lines;
        }
        int accounts = Math.min(
                LONGEST_ACCOUNT,
                longest(tokens.stream().map(token -> token.section().account()), "ACCOUNT"));
        int names = Math.min(
                NAMES - accounts,
                longest(tokens.stream().map(token -> token.section().name()), "TOKEN"));
        String row = " %s %-15s %-11s %s";
        lines.add(" ".repeat(7)
                + String.format(Locale.ROOT, row, Columns.of("TOKEN", names), "TIME LEFT", "RENEWED", "ACCOUNT"));
        for (TokenStatus token : tokens) {
            lines.add(word(token.level())
                    + String.format(
                            Locale.ROOT,
                            row,
                            Columns.of(token.section().name(), names),
                            left(token, report.time()),
                            renewed(token, report.time()),
                            Columns.shortened(token.section().account(), accounts)));
        }
        return lines;
    }

    private static int longest(Stream<String> names, String title) {
        return Stream.concat(names, Stream.of(title))
                .mapToInt(Columns::width)
                .max()
                .orElse(0);
    }

    static String renewed(TokenStatus token, Instant now) {
        return token.state().renewedAt().map(at -> HumanFormat.ago(at, now)).orElse("never");
    }

    static String left(TokenStatus token, Instant now) {
        return switch (token.onDisk()) {
            case NOTHING -> "no token";
            case UNREADABLE ->
                token.expiresAt().map(expiry -> left(expiry, now)).orElse("cannot read");
            case TOKEN -> token.expiresAt().map(expiry -> left(expiry, now)).orElse("not known");
        };
    }

    private static String left(Instant expiry, Instant now) {
        return expiry.isAfter(now)
                ? HumanFormat.span(Duration.between(now, expiry))
                : "expired " + HumanFormat.span(Duration.between(expiry, now));
    }

    // Problems

    /** The notes on everything; with the long form only those that are in no account's part. The worst is last. */
    private List<String> notes(StatusReport report) {
        List<String> lines = new ArrayList<>();
        problems(report).forEach(group -> addMerged(lines, group, report.time()));
        return lines;
    }

    /** The same notes, each with those of other accounts or tokens that have the same problem. */
    List<List<Note>> problems(StatusReport report) {
        List<Note> notes = new ArrayList<>();
        if (!isLong) {
            for (AccountStatus account : report.accounts()) {
                notes.addAll(notes(account, report.time()));
                account.tokens().forEach(token -> notes.addAll(notes(token, account)));
            }
        }
        List<String> mistakes = report.configProblems().stream()
                .map(problem -> Printable.of(problem.in(commands.config())))
                .toList();
        for (String mistake : mistakes) {
            boolean isLast = mistake.equals(mistakes.get(mistakes.size() - 1));
            Repair repair = new Repair("correct it there, then check again", commands.check());
            notes.add(isLast ? Note.of(Level.ACTION, mistake, repair) : Note.of(Level.ACTION, mistake));
        }
        report.unwritable()
                .ifPresent(why -> notes.add(Note.of(Level.ACTION, messages.what(why), messages.repair(why, ""))));
        report.unusedAccounts()
                .forEach(account -> notes.add(Note.of(
                        Level.ACTION,
                        messages.unusedAccount(account, report.time()),
                        messages.restoreSections(account))));
        report.unusedTokens()
                .forEach(token -> notes.add(Note.of(
                                Level.WARNING,
                                "it " + Messages.NO_SECTION,
                                messages.restoreSections(report.unusedTokens()))
                        .withSubject("token", token.token())));
        if (!report.accounts().isEmpty()) { // without accounts, no run is missed
            report.schedule().ifPresentOrElse(schedule -> notes.addAll(notes(schedule, report.time())), () -> {
                if (commands.isTimerPossible()) {
                    notes.add(Note.of(Level.WARNING, Messages.NO_TIMER, TimerText.repairWithout(commands)));
                }
            });
        }
        return merged(notes).stream()
                .sorted(Comparator.comparing(group -> group.get(0).level()))
                .toList();
    }

    /**
     * Merges notes with the same text about several accounts or tokens. If their commands differ, only if there are
     * many: then the first command is shown.
     */
    private static List<List<Note>> merged(List<Note> notes) {
        return grouped(notes).stream()
                .flatMap(group -> group.stream().map(Note::repair).distinct().count() == 1 || group.size() > MOST_NAMES
                        ? Stream.of(group)
                        : group.stream()
                                .collect(Collectors.groupingBy(Note::repair, LinkedHashMap::new, Collectors.toList()))
                                .values()
                                .stream())
                .toList();
    }

    private static List<List<Note>> grouped(List<Note> notes) {
        List<List<Note>> groups = new ArrayList<>();
        for (Note note : notes) {
            Optional<List<Note>> group = groups.stream()
                    .filter(others -> !note.kind().isEmpty() && note.isSameProblem(others.get(0)))
                    .findFirst();
            if (group.isPresent()) {
                group.get().add(note);
            } else {
                groups.add(new ArrayList<>(List.of(note)));
            }
        }
        return groups;
    }

    private void addMerged(List<String> lines, List<Note> group, Instant now) {
        Note note = group.get(0);
        List<String> names = group.stream().map(one -> Printable.of(one.name())).toList();
        String subject = note.kind().isEmpty()
                ? ""
                : note.kind() + (names.size() == 1 ? " " : "s ") + HumanFormat.some(names, MOST_NAMES) + ": ";
        List<String> wrapped = new ArrayList<>();
        LineWrapper.wrap(wrapped, INDENT, subject + note.text());
        lines.add(word(note.level()) + wrapped.get(0).substring(INDENT.length() - 1));
        lines.addAll(wrapped.subList(1, wrapped.size()));
        boolean isFirstOfMany = group.stream().map(Note::repair).distinct().count() > 1;
        addDetails(
                lines,
                isFirstOfMany ? note.withFirstOf(note.kind()) : note,
                group.stream().flatMap(one -> one.since().stream()).min(Instant::compareTo),
                group.stream().flatMap(one -> one.nextTry().stream()).min(Instant::compareTo),
                now);
    }

    /** Prints a note below its row or title. */
    private void addBelow(List<String> lines, Note note, Instant now) {
        LineWrapper.wrap(lines, INDENT, note.text());
        addDetails(lines, note, note.since(), note.nextTry(), now);
    }

    private void addDetails(
            List<String> lines, Note note, Optional<Instant> since, Optional<Instant> nextTry, Instant now) {
        List<String> times = new ArrayList<>();
        since.ifPresent(
                at -> times.add("failing since " + HumanFormat.time(at) + " (" + HumanFormat.ago(at, now) + ")"));
        nextTry.ifPresent(at -> times.add("next try after "
                + (Duration.between(now, at).toHours() < 12 ? HumanFormat.clock(at) : HumanFormat.time(at))));
        if (!times.isEmpty()) {
            LineWrapper.wrap(lines, INDENT, String.join(", ", times));
        }
        note.repair().ifPresent(repair -> lines.addAll(repair.lines(INDENT, colors)));
    }

    private List<Note> notes(AccountStatus account, Instant now) {
        List<Note> notes = new ArrayList<>();
        String name = account.section().name();
        AccountState state = account.state();
        // A failure that all tokens share is reported once, for the account.
        account.problem()
                .ifPresent(problem -> notes.add(
                        failureNote(problem, name, account.level(), account.failingSince(), state.nextTry())));
        state.inDoubtSince()
                .ifPresent(since -> notes.add(Note.of(
                        Level.WARNING,
                        Messages.inDoubt(HumanFormat.time(since) + " (" + HumanFormat.ago(since, now) + ")"),
                        messages.resolveDoubt(name))));
        if (state.isOnTwoHosts(now)) {
            notes.add(Note.of(Level.WARNING, Messages.onTwoHosts()));
        }
        for (Expiry expiry : state.expiries()) {
            expiryNote(Messages.what(expiry.kind()), expiry.at(), messages.renew(expiry.kind(), name), now)
                    .ifPresent(notes::add);
        }
        account.worldReadablePasswordFile()
                .ifPresent(file -> notes.add(Note.of(
                        Level.WARNING,
                        "everyone can read " + file,
                        new Repair("let only the service read it", commands.protect(file)))));
        for (NotifyTarget target : account.notNotified()) {
            NotifyState.Target last = state.notifyState().target(target.id());
            notes.add(Note.of(
                    Level.WARNING,
                    target + " could not be notified since "
                            + HumanFormat.time(last.undeliveredSince().orElseThrow()) + ": "
                            + Printable.of(last.reason()),
                    messages.repairNotification()));
        }
        return notes.stream().map(note -> note.withSubject("account", name)).toList();
    }

    private List<Note> notes(TokenStatus token, AccountStatus account) {
        List<Note> notes = new ArrayList<>();
        Optional<Failure> failure = token.state().failure();
        Optional<Failure> secretFailure =
                token.section().tokenSecret().flatMap(secret -> token.state().secretFailure());
        secretFailure.ifPresent(why -> notes.add(failureNote(
                why,
                account.section().name(),
                why.kind().passesByItself() ? Level.WARNING : Level.ACTION,
                token.state().secretFailingSince(),
                Optional.empty())));
        if (failure.isPresent()
                && !failure.map(Failure::kind).equals(account.problem().map(Failure::kind))) {
            Note note = failureNote(
                    failure.get(),
                    account.section().name(),
                    token.level(),
                    token.state().failingSince(),
                    token.state().nextTry());
            notes.add(failure.get().kind().isHookFailure() ? note.withText(note.text() + since(token)) : note);
        } else if (failure.isEmpty()
                && secretFailure.isEmpty()
                && token.level() == Level.ACTION
                && account.problem().isEmpty()) {
            boolean isOnDisk = token.expiresAt().isPresent();
            notes.add(Note.of(
                    Level.ACTION,
                    isOnDisk ? "the token has expired" : "there is no token yet",
                    new Repair("get one now", commands.renew())));
        }
        Optional<Duration> lifetime = token.state().lifetime();
        if (token.isShorterThanMinLifetime()) {
            String minLifetime = HumanFormat.span(
                    Duration.ofSeconds(token.section().minLifetime().orElseThrow()));
            notes.add(Note.of(Level.WARNING, Messages.tooShort(HumanFormat.span(lifetime.orElseThrow()), minLifetime)));
        }
        if (token.endsBetweenRuns()) {
            notes.add(Note.of(
                    Level.WARNING,
                    Messages.endsBetweenRuns(HumanFormat.span(lifetime.orElseThrow())),
                    commands.runMoreOften()));
        }
        token.otherSubject()
                .ifPresent(subject ->
                        notes.add(Note.of(Level.WARNING, Messages.otherSubject(subject, account.section()))));
        missingNote("scope", token.missingScope()).ifPresent(notes::add);
        missingNote("audience", token.missingAudience()).ifPresent(notes::add);
        return notes.stream()
                .map(note -> note.withSubject("token", token.section().name()))
                .toList();
    }

    /** The destinations that fail for longer than the token's hook, whose time begins again with each renewal. */
    private static String since(TokenStatus token) {
        List<String> failing = token.state().destinations(token.section()).stream()
                .filter(one -> one.hasFailed()
                        && !one.failingSince().equals(token.state().failingSince()))
                .map(one ->
                        one.name() + " " + HumanFormat.time(one.failingSince().orElseThrow()))
                .toList();
        return failing.isEmpty() ? "" : "; failing since: " + HumanFormat.some(failing, MOST_NAMES);
    }

    private Note failureNote(
            Failure problem, String account, Level level, Optional<Instant> since, Optional<Instant> nextTry) {
        return new Note(
                level, "", "", messages.what(problem), since, nextTry, Optional.of(messages.repair(problem, account)));
    }

    private static Optional<Note> missingNote(String what, List<String> words) {
        return words.isEmpty()
                ? Optional.empty()
                : Optional.of(Note.of(
                        Level.WARNING,
                        "requested " + what + " was not granted: " + Printable.of(String.join(" ", words))));
    }

    /** A note on an expiry; a distant one appears only in the long form. */
    private Optional<Note> expiryNote(String what, Instant time, Repair repair, Instant now) {
        boolean isSoon = AccountState.isSoon(time, now, warn);
        String when = (time.isAfter(now) ? " ends " : " has ended ") + HumanFormat.time(time) + " ("
                + HumanFormat.ago(time, now) + ")";
        return isSoon || isLong
                ? Optional.of(
                        isSoon ? Note.of(Level.WARNING, what + when, repair) : Note.of(Level.WARNING, what + when))
                : Optional.empty();
    }

    private List<Note> notes(Schedule schedule, Instant now) {
        List<Note> notes = new ArrayList<>();
        Timer timer = schedule.timer();
        timer.trouble()
                .ifPresent(trouble -> notes.add(Note.of(
                        trouble.stopsRuns() ? Level.ACTION : Level.WARNING,
                        TimerText.what(trouble, timer.detail()),
                        TimerText.repair(trouble, timer.detail(), commands))));
        if (schedule.isOverdue(now)) {
            String last = schedule.lastRun()
                    .map(at -> "since " + HumanFormat.time(at) + " (" + HumanFormat.ago(at, now) + ")")
                    .orElse("yet");
            notes.add(Note.of(
                    Level.ACTION,
                    "no run completed " + last + ", and the next was due by "
                            + HumanFormat.time(schedule.nextBy().orElseThrow()),
                    new Repair(
                            "start it again, and look at the journal of osg-token-renewer",
                            RepairCommands.restartTimer())));
        }
        return notes;
    }

    // The end

    private List<String> summary(StatusReport report) {
        List<String> lines = new ArrayList<>();
        lines.add(counts(report));
        LineWrapper.wrap(lines, "", runs(report));
        lines.removeIf(String::isEmpty);
        return lines;
    }

    String counts(StatusReport report) {
        long tokens = report.accounts().stream()
                .mapToLong(account -> account.tokens().size())
                .sum();
        if (tokens == 0 && report.configProblems().isEmpty()) {
            return "No tokens are configured in " + commands.config() + ".";
        }
        List<String> parts = new ArrayList<>();
        count(report, Level.ACTION, "needs attention", "need attention").ifPresent(parts::add);
        count(report, Level.WARNING, "warning", "warnings").ifPresent(parts::add);
        count(report, Level.OK, "OK", "OK").ifPresent(parts::add);
        long accounts = report.accounts().stream()
                .filter(account -> account.tokens().stream()
                        .allMatch(token -> token.level().compareTo(account.level()) < 0))
                .count();
        if (accounts > 0) {
            parts.add(colors.of(Level.WARNING, HumanFormat.count(accounts, "account warning")));
        }
        int mistakes = report.configProblems().size();
        if (mistakes > 0) {
            parts.add(colors.of(Level.ACTION, HumanFormat.count(mistakes, "mistake") + " in the config file"));
        }
        return HumanFormat.count(tokens, "token") + ": " + String.join(", ", parts);
    }

    private Optional<String> count(StatusReport report, Level level, String one, String many) {
        long number = report.accounts().stream()
                .flatMap(account -> account.tokens().stream())
                .filter(token -> token.level() == level)
                .count();
        return number == 0
                ? Optional.empty()
                : Optional.of(colors.of(level, number + " " + (number == 1 ? one : many)));
    }

    String runs(StatusReport report) {
        if (report.accounts().isEmpty()
                || report.schedule().isEmpty()
                || report.schedule().get().isOverdue(report.time())
                || report.schedule().get().timer().stopsRuns()) {
            return "";
        }
        Schedule schedule = report.schedule().get();
        Instant now = report.time();
        String next = schedule.nextBy()
                .map(by -> by.isAfter(now)
                        ? "Next run by " + HumanFormat.clock(by) + " at the latest (" + HumanFormat.ago(by, now) + "). "
                        : "A run is due or in progress. ")
                .orElse("");
        String apart = schedule.timer()
                .longestGap()
                .map(gap -> "Runs are at most " + HumanFormat.span(gap) + " apart.")
                .orElse("To see when runs start: systemctl list-timers.");
        return next + apart;
    }

    // The long form of one account

    private List<String> details(AccountStatus account, Instant now) {
        List<String> lines = new ArrayList<>();
        AccountState state = account.state();
        lines.add(colors.strong("account " + account.section().name())
                + state.issuer().map(issuer -> "  " + Printable.of(issuer)).orElse(""));
        facts(account).ifPresent(facts -> LineWrapper.wrap(lines, INDENT, facts));
        notes(account, now).forEach(note -> addBelow(lines, note, now));
        String row = " %s %-16s %s";
        int names = 28;
        lines.add(" ".repeat(7)
                + String.format(Locale.ROOT, row, Columns.of("TOKEN", names), "TIME LEFT", "LAST RENEWED"));
        account.tokens().stream()
                .sorted(Comparator.comparing(TokenStatus::level))
                .forEach(token -> {
                    lines.add(word(token.level())
                            + String.format(
                                    Locale.ROOT,
                                    row,
                                    Columns.padded(token.section().name(), names),
                                    left(token, now),
                                    renewed(token, now)));
                    lines.add(INDENT + token.section().place());
                    notes(token, account).forEach(note -> addBelow(lines, note, now));
                });
        return lines;
    }

    private static Optional<String> facts(AccountStatus account) {
        AccountState state = account.state();
        List<String> facts = new ArrayList<>();
        if (account.section() instanceof ClientCredentialsAccount section) {
            facts.add("client " + Printable.of(section.clientId()) + " with client credentials");
        } else {
            state.clientId().ifPresent(id -> facts.add("client " + Printable.of(id)));
        }
        state.authorizedAt()
                .ifPresent(at -> facts.add("authorized "
                        + at.atOffset(ZoneOffset.UTC).toLocalDate()
                        + state.subject().map(who -> " by " + Printable.of(who)).orElse("")));
        if (state.rotations() > 0) {
            facts.add(HumanFormat.count(state.rotations(), "rotation"));
        }
        if (state.narrows().orElse(false)) {
            facts.add("the whole scope for each token");
        }
        account.notifications()
                .flatMap(NotifyOptions::owner)
                .ifPresent(owner -> facts.add("owner " + Printable.of(owner)));
        return facts.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", facts));
    }

    /** The word for a level in its color, as wide as its column. */
    private String word(Level level) {
        String word = switch (level) {
            case OK -> "ok";
            case WARNING -> "warning";
            case ACTION -> "ACTION";
        };
        return colors.of(level, word) + " ".repeat(7 - word.length());
    }
}

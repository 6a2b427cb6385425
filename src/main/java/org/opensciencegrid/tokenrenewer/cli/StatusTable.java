package org.opensciencegrid.tokenrenewer.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.status.AccountStatus;
import org.opensciencegrid.tokenrenewer.status.Level;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.status.TokenStatus;
import org.opensciencegrid.tokenrenewer.text.Printable;

/** A {@link StatusReport} for a person, in 80 columns. Only paths and commands may be longer: they are to be copied. */
final class StatusTable {
    private static final int WIDTH = 80;
    private static final String ROW = "%-7s %-28s %-16s %s";

    private final Messages messages;
    private final Commands commands;

    StatusTable(Messages messages, Commands commands) {
        this.messages = messages;
        this.commands = commands;
    }

    String of(StatusReport report) {
        List<String> lines = new ArrayList<>();
        if (report.accounts().isEmpty()) {
            lines.add("No tokens are configured in " + commands.config() + ".");
        }
        for (AccountStatus account : report.accounts()) {
            if (!lines.isEmpty()) {
                lines.add("");
            }
            account(lines, account, report.time());
        }
        return String.join("\n", lines) + "\n";
    }

    private void account(List<String> lines, AccountStatus account, Instant now) {
        String name = account.section().name();
        AccountState state = account.state();
        lines.add("account " + name
                + state.issuer().map(issuer -> "  " + Printable.of(issuer)).orElse(""));
        facts(account).ifPresent(facts -> wrap(lines, "        ", facts));
        lines.add(String.format(ROW, "", "TOKEN", "TIME LEFT", "LAST RENEWED"));
        account.tokens().forEach(token -> token(lines, token, account, now));
        // A failure that every token reports the same is said once, for the account.
        account.problem().ifPresent(problem -> problem(lines, problem, name, state.nextTry()));
        state.inDoubtSince()
                .ifPresent(since -> wrap(
                        lines,
                        "        ",
                        "in doubt since " + Words.time(since) + ": an answer of the issuer was lost, so it may have"
                                + " given a refresh token that never arrived"));
        if (account.isOnTwoHosts(now)) {
            wrap(lines, "        ", Messages.onTwoHosts());
        }
        ending(lines, "the client secret", state.clientSecretExpiresAt(), now);
        ending(lines, "the authorization", state.refreshTokenExpiresAt(), now);
        account.passwordFileIsWorldReadable()
                .ifPresent(file -> wrap(lines, "        ", "anybody can read " + file + ": chmod o-r " + file));
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
        lines.add(String.format(
                        ROW, word(token.level()), shortened(token.section().name()), left(token, now), renewed)
                .stripTrailing());
        lines.add("        " + token.section().tokenPath());
        Optional<Failure> failure = token.state().failure();
        if (failure.isPresent()
                && !failure.map(Failure::kind).equals(account.problem().map(Failure::kind))) {
            problem(
                    lines,
                    failure.get(),
                    account.section().name(),
                    token.state().nextTry());
        } else if (failure.isEmpty()
                && token.level() == Level.ACTION
                && account.problem().isEmpty()) {
            lines.add("        to have it now: " + commands.renew());
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

    private void problem(List<String> lines, Failure problem, String account, Optional<Instant> nextTry) {
        wrap(lines, "        ", messages.what(problem));
        lines.add("        repair: " + messages.repair(problem, account));
        nextTry.ifPresent(time -> lines.add("        the issuer is asked again after " + Words.time(time)));
    }

    private static void differs(List<String> lines, String what, List<String> asked, List<String> granted) {
        if (!asked.isEmpty() && !granted.isEmpty() && !granted.containsAll(asked)) {
            wrap(
                    lines,
                    "        ",
                    what + " asked: " + Printable.of(String.join(" ", asked)) + "; granted: "
                            + Printable.of(String.join(" ", granted)));
        }
    }

    static void ending(List<String> lines, String what, Optional<Instant> end, Instant now) {
        end.ifPresent(time -> lines.add("        " + what + " ends " + Words.time(time) + " ("
                + (time.isAfter(now) ? "in " + Words.span(Duration.between(now, time)) : "past") + ")"));
    }

    private static String word(Level level) {
        return switch (level) {
            case OK -> "ok";
            case WARNING -> "warning";
            case ACTION -> "ACTION";
        };
    }

    private static String shortened(String name) {
        return name.length() <= 28 ? name : name.substring(0, 25) + "...";
    }

    static void wrap(List<String> lines, String indent, String text) {
        StringBuilder line = new StringBuilder(indent);
        for (String word : text.split(" ")) {
            boolean isFirst = line.length() == indent.length();
            if (!isFirst && line.length() + 1 + word.length() > WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder(indent);
                isFirst = true;
            }
            line.append(isFirst ? "" : " ").append(word);
        }
        lines.add(line.toString());
    }
}

package org.opensciencegrid.tokenrenewer.cli.output;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.state.Expiry;
import org.opensciencegrid.tokenrenewer.status.AccountStatus;
import org.opensciencegrid.tokenrenewer.status.Level;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.status.TokenStatus;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Writes a {@link StatusReport} as one page for a browser: the summary, what to do, every token. It has no script and
 * loads nothing, and all text from outside is escaped. It is also well-formed XML.
 */
public final class StatusHtml {
    private static final String STYLE = """
            :root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1c2330; --soft: #56606e;
              --line: #d8dde4; --code: #eef1f5; --ok: #17693a; --ok-back: #e3f3e8; --warning: #7a4b00;
              --warning-back: #fdf0d5; --action: #a3161f; --action-back: #fde5e5; }
            @media (prefers-color-scheme: dark) {
              :root { --page: #12161c; --card: #1b2129; --text: #e4e8ee; --soft: #a3adba; --line: #343d49;
                --code: #10141a; --ok: #7fd6a0; --ok-back: #16301f; --warning: #f1c46b; --warning-back: #362a10;
                --action: #ff9a9a; --action-back: #431a1e; }
            }
            * { box-sizing: border-box; }
            body { margin: 0; background: var(--page); color: var(--text);
              font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
            main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
            h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; }
            h2 { font-size: 1.15rem; margin: 2rem 0 .75rem; }
            h3 { font-size: 1rem; margin: 0 0 .25rem; }
            p { margin: .25rem 0; }
            .soft { color: var(--soft); font-size: .9rem; }
            .card { background: var(--card); border: 1px solid var(--line); border-left: .35rem solid var(--line);
              border-radius: .4rem; padding: .75rem 1rem; margin: 0 0 .75rem; }
            .summary { margin-top: 1rem; }
            .summary p:first-child { font-size: 1.15rem; font-weight: 600; }
            .card.ok { border-left-color: var(--ok); }
            .card.warning { border-left-color: var(--warning); }
            .card.action { border-left-color: var(--action); }
            .level { display: inline-block; border-radius: .25rem; padding: 0 .45rem; font-size: .8rem; font-weight: 600;
              white-space: nowrap; }
            .level.ok { color: var(--ok); background: var(--ok-back); }
            .level.warning { color: var(--warning); background: var(--warning-back); }
            .level.action { color: var(--action); background: var(--action-back); }
            pre { background: var(--code); border: 1px solid var(--line); border-radius: .3rem; margin: .4rem 0 .2rem;
              padding: .4rem .6rem; white-space: pre-wrap; font-size: .85rem; }
            code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
            code span { display: inline-block; max-width: 100%; }
            a { color: inherit; }
            table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line);
              border-radius: .4rem; }
            th, td { text-align: left; vertical-align: top; padding: .5rem .75rem; border-top: 1px solid var(--line); }
            thead th { border-top: 0; color: var(--soft); font-size: .85rem; font-weight: 600; white-space: nowrap; }
            tbody th { font-weight: 600; min-width: 9rem; }
            .time { white-space: nowrap; }
            @media (max-width: 48rem) {
              thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
              table, tbody, tr, th, td { display: block; }
              table { background: none; border: 0; }
              tr { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .5rem 1rem;
                margin-bottom: .75rem; }
              th, td { border: 0; padding: .15rem 0; }
              td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); font-size: .9rem; }
            }
            """;

    private final StatusTable table;
    private final String host;
    private final StringBuilder html = new StringBuilder();

    /**
     * @param table the texts, without colors
     * @param host the name of this host
     */
    public StatusHtml(StatusTable table, String host) {
        this.table = table;
        this.host = host;
    }

    public String of(StatusReport report) {
        List<List<StatusTable.Note>> problems = new ArrayList<>(table.problems(report));
        Collections.reverse(problems); // the worst first
        html.append("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n")
                .append("<meta charset=\"utf-8\" />\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n")
                .append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src"
                        + " 'unsafe-inline'\" />\n")
                .append("<meta name=\"referrer\" content=\"no-referrer\" />\n");
        element("title", "Tokens on " + host + ": " + table.counts(report));
        html.append("<style>\n").append(STYLE).append("</style>\n</head>\n<body>\n<main>\n");
        element("h1", "Tokens on " + host);
        element(
                "p class=\"soft\"",
                "As of " + HumanFormat.time(report.time()) + ". This page does not change by itself.");
        html.append("<section class=\"card summary ")
                .append(name(report.level()))
                .append("\">\n");
        element("p", table.counts(report));
        if (!table.runs(report).isEmpty()) {
            element("p class=\"soft\"", table.runs(report));
        }
        html.append("</section>\n");
        if (!problems.isEmpty()) {
            element("h2", "What to do");
        }
        for (int i = 0; i < problems.size(); i++) {
            problem(problems.get(i), i + 1, report.time());
        }
        if (!report.accounts().isEmpty()) {
            tokens(report, problems);
            accounts(report);
        }
        html.append("</main>\n</body>\n</html>\n");
        return html.toString();
    }

    private void problem(List<StatusTable.Note> group, int number, Instant now) {
        StatusTable.Note note = group.get(0);
        html.append("<article id=\"p").append(number).append("\" class=\"card ").append(name(note.level()));
        html.append("\">\n<h3>");
        level(note.level());
        if (!note.kind().isEmpty()) {
            List<String> names = group.stream().map(StatusTable.Note::name).toList();
            html.append(' ').append(escaped(note.kind() + (names.size() == 1 ? " " : "s ") + String.join(", ", names)));
        }
        html.append("</h3>\n");
        element("p", note.text());
        Stream<String> since = group.stream()
                .flatMap(one -> one.since().stream())
                .min(Instant::compareTo)
                .map(at -> "failing since " + HumanFormat.time(at) + " (" + HumanFormat.ago(at, now) + ")")
                .stream();
        Stream<String> next = group.stream()
                .flatMap(one -> one.nextTry().stream())
                .min(Instant::compareTo)
                .map(at -> "next try after " + HumanFormat.time(at))
                .stream();
        List<String> times = Stream.concat(since, next).toList();
        if (!times.isEmpty()) {
            element("p class=\"soft\"", String.join(", ", times));
        }
        group.stream().flatMap(one -> one.repair().stream()).distinct().forEach(this::repair);
        html.append("</article>\n");
    }

    private void repair(Repair repair) {
        element("p", repair.label() + repair.advice() + (repair.command().isEmpty() ? "" : ":"));
        if (!repair.command().isEmpty()) {
            String line = escaped(ShellQuote.line(repair.command()));
            html.append("<pre><code><span>")
                    .append(line.replace(" ", "</span> <span>")) // it wraps there, not after the hyphens of an option
                    .append("</span></code></pre>\n");
        }
    }

    private void tokens(StatusReport report, List<List<StatusTable.Note>> problems) {
        element("h2", "Tokens");
        head("State", "Token", "Time left", "Renewed", "Account", "Problem");
        List<TokenStatus> tokens = report.accounts().stream()
                .flatMap(account -> account.tokens().stream())
                .sorted(Comparator.comparing(TokenStatus::level).reversed()) // else in the order of the config file
                .toList();
        for (TokenStatus token : tokens) {
            html.append("<tr>\n<td>");
            level(token.level());
            html.append("</td>\n");
            element("th scope=\"row\"", token.section().name());
            String expires = token.expiresAt().map(at -> HumanFormat.time(at)).orElse("");
            html.append("<td data-label=\"Time left\"><span class=\"time\">")
                    .append(escaped(StatusTable.left(token, report.time())))
                    .append("</span>");
            if (!expires.isEmpty()) {
                html.append(" <span class=\"soft time\">").append(expires).append("</span>");
            }
            html.append("</td>\n");
            element("td class=\"time\" data-label=\"Renewed\"", StatusTable.renewed(token, report.time()));
            element("td data-label=\"Account\"", token.section().account());
            html.append("<td data-label=\"Problem\">");
            problem(token, problems);
            html.append("</td>\n</tr>\n");
        }
        html.append("</tbody>\n</table>\n");
    }

    /** The worst problem of the token or its account, with a link to what to do. */
    private void problem(TokenStatus token, List<List<StatusTable.Note>> problems) {
        for (int i = 0; i < problems.size(); i++) {
            for (StatusTable.Note note : problems.get(i)) {
                boolean isOfToken = note.kind().equals("token")
                                && note.name().equals(token.section().name())
                        || note.kind().equals("account")
                                && note.name().equals(token.section().account());
                if (isOfToken && token.level() != Level.OK) {
                    html.append("<a href=\"#p")
                            .append(i + 1)
                            .append("\">")
                            .append(escaped(note.text()))
                            .append("</a>\n");
                    return;
                }
            }
        }
        if (token.level() == Level.OK) {
            html.append("<span class=\"soft\">none</span>");
        }
    }

    private void accounts(StatusReport report) {
        element("h2", "Accounts");
        head("State", "Account", "Issuer", "Authorized", "Ends", "Owner");
        List<AccountStatus> accounts = report.accounts().stream()
                .sorted(Comparator.comparing(AccountStatus::level).reversed())
                .toList();
        for (AccountStatus account : accounts) {
            html.append("<tr>\n<td>");
            level(account.level());
            html.append("</td>\n");
            element("th scope=\"row\"", account.section().name());
            optional("Issuer", account.state().issuer());
            optional("Authorized", account.state().authorizedAt().map(at -> authorized(account, at)));
            List<String> ends = new ArrayList<>();
            for (Expiry expiry : account.state().expiries()) {
                ends.add(Messages.what(expiry.kind()) + " " + HumanFormat.time(expiry.at()) + " ("
                        + HumanFormat.ago(expiry.at(), report.time()) + ")");
            }
            optional("Ends", ends.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", ends)));
            optional("Owner", account.notifications().flatMap(NotifyOptions::owner));
            html.append("</tr>\n");
        }
        html.append("</tbody>\n</table>\n");
    }

    private static String authorized(AccountStatus account, Instant at) {
        return HumanFormat.time(at).substring(0, 10)
                + account.state().subject().map(who -> " by " + who).orElse("");
    }

    private void head(String... titles) {
        html.append("<table>\n<thead><tr>");
        for (String title : titles) {
            html.append("<th scope=\"col\">").append(title).append("</th>");
        }
        html.append("</tr></thead>\n<tbody>\n");
    }

    /** A cell; on a narrow screen, an empty one takes no space. */
    private void optional(String label, Optional<String> text) {
        text.ifPresentOrElse(
                words -> element("td data-label=\"" + label + "\"", words), () -> html.append("<td></td>\n"));
    }

    private void level(Level level) {
        element(
                "span class=\"level " + name(level) + "\"",
                switch (level) {
                    case OK -> "OK";
                    case WARNING -> "warning";
                    case ACTION -> "needs attention";
                });
    }

    private static String name(Level level) {
        return level.word();
    }

    /** @param tag a name and its attributes, which contain nothing from outside */
    private void element(String tag, String text) {
        html.append('<').append(tag).append('>').append(escaped(text)).append("</");
        html.append(tag.split(" ", 2)[0]).append(">\n");
    }

    /** Text from outside: names, what an issuer said. */
    private static String escaped(String text) {
        return Printable.of(text, Integer.MAX_VALUE - 1)
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}

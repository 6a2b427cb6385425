package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.account.HostIdentity;
import org.opensciencegrid.tokenrenewer.cli.output.AccountText;
import org.opensciencegrid.tokenrenewer.cli.output.Colors;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.LineWrapper;
import org.opensciencegrid.tokenrenewer.cli.output.Messages;
import org.opensciencegrid.tokenrenewer.cli.output.StatusCalendar;
import org.opensciencegrid.tokenrenewer.cli.output.StatusHtml;
import org.opensciencegrid.tokenrenewer.cli.output.StatusJson;
import org.opensciencegrid.tokenrenewer.cli.output.StatusTable;
import org.opensciencegrid.tokenrenewer.cli.output.TokenText;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.cli.terminal.FullScreen;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.status.AccountDetails;
import org.opensciencegrid.tokenrenewer.status.AccountStatus;
import org.opensciencegrid.tokenrenewer.status.Level;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.status.TokenStatus;
import org.opensciencegrid.tokenrenewer.util.Printable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows the state of every token, for a routine look or an emergency. */
@Command(
        name = "status",
        description = "Shows every token, when it expires, and what needs your attention. Uses no network.")
final class StatusCommand implements Callable<Integer> {
    @Option(names = "--json", description = "print one line of JSON for programs")
    private boolean json;

    @Option(names = "--ics", description = "print a calendar file with the ends of authorizations and client secrets")
    private boolean ics;

    @Option(names = "--html", description = "print a page for a browser, without scripts and with nothing to load")
    private boolean html;

    @Option(
            names = "--long",
            description = "show everything that is known about each account, and the path of each token")
    private boolean isLong;

    @Option(
            names = "--account",
            paramLabel = "NAME",
            description = "show everything that is known about one account, even if it is not in the config file")
    private String account;

    @Mixin
    private ViewOptions view = new ViewOptions();

    @Option(
            names = "--watch",
            arity = "0..1",
            paramLabel = "SECONDS",
            fallbackValue = "5",
            description = "refresh the output every 5 seconds, or every SECONDS seconds, until Ctrl-C")
    private Integer watch;

    @Parameters(arity = "0..1", paramLabel = "TOKEN", description = "explain this token and its content")
    private String token;

    private final CommandContext context;

    StatusCommand(CommandContext context) {
        this.context = context;
    }

    /** The text, and its exit status. */
    private record Page(String text, int status) {
        static Page of(String text, Level level) {
            return new Page(text, level == Level.ACTION ? ExitStatus.FAILED : ExitStatus.OK);
        }

        Page withStatus(int other) {
            return new Page(text, other);
        }
    }

    @Override
    public Integer call() {
        String format = json ? "--json" : ics ? "--ics" : html ? "--html" : "";
        if (!format.isEmpty() && (token != null || account != null || watch != null)) {
            throw new UsageException(format + " cannot be combined with TOKEN, --account or --watch");
        }
        if (Stream.of(json, ics, html).filter(isSet -> isSet).count() > 1) {
            throw new UsageException("give only one of --json, --ics and --html");
        }
        if (token != null && account != null) {
            throw new UsageException("TOKEN cannot be combined with --account");
        }
        if (isLong && (!format.isEmpty() || token != null || account != null)) {
            throw new UsageException("--long cannot be combined with --json, --ics, --html, TOKEN or --account");
        }
        if (watch != null && watch < 1) {
            throw new UsageException("--watch=" + watch + ": give at least 1 second");
        }
        Page page = page();
        Environment environment = context.environment();
        if (watch == null) {
            environment.out().print(page.text());
            environment.out().flush();
        } else {
            new FullScreen(environment).show(this::pageOrError, Duration.ofSeconds(watch));
        }
        return page.status();
    }

    /** With --watch, the config file may be incomplete for a moment because somebody edits it. */
    private String pageOrError() {
        try {
            return page().text();
        } catch (UsageException e) {
            return e.text() + "\n";
        }
    }

    private Page page() {
        Duration within = view.warnWithin();
        context.requireReadable();
        try {
            if (account != null) {
                return details(ConfiguredAccounts.name(account));
            }
            Config config = context.readConfig();
            StatusReport report = StatusReport.of(
                    config,
                    context.store(),
                    context.states(),
                    context.passwords(),
                    context.tokenSecrets(),
                    context.timerNow(),
                    within,
                    context.environment().clock());
            return token != null ? explain(config, report) : all(report, within);
        } catch (IOException e) {
            throw new UsageException("the state in " + context.layout().state() + " cannot be read: "
                    + Printable.of(e.getMessage()) + "; run status as root or osg-token-svc");
        }
    }

    private Page all(StatusReport report, Duration within) {
        String text = text(report, within);
        Page page = Page.of(text, report.level());
        return report.configProblems().isEmpty() ? page : page.withStatus(ExitStatus.USAGE);
    }

    private String text(StatusReport report, Duration within) {
        Messages messages = context.messages();
        if (json) {
            return new StatusJson(messages).of(report);
        }
        if (ics) {
            return new StatusCalendar(messages, HostIdentity.hostName()).of(report);
        }
        Colors colors = html ? Colors.NONE : view.colors(context.environment());
        StatusTable table = new StatusTable(messages, context.commands(), colors, within, isLong);
        if (html) {
            return new StatusHtml(table, HostIdentity.hostName()).of(report);
        }
        return watch == null ? table.of(report) : table.attentionFirst(report);
    }

    private Page explain(Config config, StatusReport report) {
        for (AccountStatus accountStatus : report.accounts()) {
            for (TokenStatus status : accountStatus.tokens()) {
                if (status.section().name().equals(token)) {
                    String text = new TokenText(context.messages(), context.commands(), report.time())
                            .of(status, accountStatus);
                    return Page.of(text, status.level());
                }
            }
        }
        throw UsageException.noToken(token, config);
    }

    private Page details(String name) throws IOException {
        ConfiguredAccounts configured = new ConfiguredAccounts(context);
        Messages messages = context.messages();
        Instant now = context.environment().clock().instant();
        Optional<Path> passwordFile =
                configured.isClientCredentials(name) ? Optional.empty() : Optional.of(configured.passwordFile(name));
        AccountDetails details =
                AccountDetails.of(name, passwordFile, context.store(), context.states(), context.passwords(), now);
        if (!details.exists()) {
            Failure why = details.problem().orElseThrow();
            List<String> lines = new ArrayList<>(List.of("account " + name + ": " + messages.what(why)));
            lines.addAll(messages.repair(why, name).lines(LineWrapper.HANGING, Colors.NONE));
            return new Page(String.join("\n", lines) + "\n", ExitStatus.FAILED);
        }
        return Page.of(new AccountText(messages).of(details, configured.sections(name)), details.level());
    }
}

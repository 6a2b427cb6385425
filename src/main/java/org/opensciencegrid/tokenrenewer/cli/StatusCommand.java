package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.opensciencegrid.tokenrenewer.status.AccountStatus;
import org.opensciencegrid.tokenrenewer.status.AccountStory;
import org.opensciencegrid.tokenrenewer.status.Level;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.status.TokenStatus;
import org.opensciencegrid.tokenrenewer.text.Printable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What an operator looks at once a month, or at 3 a.m. */
@Command(name = "status", description = "Shows every token, when it ends, and what needs a person. Uses no network.")
final class StatusCommand implements Callable<Integer> {
    @Option(names = "--json", description = "for machines; docs/status-json.md describes it")
    private boolean json;

    @Option(
            names = "--account",
            paramLabel = "NAME",
            description = "all that is known of one account, whether the config file names it or not")
    private String account;

    @Mixin
    private ViewOptions view = new ViewOptions();

    @Option(
            names = "--watch",
            arity = "0..1",
            paramLabel = "SECONDS",
            fallbackValue = "5",
            description = "show it anew every 5 seconds, or every SECONDS, until Ctrl-C")
    private Integer watch;

    @Parameters(arity = "0..1", paramLabel = "TOKEN", description = "explain this one token and what is in it")
    private String token;

    private final Root root;

    StatusCommand(Root root) {
        this.root = root;
    }

    /** What is shown, and the exit status that goes with it. */
    private record Page(String text, int status) {
        static Page of(String text, Level level) {
            return new Page(text, level == Level.ACTION ? ExitStatus.FAILED : ExitStatus.OK);
        }
    }

    @Override
    public Integer call() {
        if (json && (token != null || account != null || watch != null)) {
            throw new UsageException(
                    "--json goes with none of TOKEN, --account and --watch: it has all there is, once");
        }
        if (token != null && account != null) {
            throw new UsageException("TOKEN and --account exclude each other");
        }
        if (watch != null && watch < 1) {
            throw new UsageException("--watch=" + watch + ": give at least 1 second");
        }
        Page page = page();
        Environment environment = root.environment();
        if (watch == null) {
            environment.out().print(page.text());
            environment.out().flush();
        } else {
            new Screen(environment).show(this::pageOrWhyNot, Duration.ofSeconds(watch));
        }
        return page.status();
    }

    /** While it is watched, the config file may be under an editor. */
    private String pageOrWhyNot() {
        try {
            return page().text();
        } catch (UsageException e) {
            return e.getMessage() + "\n";
        }
    }

    private Page page() {
        Duration within = view.within();
        root.requireReader();
        try {
            if (account != null) {
                return story(Configured.name(account));
            }
            StatusReport report = StatusReport.of(
                    root.readConfig(),
                    root.store(),
                    root.states(),
                    root.passwords(),
                    root.timer(),
                    within,
                    root.environment().clock());
            return token != null ? explain(report) : all(report, within);
        } catch (IOException e) {
            throw new UsageException("the state in " + root.places().state() + " cannot be read: "
                    + Printable.of(e.getMessage()) + "; run status as root or osg-token-svc");
        }
    }

    private Page all(StatusReport report, Duration within) {
        Messages messages = new Messages(root.commands());
        Colours colours = view.colours(root.environment());
        String text = json
                ? new StatusJson(messages).of(report)
                : new StatusTable(messages, root.commands(), colours, within).of(report);
        return Page.of(text, report.level());
    }

    private Page explain(StatusReport report) {
        for (AccountStatus of : report.accounts()) {
            for (TokenStatus status : of.tokens()) {
                if (status.section().name().equals(token)) {
                    String text =
                            new TokenText(new Messages(root.commands()), root.commands(), report.time()).of(status, of);
                    return Page.of(text, status.level());
                }
            }
        }
        throw new UsageException("no [token " + Printable.of(token) + "] in " + root.configFile() + "; there are: "
                + report.accounts().stream()
                        .flatMap(of -> of.tokens().stream())
                        .map(status -> status.section().name())
                        .sorted()
                        .collect(Collectors.joining(", ")));
    }

    private Page story(String name) throws IOException {
        Configured configured = new Configured(root);
        Messages messages = new Messages(root.commands());
        AccountStory story = AccountStory.of(
                name,
                configured.passwordFile(name),
                root.store(),
                root.states(),
                root.passwords(),
                root.environment().clock().instant());
        if (!story.exists()) {
            String line =
                    "account " + name + ": " + messages.line(story.problem().orElseThrow(), name);
            return new Page(line + "\n", ExitStatus.FAILED);
        }
        return Page.of(new AccountText(messages).of(story, configured.sections(name)), story.level());
    }
}

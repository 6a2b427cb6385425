package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.opensciencegrid.tokenrenewer.status.AccountStatus;
import org.opensciencegrid.tokenrenewer.status.AccountStory;
import org.opensciencegrid.tokenrenewer.status.Level;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.status.TokenStatus;
import org.opensciencegrid.tokenrenewer.text.Printable;
import picocli.CommandLine.Command;
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

    @Parameters(arity = "0..1", paramLabel = "TOKEN", description = "explain this one token and what is in it")
    private String token;

    private final Root root;

    StatusCommand(Root root) {
        this.root = root;
    }

    @Override
    public Integer call() {
        if (account != null) {
            return story(Configured.name(account));
        }
        Environment environment = root.environment();
        if (token != null && json) {
            throw new UsageException("TOKEN and --json exclude each other: the JSON has all tokens");
        }
        StatusReport report;
        try {
            report = StatusReport.of(
                    root.readConfig(), root.store(), root.states(), root.passwords(), environment.clock());
        } catch (IOException e) {
            throw unreadable(e);
        }
        if (token != null) {
            return explain(report);
        }
        Messages messages = new Messages(root.commands());
        environment
                .out()
                .print(
                        json
                                ? new StatusJson(messages).of(report)
                                : new StatusTable(messages, root.commands()).of(report));
        environment.out().flush();
        return report.level() == Level.ACTION ? ExitStatus.FAILED : ExitStatus.OK;
    }

    private int explain(StatusReport report) {
        for (AccountStatus of : report.accounts()) {
            for (TokenStatus status : of.tokens()) {
                if (status.section().name().equals(token)) {
                    String text = new TokenText(new Messages(root.commands()), report.time()).of(status, of.problem());
                    root.environment().out().print(text);
                    root.environment().out().flush();
                    return status.level() == Level.ACTION ? ExitStatus.FAILED : ExitStatus.OK;
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

    private int story(String name) {
        if (json) {
            throw new UsageException("--account and --json exclude each other: the JSON has all accounts");
        }
        Configured configured = new Configured(root);
        Messages messages = new Messages(root.commands());
        try {
            AccountStory story = AccountStory.of(
                    name,
                    configured.passwordFile(name),
                    root.store(),
                    root.states(),
                    root.passwords(),
                    root.environment().clock().instant());
            if (!story.exists()) {
                new Output(root.environment())
                        .error("account " + name + ": "
                                + messages.line(story.problem().orElseThrow(), name));
                return ExitStatus.FAILED;
            }
            root.environment().out().print(new AccountText(messages).of(story, configured.sections(name)));
            root.environment().out().flush();
            return story.level() == Level.ACTION ? ExitStatus.FAILED : ExitStatus.OK;
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private UsageException unreadable(IOException e) {
        return new UsageException("the state in " + root.places().state() + " cannot be read: "
                + Printable.of(e.getMessage()) + "; run status as root or osg-token-svc");
    }
}

package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import org.opensciencegrid.tokenrenewer.status.Level;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.text.Printable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What an operator looks at once a month, or at 3 a.m. */
@Command(name = "status", description = "Shows every token, when it ends, and what needs a person. Uses no network.")
final class StatusCommand implements Callable<Integer> {
    @Option(names = "--json", description = "for machines; docs/status-json.md describes it")
    private boolean json;

    private final Root root;

    StatusCommand(Root root) {
        this.root = root;
    }

    @Override
    public Integer call() {
        Environment environment = root.environment();
        StatusReport report;
        try {
            report = StatusReport.of(
                    root.readConfig(), root.store(), root.states(), root.passwords(), environment.clock());
        } catch (IOException e) {
            throw new UsageException("the state in " + root.places().state() + " cannot be read: "
                    + Printable.of(e.getMessage()) + "; run status as root or osg-token-svc");
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
}

package org.opensciencegrid.tokenrenewer.cli;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.check.HealthCheck;
import org.opensciencegrid.tokenrenewer.check.ServiceMachine;
import org.opensciencegrid.tokenrenewer.cli.output.CheckText;
import org.opensciencegrid.tokenrenewer.cli.output.Colors;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.net.Network;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Finds problems before they stop renewals. */
@Command(
        name = "check",
        description = {
            "Finds problems before they break renewals: files and their owners, passwords, the timer, the sandbox, the clock, the issuers.",
            "Requests no token, and changes nothing: it deletes the test files that it creates. With --notify, it"
                    + " sends messages, and starts the programs in notify."
        })
final class CheckCommand implements Callable<Integer> {
    @Option(names = "--offline", description = "do not contact the issuers")
    private boolean offline;

    @Option(names = "--json", description = "print one line of JSON for programs")
    private boolean json;

    @Option(names = "--notify", description = "also send a test message to each target of notify in the config file")
    private boolean notifies;

    @Mixin
    private ViewOptions view = new ViewOptions();

    private final CommandContext context;

    CheckCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public Integer call() {
        if (notifies && offline) {
            throw new UsageException("--notify cannot be combined with --offline");
        }
        Duration within = view.warnWithin();
        context.requireReadable();
        // Reach an issuer as the service does, not with the proxy of this shell.
        Optional<Network> ofService = context.networkOfService();
        Optional<Network> network =
                offline ? Optional.empty() : Optional.of(ofService.orElseGet(() -> context.network(false)));
        Optional<ServiceMachine> machine = context.commands().isService()
                ? Optional.of(ServiceMachine.read(
                        context.stateDirectory(), context.commands().isTimerPossible()))
                : Optional.empty();
        Set<Finding> all = new LinkedHashSet<>(new HealthCheck(
                        context.configFile(),
                        context.layout(),
                        context.store(),
                        context.states(),
                        context.passwords(),
                        network,
                        ofService.flatMap(service -> context.proxiesOfShell()),
                        context.tokenSecrets(),
                        context.rights(),
                        machine,
                        within,
                        context.environment().clock())
                .run());
        if (notifies) {
            all.addAll(new TestMessages(context, network.orElseThrow(), json).send());
        }
        List<Finding> findings = List.copyOf(all);
        Colors colors = view.colors(context.environment());
        CheckText text = new CheckText(context.messages(), context.commands(), colors);
        context.environment().out().print(json ? text.json(findings) : text.of(findings));
        context.environment().out().flush();
        return findings.stream().anyMatch(Finding::isProblem) ? ExitStatus.FAILED : ExitStatus.OK;
    }
}

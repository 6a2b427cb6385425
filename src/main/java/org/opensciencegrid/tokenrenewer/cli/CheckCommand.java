package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.opensciencegrid.tokenrenewer.check.Checkup;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.check.Machine;
import org.opensciencegrid.tokenrenewer.oidc.Network;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What an operator asks before it breaks. */
@Command(
        name = "check",
        description = {
            "Looks for what will break: files and their owners, passwords, the timer, the sandbox, the clock, the issuers.",
            "Changes nothing, and asks no issuer for a token."
        })
final class CheckCommand implements Callable<Integer> {
    @Option(names = "--offline", description = "leave the issuers alone")
    private boolean offline;

    @Mixin
    private ViewOptions view = new ViewOptions();

    private final Root root;

    CheckCommand(Root root) {
        this.root = root;
    }

    @Override
    public Integer call() {
        Duration within = view.within();
        root.requireReader();
        Optional<Network> network = offline ? Optional.empty() : Optional.of(root.network(false));
        Optional<Machine> machine = root.commands().isService()
                ? Optional.of(Machine.read(Path.of("/"), root.stateDirectory()))
                : Optional.empty();
        List<Finding> findings = new Checkup(
                        root.configFile(),
                        root.places(),
                        root.store(),
                        root.states(),
                        root.passwords(),
                        network,
                        machine,
                        within,
                        root.environment().clock())
                .run();
        Colours colours = view.colours(root.environment());
        CheckText text = new CheckText(new Messages(root.commands()), root.commands(), colours);
        root.environment().out().print(text.of(findings));
        root.environment().out().flush();
        return findings.stream().anyMatch(Finding::isProblem) ? ExitStatus.FAILED : ExitStatus.OK;
    }
}

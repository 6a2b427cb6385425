package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.agent.AgentException;
import org.opensciencegrid.tokenrenewer.agent.AgentExport;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The way back. */
@Command(
        name = "export-oidc-agent",
        description = "Writes an account as a file that oidc-agent opens with the account's password.")
final class ExportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "short name of the account")
    private String account;

    @Option(names = "--to", paramLabel = "FILE", required = true, description = "a file that does not exist yet")
    private Path to;

    private final Root root;
    private final Output output;

    ExportCommand(Root root) {
        this.root = root;
        this.output = new Output(root.environment());
    }

    @Override
    public Integer call() {
        String name = Configured.name(account);
        Configured configured = new Configured(root);
        root.makeStateDirectory();
        try (Password password = root.passwords().read(name, configured.passwordFile(name))) {
            new AgentExport(root.store(), Root.LOCK_WAIT).run(name, password, to);
        } catch (PasswordFileException e) {
            return failed(Failures.of(e), name);
        } catch (AgentException e) {
            return failed(e.failure(), name);
        }
        output.info("account " + name + ": exported to " + to);
        if (configured.isInUse(name)) {
            output.warning("the timer still renews this account, and each renewal may make that file stale: remove "
                    + String.join(" ", configured.sections(name)) + " from " + root.configFile()
                    + " before oidc-agent uses it");
        }
        return ExitStatus.OK;
    }

    private int failed(Failure failure, String name) {
        output.error("account " + name + ": not exported: " + new Messages(root.commands()).line(failure, name));
        return ExitStatus.FAILED;
    }
}

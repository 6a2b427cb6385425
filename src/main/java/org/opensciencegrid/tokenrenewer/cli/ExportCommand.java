package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.Output;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.oidcagent.AgentExport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lets a site go back to oidc-agent. */
@Command(
        name = "export-oidc-agent",
        description = "Writes an account to a file that oidc-agent can open with the account's password.")
final class ExportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "short name of the account")
    private String account;

    @Option(names = "--to", paramLabel = "FILE", required = true, description = "file to write; it must not exist yet")
    private Path to;

    private final CommandContext context;
    private final Output output;

    ExportCommand(CommandContext context) {
        this.context = context;
        this.output = context.output();
    }

    @Override
    public Integer call() {
        String name = ConfiguredAccounts.name(account);
        ConfiguredAccounts configured = new ConfiguredAccounts(context);
        context.makeStateDirectory();
        try (Password password = context.passwords().read(name, configured.passwordFile(name))) {
            new AgentExport(context.store(), Limits.LOCK).run(name, password, to);
        } catch (PasswordFileException e) {
            return context.failed(name, "not exported", FailureMapper.of(e));
        } catch (FailureException e) {
            return context.failed(name, "not exported", e.failure());
        }
        output.info("account " + name + ": exported to " + to);
        if (configured.isInUse(name)) {
            output.warning("the timer still renews this account, and each renewal may make that file unusable: remove "
                    + String.join(" ", configured.sections(name)) + " from " + context.configFile()
                    + " before oidc-agent uses it");
        }
        return ExitStatus.OK;
    }
}

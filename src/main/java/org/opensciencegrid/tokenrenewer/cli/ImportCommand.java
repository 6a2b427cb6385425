package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.Output;
import org.opensciencegrid.tokenrenewer.cli.output.ShellQuote;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.oidcagent.AgentDirectory;
import org.opensciencegrid.tokenrenewer.oidcagent.AgentImport;
import org.opensciencegrid.tokenrenewer.util.Printable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Moves a site from the original service to this one. */
@Command(
        name = "import-oidc-agent",
        description = {
            "Imports accounts of oidc-agent with their authorizations, without a browser.",
            "Uses the password_file of each account. Does not change oidc-agent's files."
        })
final class ImportCommand implements Callable<Integer> {
    /** The home of the service's user in the original installation. */
    private static final Path ORIGINAL_HOME = Path.of("/var/spool/osg-token-svc");

    /** The accounts to import. */
    static final class AccountSelection {
        @Option(names = "--all", required = true, description = "import every account that is not imported yet")
        private boolean all;

        @Parameters(paramLabel = "NAME", arity = "1..*", description = "short names of accounts")
        private List<String> names = List.of();
    }

    @ArgGroup(multiplicity = "1")
    private AccountSelection selection;

    @Option(
            names = "--from",
            paramLabel = "DIR",
            description =
                    "directory of oidc-agent (default: $OIDC_CONFIG_DIR, else .config/oidc-agent or .oidc-agent in"
                            + " /var/spool/osg-token-svc or $HOME, but not root's)")
    private Path from;

    private final CommandContext context;
    private final Output output;
    private final Environment environment;

    ImportCommand(CommandContext context) {
        this.context = context;
        this.output = context.output();
        this.environment = context.environment();
    }

    @Override
    public Integer call() {
        ConfiguredAccounts configured = new ConfiguredAccounts(context);
        AgentDirectory directory = directory();
        List<String> names = selection.all
                ? all(directory)
                : selection.names.stream().map(ConfiguredAccounts::name).toList();
        context.makeStateDirectory();

        int imported = 0;
        int failed = 0;
        for (String name : names) {
            try {
                AgentImport agentImport = new AgentImport(
                        directory,
                        context.store(),
                        context.states(),
                        context.passwords(),
                        Limits.LOCK,
                        context.network(name, false));
                Account account = agentImport.run(name, configured.passwordFile(name), configured.caFile(name));
                output.info("account " + name + ": imported, client "
                        + Printable.of(account.client().id()) + " at " + Printable.of(account.issuer()));
                imported++;
            } catch (FailureException e) {
                if (selection.all && e.failure().kind() == Failure.Kind.ACCOUNT_EXISTS) {
                    output.info("account " + name + ": already exists, not changed");
                } else {
                    context.failed(name, "not imported", e.failure());
                    failed++;
                }
            }
        }
        if (imported > 0) {
            printNextSteps(directory.path());
        }
        return failed == 0 ? ExitStatus.OK : ExitStatus.FAILED;
    }

    private void printNextSteps(Path directory) {
        output.info("");
        output.info("The files in " + directory + " were not changed. They become outdated at");
        output.info("the first renewal here, and must not be used by oidc-agent any more.");
        output.info("To get all tokens now, run:");
        output.info("");
        output.info("    " + ShellQuote.line(context.commands().renew()));
    }

    private AgentDirectory directory() {
        if (from != null) {
            return new AgentDirectory(from.toAbsolutePath());
        }
        Optional<Path> home = environment.variable("HOME").map(Path::of);
        List<Path> homes = context.commands().isService()
                ? Stream.concat(Stream.of(ORIGINAL_HOME), home.stream()).toList()
                : home.stream().toList();
        return AgentDirectory.find(environment.variable("OIDC_CONFIG_DIR").map(Path::of), homes)
                .orElseThrow(() -> new UsageException("found no directory of oidc-agent; give --from=DIR"));
    }

    private static List<String> all(AgentDirectory directory) {
        try {
            List<String> names = directory.names();
            if (names.isEmpty()) {
                throw new UsageException("no account of oidc-agent is in " + directory.path());
            }
            return names;
        } catch (IOException e) {
            throw new UsageException(directory.path() + " cannot be read: " + Printable.of(e.getMessage()));
        }
    }
}

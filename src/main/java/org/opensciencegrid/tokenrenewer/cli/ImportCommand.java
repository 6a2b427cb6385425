package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.agent.AgentDirectory;
import org.opensciencegrid.tokenrenewer.agent.AgentException;
import org.opensciencegrid.tokenrenewer.agent.AgentImport;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.text.Printable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The way of a site from the original service to this one. */
@Command(
        name = "import-oidc-agent",
        description = {
            "Takes over accounts of oidc-agent, with their authorizations: no browser.",
            "Uses the password_file of each account. oidc-agent's files are not changed."
        })
final class ImportCommand implements Callable<Integer> {
    /** The home of the service's user where the original was installed. */
    private static final Path ORIGINAL_HOME = Path.of("/var/spool/osg-token-svc");

    /** Which accounts. */
    static final class Which {
        @Option(
                names = "--all",
                required = true,
                description = "every account that is there, but those imported already")
        private boolean all;

        @Parameters(paramLabel = "NAME", arity = "1..*", description = "short names of accounts")
        private List<String> names = List.of();
    }

    @ArgGroup(multiplicity = "1")
    private Which which;

    @Option(
            names = "--from",
            paramLabel = "DIR",
            description =
                    "directory of oidc-agent (default: $OIDC_CONFIG_DIR, else .config/oidc-agent or .oidc-agent in"
                            + " /var/spool/osg-token-svc or $HOME)")
    private Path from;

    private final Root root;
    private final Environment environment;
    private final Output output;

    ImportCommand(Root root) {
        this.root = root;
        this.environment = root.environment();
        this.output = new Output(environment);
    }

    @Override
    public Integer call() {
        Configured configured = new Configured(root);
        AgentDirectory directory = directory();
        List<String> names = which.all
                ? all(directory)
                : which.names.stream().map(Configured::name).toList();
        root.makeStateDirectory();
        AgentImport agentImport = new AgentImport(
                directory, root.store(), root.states(), root.passwords(), Root.LOCK_WAIT, root.network(false));
        Messages messages = new Messages(root.commands());
        int imported = 0;
        int failed = 0;
        for (String name : names) {
            try {
                Account account = agentImport.run(name, configured.passwordFile(name), configured.caFile(name));
                output.info("account " + name + ": imported, client "
                        + Printable.of(account.client().id()) + " at " + Printable.of(account.issuer()));
                imported++;
            } catch (AgentException e) {
                if (which.all && e.failure().kind() == Failure.Kind.ACCOUNT_EXISTS) {
                    output.info("account " + name + ": is here already, left as it is");
                } else {
                    output.error("account " + name + ": not imported: " + messages.line(e.failure(), name));
                    failed++;
                }
            }
        }
        if (imported > 0) {
            next(directory.path());
        }
        return failed == 0 ? ExitStatus.OK : ExitStatus.FAILED;
    }

    private void next(Path directory) {
        output.info("");
        output.info("The files in " + directory + " were not changed. They go stale at");
        output.info("the first renewal here, and must not be used by oidc-agent any more.");
        output.info("To have all tokens now:");
        output.info("");
        output.info("    " + root.commands().renew());
    }

    private AgentDirectory directory() {
        if (from != null) {
            return new AgentDirectory(from.toAbsolutePath());
        }
        Optional<Path> home = environment.variable("HOME").map(Path::of);
        List<Path> homes = root.commands().isService()
                ? Stream.concat(Stream.of(ORIGINAL_HOME), home.stream()).toList()
                : home.stream().toList();
        return AgentDirectory.find(environment.variable("OIDC_CONFIG_DIR").map(Path::of), homes)
                .orElseThrow(
                        () -> new UsageException("no directory of oidc-agent is where it should be; give --from=DIR"));
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

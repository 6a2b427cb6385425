package org.opensciencegrid.tokenrenewer.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.fixture.LocalSite;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** Runs the commands of the program in this process, at a site whose issuer approves every device code. */
public final class Program extends LocalSite {
    /** The commands that have their own help. */
    static final List<String> COMMANDS = List.of(
            "renew",
            "status",
            "token",
            "check",
            "setup",
            "client-key",
            "import-oidc-agent",
            "export-oidc-agent",
            "import",
            "export",
            "change-password",
            "remove");

    public Program(Path directory) {
        super(directory);
        issuer.approveAutomatically("alice");
    }

    public Result run(String... arguments) {
        return answer("", arguments);
    }

    /** Runs a command with these lines as standard input. */
    public Result answer(String lines, String... arguments) {
        return inProcess(lines, clock, sleeper, arguments);
    }

    Environment environment(String lines, PrintStream out, PrintStream err) {
        return environment(lines, out, err, clock, sleeper);
    }

    /** Sets up the account acct. */
    public Result setup(String... more) {
        return run(setupLine(issuer, more));
    }
}

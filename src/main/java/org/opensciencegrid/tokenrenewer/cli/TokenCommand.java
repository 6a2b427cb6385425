package org.opensciencegrid.tokenrenewer.cli;

import java.time.Instant;
import java.util.concurrent.Callable;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.Repair;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.status.TokenOnDisk;
import org.opensciencegrid.tokenrenewer.status.TokenStatus.OnDisk;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints a token for a script. */
@Command(
        name = "token",
        description = {
            "Prints a token, for scripts. Uses no network, except to read the Secret of a token without token_path.",
            "If there is no token or it has expired, prints nothing; the exit status is 1."
        })
final class TokenCommand implements Callable<Integer> {
    @Parameters(paramLabel = "TOKEN", description = "name of its section in the config file")
    private String name;

    @Option(names = "--force", description = "print the token even to a terminal")
    private boolean force;

    private final CommandContext context;

    TokenCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public Integer call() {
        Environment environment = context.environment();
        if (!force && environment.isShownOnTerminal()) {
            throw new UsageException(
                    "standard output is a terminal, which would show the token. To print it anyway, use --force");
        }
        context.requireReadable();
        TokenSection section = section(context.readConfig());
        AccountState state = context.states().readOrUnknown(section.account());
        TokenOnDisk token = TokenOnDisk.read(section, state.token(section.name()), context.tokenSecrets());
        Instant now = environment.clock().instant();
        if (token.token().isEmpty()) {
            String why = token.onDisk() == OnDisk.UNREADABLE ? "cannot read " : "there is no token in ";
            return failed(why + section.place());
        }
        if (token.expiresAt().filter(expiry -> !expiry.isAfter(now)).isPresent()) {
            return failed(
                    "the token expired " + HumanFormat.ago(token.expiresAt().orElseThrow(), now));
        }
        environment.out().println(token.token().get().reveal());
        return environment.out().checkError() ? ExitStatus.FAILED : ExitStatus.OK;
    }

    private TokenSection section(Config config) {
        return config.tokens().stream()
                .filter(section -> section.name().equals(name))
                .findFirst()
                .orElseThrow(() -> UsageException.noToken(name, config));
    }

    private int failed(String why) {
        Repair repair = new Repair("get a new one", context.commands().renew());
        context.output().error("token " + name + ": " + why, repair);
        return ExitStatus.FAILED;
    }
}

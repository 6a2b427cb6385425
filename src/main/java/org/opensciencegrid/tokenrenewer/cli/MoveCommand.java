package org.opensciencegrid.tokenrenewer.cli;

import java.util.concurrent.Callable;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.account.AccountMove;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.Limits;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Moves an account between files and the cluster. */
abstract class MoveCommand implements Callable<Integer> {
    /** From files into the cluster. */
    @Command(
            name = "import",
            description = {
                "Moves an account from the state directory into the cluster that this pod runs in.",
                "If it is interrupted, the same command completes it."
            })
    static final class Import extends MoveCommand {
        Import(CommandContext context) {
            super(context);
        }

        @Override
        AccountMove move() {
            return new AccountMove(context.inFiles(), context.inCluster(), Limits.LOCK);
        }
    }

    /** From the cluster to files. */
    @Command(
            name = "export",
            description = {
                "Moves an account from the cluster that this pod runs in to the state directory.",
                "If it is interrupted, the same command completes it."
            })
    static final class Export extends MoveCommand {
        Export(CommandContext context) {
            super(context);
        }

        @Override
        AccountMove move() {
            return new AccountMove(context.inCluster(), context.inFiles(), Limits.LOCK);
        }
    }

    @Parameters(paramLabel = "NAME", description = "short name of the account")
    private String account;

    final CommandContext context;

    private MoveCommand(CommandContext context) {
        this.context = context;
    }

    abstract AccountMove move();

    @Override
    public Integer call() {
        String name = ConfiguredAccounts.name(account);
        ConfiguredAccounts configured = new ConfiguredAccounts(context);
        context.makeStateDirectory();
        context.makeFileDirectory();
        AccountMove move = move();
        try (Password password = context.passwords().read(name, configured.passwordFile(name))) {
            boolean isMoved = move.run(name, password);
            context.output()
                    .info("account " + name + (isMoved ? ": moved to " : ": is in ")
                            + move.to().store().file(name));
        } catch (PasswordFileException e) {
            return context.failed(name, "not moved", FailureMapper.of(e));
        } catch (FailureException e) {
            return context.failed(name, "not moved", e.failure());
        }
        return ExitStatus.OK;
    }
}

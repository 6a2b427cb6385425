package org.opensciencegrid.tokenrenewer.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.account.PasswordChange;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.Output;
import org.opensciencegrid.tokenrenewer.cli.output.Repair;
import org.opensciencegrid.tokenrenewer.cli.output.RepairCommands;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.cli.terminal.Terminal;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.util.Printable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs after the admin put a new password file in place. */
@Command(
        name = "change-password",
        description = {
            "Encrypts an account again, with the password that is now in its password_file.",
            "Write the new password to that file first, and keep the old one until this command is done."
        })
final class ChangePasswordCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "short name of the account")
    private String account;

    @Option(
            names = "--old-pw-file",
            paramLabel = "FILE",
            description = "file with the old password (default: ask for it)")
    private Path oldPasswordFile;

    private final CommandContext context;
    private final Output output;

    ChangePasswordCommand(CommandContext context) {
        this.context = context;
        this.output = context.output();
    }

    @Override
    public Integer call() {
        String name = ConfiguredAccounts.name(account);
        Path file = new ConfiguredAccounts(context).passwordFile(name);
        context.makeStateDirectory();
        try (Password newPassword = context.passwords().read(name, file)) {
            boolean changed =
                    new PasswordChange(context.store(), Limits.LOCK).run(name, newPassword, this::oldPassword);
            output.info(
                    "account " + name + (changed ? ": has the password of " : ": already had the password of ") + file);
            if (changed && oldPasswordFile != null) {
                output.info(oldPasswordFile + " is not needed any more");
            }
            return ExitStatus.OK;
        } catch (PasswordFileException e) {
            if (e.kind() == PasswordFileException.Kind.MISSING) { // the new password's file
                output.error(
                        "account " + name + ": unchanged: " + Printable.of(e.getMessage()),
                        new Repair("write the new password to it, or create one", RepairCommands.makePassword(file)));
                return ExitStatus.FAILED;
            }
            return context.failed(name, "unchanged", FailureMapper.of(e));
        } catch (FailureException e) {
            if (e.failure().kind() == Failure.Kind.WRONG_PASSWORD) {
                output.error("account " + name + ": unchanged: neither the new nor the old password opens "
                        + e.failure().where());
                return ExitStatus.FAILED;
            }
            return context.failed(name, "unchanged", e.failure());
        }
    }

    private Password oldPassword() {
        if (oldPasswordFile == null) {
            return Password.of(new Terminal(context.environment())
                    .askSecret("Old password (not shown)", "--old-pw-file=FILE")
                    .reveal()
                    .getBytes(StandardCharsets.UTF_8));
        }
        try {
            return PasswordFile.read(oldPasswordFile);
        } catch (PasswordFileException e) {
            throw new UsageException("--old-pw-file: " + Printable.of(e.getMessage()));
        }
    }
}

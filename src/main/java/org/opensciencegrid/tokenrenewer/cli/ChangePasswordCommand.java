package org.opensciencegrid.tokenrenewer.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.life.LifeException;
import org.opensciencegrid.tokenrenewer.life.PasswordChange;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import org.opensciencegrid.tokenrenewer.text.Printable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** After a new password file was put in place. */
@Command(
        name = "change-password",
        description = {
            "Encrypts an account with the password that its password_file holds now.",
            "Put the new password there first, and keep the old one until this is done."
        })
final class ChangePasswordCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "short name of the account")
    private String account;

    @Option(
            names = "--old-pw-file",
            paramLabel = "FILE",
            description = "file with the password that the account has (default: ask for it)")
    private Path oldPasswordFile;

    private final Root root;
    private final Output output;

    ChangePasswordCommand(Root root) {
        this.root = root;
        this.output = new Output(root.environment());
    }

    @Override
    public Integer call() {
        String name = Configured.name(account);
        Path file = new Configured(root).passwordFile(name);
        root.makeStateDirectory();
        try (Password fresh = root.passwords().read(name, file)) {
            boolean changed = new PasswordChange(root.store(), Root.LOCK_WAIT).run(name, fresh, this::old);
            output.info(
                    "account " + name + (changed ? ": has the password of " : ": already had the password of ") + file);
            if (changed && oldPasswordFile != null) {
                output.info(oldPasswordFile + " is not needed any more");
            }
            return ExitStatus.OK;
        } catch (PasswordFileException e) {
            if (e.kind() == PasswordFileException.Kind.MISSING) { // that of the new one
                output.error("account " + name + ": unchanged: " + Printable.of(e.getMessage()) + "; make it: "
                        + root.commands().makePassword(file));
                return ExitStatus.FAILED;
            }
            return failed(Failures.of(e), name);
        } catch (LifeException e) {
            if (e.failure().kind() == Failure.Kind.WRONG_PASSWORD) {
                output.error("account " + name + ": unchanged: neither the new nor the old password opens "
                        + e.failure().where());
                return ExitStatus.FAILED;
            }
            return failed(e.failure(), name);
        }
    }

    private Password old() {
        if (oldPasswordFile == null) {
            return Password.of(new Terminal(root.environment())
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

    private int failed(Failure failure, String name) {
        output.error("account " + name + ": unchanged: " + new Messages(root.commands()).line(failure, name));
        return ExitStatus.FAILED;
    }
}

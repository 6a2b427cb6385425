package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.opensciencegrid.cryptostore.SecretContent;
import org.opensciencegrid.tokenrenewer.account.ClientProof;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.oidc.ClientKeys;
import org.opensciencegrid.tokenrenewer.util.Printable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Changes the private key of a client without a moment in which the issuer knows none of its keys. */
@Command(
        name = "client-key",
        description = {
            "Prints the public keys in a client_key_file as a JWK set, for the issuer.",
            "To replace a key: --add, give the issuer the output, --use-new, and later --remove-old and give the issuer the"
                    + " output."
        })
final class ClientKeyCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "the client_key_file of an account")
    private Path file;

    /** What to change before the output; default is nothing. */
    static final class Change {
        @Option(
                names = "--add",
                description = "first add a new key, which does not sign yet; create the file if there is none")
        private boolean add;

        @Option(names = "--use-new", description = "first let the newest key sign; the other keys stay")
        private boolean useNew;

        @Option(names = "--remove-old", description = "first remove all keys except the one that signs")
        private boolean removeOld;
    }

    @ArgGroup
    private Change change = new Change();

    private final CommandContext context;

    ClientKeyCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public Integer call() {
        try {
            ClientKeys keys = keys();
            context.environment().out().println(keys.publicKeys());
            return ExitStatus.OK;
        } catch (FailureException e) {
            context.output()
                    .error(
                            context.messages().what(e.failure()),
                            context.messages().repair(e.failure(), "NAME"));
            return ExitStatus.FAILED;
        }
    }

    private ClientKeys keys() throws FailureException {
        if (change.add && !Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            ClientKeys created = ClientKeys.generate();
            write(file, created, false);
            return created;
        }
        ClientKeys before = ClientProof.keys(file.toAbsolutePath());
        if ((change.useNew || change.removeOld) && before.size() == 1) {
            throw new UsageException(Printable.of(file.toString()) + " has one key only; add a new one with --add");
        }
        ClientKeys after = change.add
                ? before.withNewKey()
                : change.useNew ? before.withNewestFirst() : change.removeOld ? before.withoutOthers() : before;
        if (after != before) {
            write(file, after, true);
        }
        return after;
    }

    /** @param mayReplace whether there may be a file of that name */
    static void write(Path file, ClientKeys keys, boolean mayReplace) throws FailureException {
        try {
            SecretContent.write(file, keys.encode(), mayReplace);
        } catch (IOException e) {
            throw new FailureException(new Failure(
                    Failure.Kind.CLIENT_KEY_UNWRITABLE,
                    file.toAbsolutePath().toString(),
                    "client_key_file " + file.toAbsolutePath() + " cannot be written: " + Printable.of(e.toString())));
        }
    }
}

package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.SecretContent;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.ClientProof;
import org.opensciencegrid.tokenrenewer.account.KeyUpdate;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.Repair;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.Limits;
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
                    + " output. For a client that setup registered, --send gives it to the issuer."
        })
final class ClientKeyCommand implements Callable<Integer> {
    private static final Duration LOCK_WAIT = Duration.ofSeconds(10);

    @Parameters(paramLabel = "FILE", description = "the client_key_file of an account")
    private Path file;

    /** What to change before the output; default is nothing. */
    static final class Change {
        @Option(
                names = "--add",
                description = "first add a new key, which does not sign yet; create the file if there is none")
        private boolean add;

        @Option(
                names = "--use-new",
                description = "first let the newest key sign, if it does not yet; the other keys stay")
        private boolean useNew;

        @Option(
                names = "--remove-old",
                description =
                        "first remove all keys except the newest, which must sign already; FILE.old keeps the former content")
        private boolean removeOld;
    }

    @ArgGroup
    private Change change = new Change();

    @Option(
            names = "--send",
            paramLabel = "NAME",
            description =
                    "then give the public keys to the issuer, for the client that setup registered for this account"
                            + " (RFC 7592)")
    private String account;

    private final CommandContext context;

    ClientKeyCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public Integer call() {
        if (account != null) {
            requireKeyOf(ConfiguredAccounts.name(account));
        }
        try {
            ClientKeys keys = keys();
            context.environment().out().println(keys.publicKeys());
            return account == null || send(ConfiguredAccounts.name(account), keys) ? ExitStatus.OK : ExitStatus.FAILED;
        } catch (FailureException e) {
            return failed(e.failure());
        } catch (PasswordFileException e) {
            return failed(FailureMapper.of(e));
        }
    }

    /** The keys of another file would replace those with which the account signs. */
    private void requireKeyOf(String name) {
        Optional<Path> named = new ConfiguredAccounts(context).clientFiles(name).key();
        if (named.isPresent() && !isSame(named.get(), file)) {
            throw new UsageException(Printable.of(file.toString()) + " is not the key of account " + name
                    + ", whose section names client_key_file = "
                    + Printable.of(named.get().toString()));
        }
    }

    private static boolean isSame(Path one, Path other) {
        try {
            return one.toAbsolutePath()
                            .normalize()
                            .equals(other.toAbsolutePath().normalize())
                    || Files.isSameFile(one, other);
        } catch (IOException e) { // there is none yet
            return false;
        }
    }

    private int failed(Failure failure) {
        context.output()
                .error(
                        context.messages().what(failure),
                        context.messages().repair(failure, account == null ? "NAME" : account));
        return ExitStatus.FAILED;
    }

    /** Returns false if the issuer does not let the account change its client. */
    private boolean send(String name, ClientKeys keys) throws FailureException, PasswordFileException {
        ConfiguredAccounts configured = new ConfiguredAccounts(context);
        KeyUpdate update = new KeyUpdate(context.store(), context.states(), Limits.LOCK, context.network(name, false));
        try (Password password = context.passwords().read(name, configured.passwordFile(name))) {
            Optional<String> whyNot = update.run(name, keys, password, configured.caFile(name));
            if (whyNot.isEmpty()) {
                context.environment().err().println("The issuer of account " + name + " has these keys.");
                return true;
            }
            context.output()
                    .error(
                            "account " + name + ": " + whyNot.get(),
                            new Repair(
                                    "give these keys to the issuer's administrators; if setup registered the client, register"
                                            + " another one with a new key, and delete the old file when that is done",
                                    context.commands()
                                            .setup("--client-key-file=" + file.toAbsolutePath() + ".new", name)));
            return false;
        }
    }

    private ClientKeys keys() throws FailureException {
        if (!change.add && !change.useNew && !change.removeOld) {
            return ClientProof.keys(file.toAbsolutePath());
        }
        SecretContent.Lock lock;
        try {
            lock = SecretContent.lock(file.toAbsolutePath(), LOCK_WAIT);
        } catch (StoreException e) {
            throw unwritable(file, e);
        }
        try {
            ClientKeys changed = change();
            context.environment().err().println(signs(changed));
            return changed;
        } finally {
            lock.close();
        }
    }

    private ClientKeys change() throws FailureException {
        Instant now = context.environment().clock().instant();
        if (change.add && !Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            ClientKeys created = ClientKeys.generate(now);
            write(file, created, false);
            return created;
        }
        ClientKeys before = ClientProof.keys(file.toAbsolutePath());
        if (!change.add && before.size() == 1) {
            throw new UsageException(Printable.of(file.toString()) + " has one key only; add a new one with --add");
        } else if (change.removeOld && !before.isNewestFirst()) {
            throw new UsageException(
                    Printable.of(file.toString()) + " has a newer key that does not sign yet, and --remove-old would"
                            + " remove it",
                    new Repair(
                            "let it sign first",
                            context.commands()
                                    .clientKey(
                                            "--use-new", file.toAbsolutePath().toString())));
        }
        ClientKeys after =
                change.add ? before.withNewKey(now) : change.useNew ? before.withNewestFirst() : before.withoutOthers();
        if (after != before) {
            keepOld();
            write(file, after, true);
        }
        return after;
    }

    /** Keeps the content of the file in FILE.old, so that no key is lost. */
    private void keepOld() throws FailureException {
        Path old = file.resolveSibling(file.getFileName() + ".old");
        byte[] content = {};
        try {
            content = SecretContent.read(file.toAbsolutePath());
            SecretContent.write(old, content, true);
        } catch (PasswordFileException e) {
            throw new FailureException(FailureMapper.ofClientKey(e));
        } catch (IOException e) {
            throw unwritable(old, e);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    private static String signs(ClientKeys keys) {
        return "The key that signs has the kid "
                + keys.keyId().map(Printable::of).orElse("-") + " (keys in the file: " + keys.size() + ").";
    }

    /** @param mayReplace whether there may be a file of that name */
    static void write(Path file, ClientKeys keys, boolean mayReplace) throws FailureException {
        try {
            SecretContent.write(file, keys.encode(), mayReplace);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static FailureException unwritable(Path file, IOException e) {
        Throwable why = e instanceof StoreException && e.getCause() != null ? e.getCause() : e;
        return new FailureException(new Failure(
                Failure.Kind.CLIENT_KEY_UNWRITABLE,
                file.toAbsolutePath().toString(),
                "client_key_file " + file.toAbsolutePath() + " cannot be written: " + Printable.of(why.toString())));
    }
}

package org.opensciencegrid.tokenrenewer.cli;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.life.LifeException;
import org.opensciencegrid.tokenrenewer.life.Removal;
import org.opensciencegrid.tokenrenewer.life.Removal.End;
import org.opensciencegrid.tokenrenewer.life.Removal.Outcome;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The end of an account. */
@Command(
        name = "remove",
        description = {
            "Removes an account. Without --revoke its authorization stays at the issuer.",
            "If a step at the issuer fails, the account stays, so that it can be repeated."
        })
final class RemoveCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "short name of the account")
    private String account;

    @Option(names = "--revoke", description = "first take the authorization back at the issuer (RFC 7009)")
    private boolean revoke;

    @Option(
            names = "--delete-client",
            description = "first delete the client that setup registered at the issuer (RFC 7592)")
    private boolean deleteClient;

    @Option(names = "--dry-run", description = "only tell what would be done")
    private boolean dryRun;

    private final Root root;
    private final Output output;

    @SuppressWarnings("NullAway.Init") // call() begins with it
    private Messages messages;

    RemoveCommand(Root root) {
        this.root = root;
        this.output = new Output(root.environment());
    }

    @Override
    public Integer call() {
        messages = new Messages(root.commands());
        String name = Configured.name(account);
        Configured configured = new Configured(root);
        root.makeStateDirectory();
        Removal removal = new Removal(root.store(), root.states(), Root.LOCK_WAIT, root.network(false));
        Removal.Request request = new Removal.Request(name, revoke, deleteClient, dryRun);
        List<Outcome> outcomes;
        try {
            outcomes = revoke || deleteClient
                    ? withPassword(removal, request, configured)
                    : removal.run(request, Optional.empty(), Optional.empty());
        } catch (PasswordFileException e) {
            return failed(Failures.of(e), name);
        } catch (LifeException e) {
            return failed(e.failure(), name);
        }
        outcomes.forEach(this::tell);
        boolean kept = outcomes.get(outcomes.size() - 1).end() == End.KEPT;
        if (!kept) {
            tellSections(configured.sections(name));
        }
        return kept ? ExitStatus.FAILED : ExitStatus.OK;
    }

    private List<Outcome> withPassword(Removal removal, Removal.Request request, Configured configured)
            throws PasswordFileException, LifeException {
        String name = request.account();
        try (Password password = root.passwords().read(name, configured.passwordFile(name))) {
            return removal.run(request, Optional.of(password), configured.caFile(name));
        }
    }

    private void tell(Outcome outcome) {
        String verb = switch (outcome.end()) {
            case DONE -> "";
            case WOULD -> "would be ";
            case GONE -> "was already ";
            case FAILED, KEPT -> "NOT ";
        };
        String line = switch (outcome.step()) {
            case REVOKE -> "authorization at " + outcome.what() + ": " + verb + "revoked";
            case DELETE_CLIENT -> "client " + outcome.what() + ": " + verb + "deleted";
            case FILES -> "account " + account + ": " + verb + "removed";
        };
        if (outcome.failure().isPresent()) {
            output.error(line + ": " + messages.what(outcome.failure().get()));
        } else if (outcome.end() == End.KEPT) {
            output.error(line + ", so that the steps above can be repeated; to remove it without them leave out "
                    + "--revoke and --delete-client");
        } else {
            output.info(line);
        }
    }

    private void tellSections(List<String> sections) {
        if (!sections.isEmpty()) {
            output.info("");
            output.info(
                    "Take these out of " + root.configFile() + ", as renew fails for them" + (dryRun ? " then:" : ":"));
            output.info("");
            sections.forEach(section -> output.info("    " + section));
            output.info("");
            output.info("Their token files stay, and end by themselves.");
        }
    }

    private int failed(Failure failure, String name) {
        boolean needsPassword = switch (failure.kind()) {
            case PASSWORD_FILE, PASSWORD_MISSING, WRONG_PASSWORD -> true;
            default -> false;
        };
        output.error("account " + name + ": NOT removed: " + messages.line(failure, name)
                + (needsPassword ? "; or leave out --revoke and --delete-client, which need no password" : ""));
        return ExitStatus.FAILED;
    }
}

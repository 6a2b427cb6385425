package org.opensciencegrid.tokenrenewer.cli;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.account.AccountRemoval;
import org.opensciencegrid.tokenrenewer.account.AccountRemoval.Outcome;
import org.opensciencegrid.tokenrenewer.account.AccountRemoval.Result;
import org.opensciencegrid.tokenrenewer.account.ClientProof;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.Messages;
import org.opensciencegrid.tokenrenewer.cli.output.Output;
import org.opensciencegrid.tokenrenewer.cli.output.Repair;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.util.Printable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Removes an account. */
@Command(
        name = "remove",
        description = {
            "Removes an account. Without --revoke, its authorization stays valid at the issuer.",
            "If a request to the issuer fails, the account is kept so that you can retry."
        })
final class RemoveCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "short name of the account")
    private String account;

    @Option(names = "--revoke", description = "first revoke the authorization at the issuer (RFC 7009)")
    private boolean revoke;

    @Option(
            names = "--delete-client",
            description = "first delete the client that setup registered at the issuer (RFC 7592)")
    private boolean deleteClient;

    @Option(names = "--dry-run", description = "only print what would be done")
    private boolean dryRun;

    private final CommandContext context;
    private final Output output;

    RemoveCommand(CommandContext context) {
        this.context = context;
        this.output = context.output();
    }

    @Override
    public Integer call() {

        String name = ConfiguredAccounts.name(account);
        ConfiguredAccounts configured = new ConfiguredAccounts(context);
        context.makeStateDirectory();
        AccountState state = context.states().readOrUnknown(name);
        AccountRemoval removal =
                new AccountRemoval(context.store(), context.states(), Limits.LOCK, context.network(name, false));
        AccountRemoval.Request request = new AccountRemoval.Request(name, revoke, deleteClient, dryRun);
        List<Outcome> outcomes;
        try {
            outcomes = revoke || deleteClient
                    ? withPassword(removal, request, configured)
                    : removal.run(
                            request, Optional.empty(), Optional.empty(), Optional.empty(), proof(name, configured));
        } catch (PasswordFileException e) {
            return failed(FailureMapper.of(e), name);
        } catch (FailureException e) {
            return failed(e.failure(), name);
        }
        outcomes.forEach(this::report);
        boolean kept = outcomes.get(outcomes.size() - 1).result() == Result.KEPT;
        if (!kept) {
            reportRemaining(state);
            reportSections(configured.sections(name));
        }
        return kept ? ExitStatus.FAILED : ExitStatus.OK;
    }

    /** After the removal, nothing on this host can revoke it. */
    private void reportRemaining(AccountState state) {
        String issuer = state.issuer().map(Printable::of).orElse("its issuer");
        String stays = dryRun ? " would stay" : " stays";
        if (!revoke) {
            output.info("The authorization" + stays + " valid at " + issuer
                    + ". You can end it only on the issuer's web page.");
        }
        if (!deleteClient) {
            output.info("The client " + state.clientId().map(Printable::of).orElse("of the account") + stays
                    + " registered at " + issuer + ".");
        }
    }

    private List<Outcome> withPassword(
            AccountRemoval removal, AccountRemoval.Request request, ConfiguredAccounts configured)
            throws PasswordFileException, FailureException {
        String name = request.account();
        try (Password password = context.passwords().read(name, configured.passwordFile(name))) {
            return removal.run(
                    request,
                    Optional.of(password),
                    configured.caFile(name),
                    configured.clientAuth(name),
                    proof(name, configured));
        }
    }

    private ClientProof proof(String name, ConfiguredAccounts configured) {
        return new ClientProof(
                name,
                configured.clientFiles(name),
                context.passwords(),
                context.environment().clock());
    }

    private void report(Outcome outcome) {
        String verb = switch (outcome.result()) {
            case DONE -> "";
            case WOULD_DO -> "would be ";
            case GONE -> "was already ";
            case NOT_MANAGED -> "stays at the issuer, which issued no token to manage it, and is not ";
            case FAILED, KEPT -> "NOT ";
        };
        String line = switch (outcome.step()) {
            case REVOKE -> "authorization at " + outcome.what() + ": " + verb + "revoked";
            case DELETE_CLIENT -> "client " + outcome.what() + ": " + verb + "deleted";
            case FILES -> "account " + account + ": " + verb + "removed";
        };
        if (outcome.failure().isPresent()) {
            output.error(line + ": " + context.messages().what(outcome.failure().get()));
        } else if (outcome.result() == Result.KEPT) {
            output.error(line + ", so that you can retry the steps above. To remove it without them, omit "
                    + "--revoke and --delete-client");
        } else {
            output.info(line);
        }
    }

    private void reportSections(List<String> sections) {
        if (!sections.isEmpty()) {
            output.info("");
            output.info("Take these out of " + context.configFile() + ", as renew fails for them"
                    + (dryRun ? " then:" : ":"));
            output.info("");
            sections.forEach(section -> output.info("    " + section));
            output.info("");
            output.info("Their token files stay until the tokens expire.");
        }
    }

    private int failed(Failure failure, String name) {
        Messages messages = context.messages();
        String what = "account " + name + ": NOT removed: " + messages.what(failure);
        Repair repair = messages.repair(failure, name);
        switch (failure.kind()) {
            case ACCOUNT_MISSING ->
                output.error("account " + name + ": there is no such account, so nothing was removed; it would be "
                        + context.store().file(name));
            case PASSWORD_FILE, PASSWORD_MISSING, FILE_ACCESS, FILE_LINK, WRONG_PASSWORD ->
                output.error(what + " (without --revoke and --delete-client no password is needed)", repair);
            default -> output.error(what, repair);
        }
        return ExitStatus.FAILED;
    }
}

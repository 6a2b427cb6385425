package org.opensciencegrid.tokenrenewer.cli.output;

import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.status.AccountDetails;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Formats an {@link AccountDetails} for a person: one line for each known fact, no secrets. */
public final class AccountText {
    private static final String INDENT = " ".repeat(24);

    private final Messages messages;
    private final List<String> lines = new ArrayList<>();

    public AccountText(Messages messages) {
        this.messages = messages;
    }

    /** @param sections of the config file that name the account */
    public String of(AccountDetails details, List<String> sections) {
        AccountState state = details.state();
        Optional<Account> account = details.account();
        lines.add("account " + details.name());
        fact("issuer", account.map(Account::issuer).or(state::issuer));
        fact("client", account.map(open -> open.client().id()).or(state::clientId));
        fact("client authenticates", account.map(open -> open.client().auth().word()));
        time(
                "client secret ends",
                account.flatMap(Account::clientSecretExpiresAt).or(state::clientSecretExpiresAt),
                details);
        fact(
                "client can be deleted",
                account.map(open -> open.registrationAccessToken().isPresent() ? "yes" : "no"));
        fact("scope", words(account.map(Account::scope).orElse(state.scope())));
        fact("audience", words(account.map(Account::audience).orElse(List.of())));
        fact("token endpoint", account.map(Account::tokenEndpoint).map(URI::toString));
        fact(
                "device endpoint",
                account.flatMap(Account::deviceAuthorizationEndpoint).map(URI::toString));
        fact("revocation endpoint", account.flatMap(Account::revocationEndpoint).map(URI::toString));
        fact("CA file", account.flatMap(Account::caFile));
        time("authorized", state.authorizedAt(), details);
        fact("authorized by", state.subject());
        fact(
                "came from",
                account.filter(open -> !open.agentMembers().names().isEmpty()).map(open -> "oidc-agent"));
        fact("rotations", Optional.of(String.valueOf(state.rotations())));
        time("authorization ends", state.refreshTokenExpiresAt(), details);
        time("in doubt since", state.inDoubtSince(), details);
        state.failure().ifPresent(why -> failure(why, details.name(), state.nextTry()));
        fact(
                "account file",
                Optional.of(details.file().toString())
                        .filter(file -> details.header().isPresent()
                                || details.problem().isPresent()));
        details.header().ifPresent(header -> fact("generation", Optional.of(String.valueOf(header.generation()))));
        fact("config file", Optional.of(sections.isEmpty() ? "has no section for it" : String.join(" ", sections)));
        if (details.isOnTwoHosts()) {
            fact("warning", Optional.of(Messages.onTwoHosts()));
        }
        details.problem()
                .filter(why ->
                        !why.kind().equals(state.failure().map(Failure::kind).orElse(null)))
                .ifPresent(why -> {
                    fact("not opened", Optional.of(messages.what(why)));
                    lines.addAll(messages.repair(why, details.name()).lines(INDENT, Colors.NONE));
                });
        return String.join("\n", lines) + "\n";
    }

    private void failure(Failure why, String name, Optional<Instant> nextTry) {
        fact("last failure", Optional.of(messages.what(why)));
        lines.addAll(messages.repair(why, name).lines(INDENT, Colors.NONE));
        nextTry.ifPresent(time -> fact("next try after", Optional.of(HumanFormat.time(time))));
    }

    private void time(String name, Optional<Instant> time, AccountDetails details) {
        fact(name, time.map(at -> HumanFormat.time(at) + " (" + HumanFormat.ago(at, details.time()) + ")"));
    }

    /** One fact, after its name. */
    static void fact(List<String> lines, String name, String value) {
        List<String> wrapped = new ArrayList<>();
        LineWrapper.wrap(wrapped, INDENT, Printable.of(value));
        wrapped.set(
                0, String.format(Locale.ROOT, "  %-22s", name) + wrapped.get(0).substring(INDENT.length()));
        lines.addAll(wrapped);
    }

    private static Optional<String> words(List<String> words) {
        return words.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", words));
    }

    private void fact(String name, Optional<String> value) {
        value.ifPresent(text -> fact(lines, name, text));
    }
}

package org.opensciencegrid.tokenrenewer.cli;

import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.status.AccountStory;
import org.opensciencegrid.tokenrenewer.text.Printable;

/** An {@link AccountStory} for a person: one line for each fact that is known, no secret. */
final class AccountText {
    private static final String INDENT = " ".repeat(24);

    private final Messages messages;
    private final List<String> lines = new ArrayList<>();

    AccountText(Messages messages) {
        this.messages = messages;
    }

    /** @param sections of the config file that name the account */
    String of(AccountStory story, List<String> sections) {
        AccountState state = story.state();
        Optional<Account> account = story.account();
        lines.add("account " + story.name());
        fact("issuer", account.map(Account::issuer).or(state::issuer));
        fact("client", account.map(open -> open.client().id()).or(state::clientId));
        fact("client proves itself", account.map(open -> open.client().auth().word()));
        time(
                "client secret ends",
                account.flatMap(Account::clientSecretExpiresAt).or(state::clientSecretExpiresAt),
                story);
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
        time("authorized", state.authorizedAt(), story);
        fact("authorized by", state.subject());
        fact(
                "came from",
                account.filter(open -> !open.agentMembers().names().isEmpty()).map(open -> "oidc-agent"));
        fact("rotations", Optional.of(String.valueOf(state.rotations())));
        time("authorization ends", state.refreshTokenExpiresAt(), story);
        time("in doubt since", state.inDoubtSince(), story);
        state.failure().ifPresent(why -> failure(why, story.name(), state.nextTry()));
        fact("account file", Optional.of(story.file().toString()));
        story.header().ifPresent(header -> fact("generation", Optional.of(String.valueOf(header.generation()))));
        fact("config file", Optional.of(sections.isEmpty() ? "does not name it" : String.join(" ", sections)));
        if (story.isOnTwoHosts()) {
            fact("warning", Optional.of(Messages.onTwoHosts()));
        }
        story.problem()
                .filter(why ->
                        !why.kind().equals(state.failure().map(Failure::kind).orElse(null)))
                .ifPresent(why -> {
                    fact("not looked into", Optional.of(messages.what(why)));
                    Prose.repair(lines, INDENT, messages.repair(why, story.name()), Colours.NONE);
                });
        return String.join("\n", lines) + "\n";
    }

    private void failure(Failure why, String name, Optional<Instant> nextTry) {
        fact("last failure", Optional.of(messages.what(why)));
        Prose.repair(lines, INDENT, messages.repair(why, name), Colours.NONE);
        nextTry.ifPresent(time -> fact("asked again after", Optional.of(Words.time(time))));
    }

    private void time(String name, Optional<Instant> time, AccountStory story) {
        fact(name, time.map(at -> Words.time(at) + " (" + Words.ago(at, story.time()) + ")"));
    }

    /** One fact with its name before it. */
    static void fact(List<String> lines, String name, String value) {
        List<String> wrapped = new ArrayList<>();
        Prose.wrap(wrapped, INDENT, Printable.of(value));
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

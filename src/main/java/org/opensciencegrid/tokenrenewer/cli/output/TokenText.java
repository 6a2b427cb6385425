package org.opensciencegrid.tokenrenewer.cli.output;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.TokenSecret;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Destination;
import org.opensciencegrid.tokenrenewer.state.OutcomeSpan;
import org.opensciencegrid.tokenrenewer.status.AccountStatus;
import org.opensciencegrid.tokenrenewer.status.TokenStatus;
import org.opensciencegrid.tokenrenewer.status.TokenStatus.OnDisk;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;

/** Formats one token for a person: its claims next to what its section requires. Prints claims but never the token. */
public final class TokenText {
    private static final Duration SKEW = Duration.ofMinutes(1);

    private final Messages messages;
    private final RepairCommands commands;
    private final Instant now;
    private final List<String> lines = new ArrayList<>();

    public TokenText(Messages messages, RepairCommands commands, Instant now) {
        this.messages = messages;
        this.commands = commands;
        this.now = now;
    }

    public String of(TokenStatus token, AccountStatus account) {
        Optional<JwtClaims> claims = token.claims();
        AccountState known = account.state();
        TokenSection section = token.section();
        lines.add("token " + section.name());
        fact("account", Optional.of(section.account()));
        fact("token_path", section.tokenPath().map(Path::toString));
        fact("token_secret", section.tokenSecret().map(TokenSecret::toString));
        fact(
                section.tokenPath().isPresent() ? "on disk" : "in the Secret",
                Optional.of(onDisk(token.onDisk(), claims)));
        compareWithAccount(
                "issuer (iss)", claims.flatMap(JwtClaims::issuer), "not that of the account", known.issuer());
        compareWithAccount(
                "subject (sub)",
                claims.flatMap(JwtClaims::subject),
                "not the user who authorized the account",
                known.subject());
        List<String> audience =
                claims.map(JwtClaims::audience).orElse(token.state().grantedAudience());
        List<String> scope = claims.map(JwtClaims::scope)
                .filter(words -> !words.isEmpty())
                .orElse(token.state().grantedScope());
        compareWithSection("audience (aud)", "audience", audience, section.audience(), claims.isPresent());
        compareWithSection("scope", "scope", scope, section.scope(), !scope.isEmpty());
        warnUnverifiable(token, section, scope.isEmpty());
        time("issued (iat)", claims.flatMap(JwtClaims::issuedAt));
        claims.flatMap(JwtClaims::issuedAt)
                .filter(now.plus(SKEW)::isBefore)
                .ifPresent(
                        at -> fact("", Optional.of("issued in the future: compare the clocks here and at the issuer")));
        time("not before (nbf)", claims.flatMap(JwtClaims::notBefore));
        claims.flatMap(JwtClaims::notBefore)
                .filter(now::isBefore)
                .ifPresent(start -> fact("", Optional.of("not valid yet: compare the clocks here and at the issuer")));
        time("expires (exp)", token.expiresAt());
        token.expiresAt()
                .filter(expiry -> !expiry.isAfter(now))
                .ifPresent(expiry -> lines.add(
                        " ".repeat(24) + "expired; to get a new one now: " + ShellQuote.line(commands.renew())));
        if (section.minLifetime().isPresent()) {
            fact("min_lifetime", Optional.of(section.minLifetime().getAsLong() + " s"));
        }
        time("received", token.state().renewedAt());
        time("last tried", token.state().triedAt());
        time("failing since", token.state().failingSince());
        token.state().failure().or(account::problem).ifPresent(why -> {
            fact("why", Optional.of(messages.what(why)));
            lines.addAll(messages.repair(why, section.account()).lines(" ".repeat(24), Colors.NONE));
        });
        destinations(token.state().destinations(section));
        token.state()
                .secretFailure()
                .filter(why -> section.tokenSecret().isPresent())
                .ifPresent(why -> {
                    fact("not in its Secret", Optional.of(messages.what(why)));
                    lines.addAll(messages.repair(why, section.account()).lines(" ".repeat(24), Colors.NONE));
                });
        history(token.state().history());
        return String.join("\n", lines) + "\n";
    }

    /** Those that failed first. */
    private void destinations(List<Destination> destinations) {
        List<Destination> sorted = destinations.stream()
                .sorted(Comparator.comparing(one -> !one.hasFailed()))
                .toList();
        for (Destination one : sorted) {
            String result = one.failingSince()
                    .map(since -> "failing since " + HumanFormat.time(since) + " (" + HumanFormat.ago(since, now) + ")"
                            + (one.reason().isEmpty() ? "" : ": " + one.reason()))
                    .orElse("ok");
            fact(one == sorted.get(0) ? "destinations" : "", Optional.of(one.name() + " " + result));
        }
    }

    /** The newest first; names failures with the words of docs/admin/troubleshooting.md and the JSON. */
    private void history(List<OutcomeSpan> history) {
        for (int i = history.size() - 1; i >= 0; i--) {
            OutcomeSpan span = history.get(i);
            String outcome = span.outcome().equals(OutcomeSpan.RENEWED) ? "renewed" : "failed: " + span.outcome();
            String since =
                    span.times() == 1 ? "" : ", " + span.times() + " times since " + HumanFormat.time(span.from());
            fact(
                    i == history.size() - 1 ? "history" : "",
                    Optional.of(HumanFormat.time(span.to()) + " " + outcome + since));
        }
    }

    /** A claim that should equal what the account stores. */
    private void compareWithAccount(String name, Optional<String> claim, String difference, Optional<String> known) {
        fact(name, claim);
        if (claim.isPresent() && known.isPresent() && !claim.equals(known)) {
            fact("", Optional.of(difference + ": " + known.get()));
        }
    }

    private static String onDisk(OnDisk what, Optional<JwtClaims> claims) {
        return switch (what) {
            case TOKEN -> claims.isPresent() ? "a JWT" : "an opaque token: only the issuer can read it";
            case NOTHING -> "nothing";
            case UNREADABLE -> "you cannot read it";
        };
    }

    /** What the token has, what the section requires in addition, and what the token has in addition. */
    private void compareWithSection(
            String name, String option, List<String> granted, List<String> requested, boolean isKnown) {
        fact(name, granted.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", granted)));
        if (isKnown && !requested.isEmpty()) {
            differs("requested by " + option + ", not granted", requested, granted);
            differs("granted, not requested by " + option, granted, requested);
        }
    }

    /** For a strict section: what cannot be verified. */
    private void warnUnverifiable(TokenStatus token, TokenSection section, boolean isScopeUnknown) {
        List<String> unverifiable = new ArrayList<>();
        boolean isStrictAndOpaque = section.strict()
                && token.onDisk() == OnDisk.TOKEN
                && token.claims().isEmpty();
        if (isStrictAndOpaque && isScopeUnknown && !section.scope().isEmpty()) {
            unverifiable.add("scope");
        }
        if (isStrictAndOpaque && !section.audience().isEmpty()) {
            unverifiable.add("audience");
        }
        fact("warning", unverifiable.isEmpty() ? Optional.empty() : Optional.of(Messages.unverifiable(unverifiable)));
    }

    private void differs(String label, List<String> words, List<String> others) {
        List<String> rest =
                words.stream().filter(word -> !others.contains(word)).toList();
        fact("", rest.isEmpty() ? Optional.empty() : Optional.of(label + ": " + String.join(" ", rest)));
    }

    private void time(String name, Optional<Instant> time) {
        fact(name, time.map(at -> HumanFormat.time(at) + " (" + HumanFormat.ago(at, now) + ")"));
    }

    private void fact(String name, Optional<String> value) {
        value.ifPresent(text -> AccountText.fact(lines, name, text));
    }
}

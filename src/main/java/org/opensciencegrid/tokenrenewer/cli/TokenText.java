package org.opensciencegrid.tokenrenewer.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Streak;
import org.opensciencegrid.tokenrenewer.status.AccountStatus;
import org.opensciencegrid.tokenrenewer.status.TokenStatus;
import org.opensciencegrid.tokenrenewer.status.TokenStatus.OnDisk;

/** One token for a person: what it says of itself beside what its section asks for. No secret: claims, not the token. */
final class TokenText {
    private static final Duration SKEW = Duration.ofMinutes(1);

    private final Messages messages;
    private final Commands commands;
    private final Instant now;
    private final List<String> lines = new ArrayList<>();

    TokenText(Messages messages, Commands commands, Instant now) {
        this.messages = messages;
        this.commands = commands;
        this.now = now;
    }

    String of(TokenStatus token, AccountStatus account) {
        Optional<JwtClaims> claims = token.claims();
        AccountState known = account.state();
        TokenSection section = token.section();
        lines.add("token " + section.name());
        fact("account", Optional.of(section.account()));
        fact("token_path", Optional.of(section.tokenPath().toString()));
        fact("on disk", Optional.of(onDisk(token.onDisk(), claims)));
        same("issuer (iss)", claims.flatMap(JwtClaims::issuer), "not that of the account", known.issuer());
        same("subject (sub)", claims.flatMap(JwtClaims::subject), "not who authorized the account", known.subject());
        List<String> audience =
                claims.map(JwtClaims::audience).orElse(token.state().grantedAudience());
        List<String> scope = claims.map(JwtClaims::scope)
                .filter(said -> !said.isEmpty())
                .orElse(token.state().grantedScope());
        compared("audience (aud)", "audience", audience, section.audience(), claims.isPresent());
        compared("scope", "scope", scope, section.scope(), !scope.isEmpty());
        time("issued (iat)", claims.flatMap(JwtClaims::issuedAt));
        claims.flatMap(JwtClaims::issuedAt)
                .filter(now.plus(SKEW)::isBefore)
                .ifPresent(at -> fact("", Optional.of("issued in the future: see the clocks here and at the issuer")));
        time("not before (nbf)", claims.flatMap(JwtClaims::notBefore));
        claims.flatMap(JwtClaims::notBefore)
                .filter(now::isBefore)
                .ifPresent(start -> fact("", Optional.of("not good yet: see the clocks here and at the issuer")));
        time("expires (exp)", token.expiresAt());
        token.expiresAt()
                .filter(end -> !end.isAfter(now))
                .ifPresent(end -> lines.add(" ".repeat(24) + "expired; to have a new one now: " + commands.renew()));
        if (section.minLifetime().isPresent()) {
            fact("min_lifetime", Optional.of(section.minLifetime().getAsLong() + " s"));
        }
        time("received", token.state().renewedAt());
        time("last tried", token.state().triedAt());
        time("failing since", token.state().failingSince());
        token.state().failure().or(account::problem).ifPresent(why -> {
            fact("why", Optional.of(messages.what(why)));
            Prose.repair(lines, " ".repeat(24), messages.repair(why, section.account()), Colours.NONE);
        });
        history(token.state().history());
        return String.join("\n", lines) + "\n";
    }

    /** The newest first; failures by the word that docs/troubleshooting.md and the JSON have for them. */
    private void history(List<Streak> history) {
        for (int i = history.size() - 1; i >= 0; i--) {
            Streak streak = history.get(i);
            String outcome = streak.outcome().equals(Streak.RENEWED) ? "renewed" : "failed: " + streak.outcome();
            String since =
                    streak.times() == 1 ? "" : ", " + streak.times() + " times since " + Words.time(streak.from());
            fact(
                    i == history.size() - 1 ? "history" : "",
                    Optional.of(Words.time(streak.to()) + " " + outcome + since));
        }
    }

    /** A claim that ought to be what the account knows. */
    private void same(String name, Optional<String> claim, String how, Optional<String> known) {
        fact(name, claim);
        if (claim.isPresent() && known.isPresent() && !claim.equals(known)) {
            fact("", Optional.of(how + ": " + known.get()));
        }
    }

    private static String onDisk(OnDisk what, Optional<JwtClaims> claims) {
        return switch (what) {
            case TOKEN -> claims.isPresent() ? "a JWT" : "an opaque token: only the issuer can read it";
            case NOTHING -> "nothing";
            case UNREADABLE -> "not readable for you";
        };
    }

    /** What the token has, and what the section asks for beyond that, or the token beyond the section. */
    private void compared(String name, String option, List<String> got, List<String> asked, boolean isKnown) {
        fact(name, got.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", got)));
        if (isKnown && !asked.isEmpty()) {
            differs("asked by " + option + ", not granted", asked, got);
            differs("granted, not asked by " + option, got, asked);
        }
    }

    private void differs(String how, List<String> these, List<String> those) {
        List<String> rest = these.stream().filter(word -> !those.contains(word)).toList();
        fact("", rest.isEmpty() ? Optional.empty() : Optional.of(how + ": " + String.join(" ", rest)));
    }

    private void time(String name, Optional<Instant> time) {
        fact(name, time.map(at -> Words.time(at) + " (" + Words.ago(at, now) + ")"));
    }

    private void fact(String name, Optional<String> value) {
        value.ifPresent(text -> AccountText.fact(lines, name, text));
    }
}

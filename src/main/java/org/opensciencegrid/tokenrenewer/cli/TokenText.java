package org.opensciencegrid.tokenrenewer.cli;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.status.TokenStatus;
import org.opensciencegrid.tokenrenewer.status.TokenStatus.OnDisk;

/** One token for a person: what it says of itself beside what its section asks for. No secret: claims, not the token. */
final class TokenText {
    private final Messages messages;
    private final Instant now;
    private final List<String> lines = new ArrayList<>();

    TokenText(Messages messages, Instant now) {
        this.messages = messages;
        this.now = now;
    }

    /**
     * @param problem of its account
     */
    String of(TokenStatus token, Optional<Failure> problem) {
        Optional<JwtClaims> claims = token.claims();
        TokenSection section = token.section();
        lines.add("token " + section.name());
        fact("account", Optional.of(section.account()));
        fact("token_path", Optional.of(section.tokenPath().toString()));
        fact("on disk", Optional.of(onDisk(token.onDisk(), claims)));
        fact("issuer (iss)", claims.flatMap(JwtClaims::issuer));
        fact("subject (sub)", claims.flatMap(JwtClaims::subject));
        List<String> audience =
                claims.map(JwtClaims::audience).orElse(token.state().grantedAudience());
        List<String> scope = claims.map(JwtClaims::scope)
                .filter(said -> !said.isEmpty())
                .orElse(token.state().grantedScope());
        compared("audience (aud)", "audience", audience, section.audience(), claims.isPresent());
        compared("scope", "scope", scope, section.scope(), !scope.isEmpty());
        time("issued (iat)", claims.flatMap(JwtClaims::issuedAt));
        time("not before (nbf)", claims.flatMap(JwtClaims::notBefore));
        claims.flatMap(JwtClaims::notBefore)
                .filter(now::isBefore)
                .ifPresent(start -> fact("", Optional.of("not good yet: see the clocks here and at the issuer")));
        time("expires (exp)", token.expiresAt());
        if (section.minLifetime().isPresent()) {
            fact("min_lifetime", Optional.of(section.minLifetime().getAsLong() + " s"));
        }
        time("received", token.state().renewedAt());
        time("last tried", token.state().triedAt());
        time("failing since", token.state().failingSince());
        token.state().failure().or(() -> problem).ifPresent(why -> {
            fact("why", Optional.of(messages.what(why)));
            lines.add(" ".repeat(24) + "repair: " + messages.repair(why, section.account()));
        });
        return String.join("\n", lines) + "\n";
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

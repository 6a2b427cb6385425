package org.opensciencegrid.tokenrenewer.oidc;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Arbitrary bytes as the response to each request. The result must be what was requested, or a printable error without
 * the secrets of the request. The first two bytes select status and completeness, then come Content-Type and Location,
 * each up to a line feed, then the body. Run by {@code .ci/fuzz/run}.
 */
public final class AnswersFuzz {
    static final String TOKEN = "the-refresh-token";
    static final String KEY = "the-client-secret";

    private static final int[] STATUS = {200, 201, 204, 301, 307, 400, 401, 403, 404, 408, 429, 500, 503};
    private static final URI ENDPOINT = URI.create("https://issuer.example.org/endpoint");
    private static final Clock CLOCK = Clock.fixed(Instant.ofEpochSecond(1_800_000_000), ZoneOffset.UTC);
    private static final Client CLIENT = Client.of("client", Optional.of(Secret.of(KEY)));
    private static final List<Secret> SECRETS = List.of(Secret.of(TOKEN), Secret.of(KEY));

    private AnswersFuzz() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length < 2) {
            return;
        }
        String[] parts = new String(input, 2, input.length - 2, StandardCharsets.UTF_8).split("\n", 3);
        HttpResponse answer = new HttpResponse(
                STATUS[Math.floorMod(input[0], STATUS.length)],
                parts.length > 1 ? parts[0] : "",
                parts.length > 2 ? parts[1] : "",
                parts[0],
                Optional.of(Duration.ofSeconds(1)),
                parts[0],
                parts[parts.length - 1],
                input[1] % 4 != 0,
                Duration.ZERO);
        answer.sentAt();
        token(answer);
        device(answer);
        registration(answer);
        discovery(answer);
        IssuerException refusal = ErrorResponse.of("issuer.example.org", answer, SECRETS);
        assertShowable(refusal.getMessage());
        assertShowable(refusal.code());
    }

    private static void token(HttpResponse answer) {
        Optional<Secret> rescued = TokenResponse.rescueRefreshToken(answer);
        TokenResponse.of(answer, CLOCK).ifPresent(token -> {
            require(rescued.equals(token.refreshToken()), "rescued another refresh token than was read");
            require(token.accessToken().reveal().chars().allMatch(c -> c > ' ' && c < 0x7f), "no line of a token file");
            token.scope().orElse(java.util.List.of()).forEach(AnswersFuzz::assertPrintable);
            token.audience().forEach(AnswersFuzz::assertPrintable);
        });
    }

    private static void device(HttpResponse answer) {
        try {
            DeviceFlow.Prompt prompt = DeviceFlow.prompt(ENDPOINT, answer, CLIENT);
            assertPrintable(prompt.userCode());
            prompt.verificationUriComplete().ifPresent(link -> require(Transport.isSafeToShow(link), "unsafe link"));
            require(Transport.isSafeToShow(prompt.verificationUri()), "unsafe link");
            require(prompt.interval().toSeconds() > 0 && prompt.expiresIn().toSeconds() > 0, "polls without a pause");
        } catch (IssuerException e) {
            assertPrintable(e.getMessage());
        }
    }

    private static void registration(HttpResponse answer) {
        Map<String, Object> json = answer.json().orElse(Map.of());
        RequestedClient wish =
                new RequestedClient("name", List.of("openid", "a"), ClientAuth.BASIC, "device", false, true, false);
        Registration.Registered registered = Registration.registered(ENDPOINT, "client", json, wish);
        registered.clientUri().ifPresent(uri -> require(Transport.isSameOrigin(uri, ENDPOINT), "another's client URI"));
    }

    private static void discovery(HttpResponse answer) {
        Map<String, Object> json = answer.json().orElse(Map.of());
        try {
            Provider provider = Discovery.provider("https://issuer.example.org", "place", json);
            assertSafe(provider.tokenEndpoint());
            provider.registrationEndpoint().ifPresent(AnswersFuzz::assertSafe);
        } catch (IssuerException e) {
            assertPrintable(e.getMessage());
        }
    }

    private static void assertSafe(URI uri) {
        require(Transport.isSafe(uri), "not safe: " + uri);
    }

    private static void assertShowable(String text) {
        assertPrintable(text);
        require(!text.contains(TOKEN) && !text.contains(KEY), "a secret in: " + text);
    }

    private static void assertPrintable(String text) {
        require(Printable.of(text, 2000).equals(text), "not printable: " + text);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}

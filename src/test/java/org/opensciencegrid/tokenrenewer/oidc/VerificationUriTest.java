package org.opensciencegrid.tokenrenewer.oidc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.net.IssuerException;

/** Which links of an issuer may be shown to a user, who will type a password on that page. */
class VerificationUriTest {
    private static final URI ENDPOINT = URI.create("https://issuer.example.org/device");
    private static final Client CLIENT = Client.of("client", Optional.empty());

    private static DeviceFlow.Prompt prompt(String uri, String complete) throws IssuerException {
        String json = Json.write(Map.of(
                "device_code",
                "d",
                "user_code",
                "ABCD",
                "verification_uri",
                uri,
                "verification_uri_complete",
                complete));
        HttpResponse answer =
                new HttpResponse(200, "application/json", "", "", Optional.empty(), "", json, true, Duration.ZERO);
        return DeviceFlow.prompt(ENDPOINT, answer, CLIENT);
    }

    @ParameterizedTest
    @CsvSource({
        "https://issuer.example.org/device",
        "https://issuer.example.org:8443/device?a=b&c=%C3%A9",
        "HTTPS://ISSUER.EXAMPLE.ORG/device",
        "https://xn--isuer-m6e.example.org/device",
        "https://login.example.com/device",
        "https://192.0.2.1/device",
        "https://[2001:db8::1]/device",
        "http://localhost:8080/device",
        "http://127.0.0.1/device",
        "http://[::1]/device",
        "https://d-906.awsapps.example/start/#/device?user_code=ABCD",
    })
    void isShownAsItIs(String uri) throws IssuerException {
        assertEquals(uri, prompt(uri, uri).verificationUri().toString());
        assertEquals(
                uri, prompt(uri, uri).verificationUriComplete().orElseThrow().toString());
    }

    static Stream<String> refused() {
        return Stream.of(
                "javascript:alert(1)",
                "JavaScript:alert(1)",
                "java\tscript:alert(1)",
                "data:text/html,<script>alert(1)</script>",
                "data:text/html;base64,PHNjcmlwdD4=",
                "vbscript:msgbox(1)",
                "file:///etc/passwd",
                "ftp://issuer.example.org/",
                "ssh://issuer.example.org/",
                "mailto:root@issuer.example.org",
                "tel:+1",
                "intent://scan/#Intent;scheme=zxing;end",
                "view-source:https://issuer.example.org/",
                "blob:https://issuer.example.org/1",
                "http://issuer.example.org/device",
                "http://localhost.example.org/device",
                "http://127.0.0.1.example.org/device",
                "http://0.0.0.0/device",
                "http://2130706433/device",
                "https://issuer.example.org@attacker.example.org/device",
                "https://user:password@issuer.example.org/device",
                "https://issuer.example.org%40attacker.example.org/",
                "https://is\u0455uer.example.org/device",
                "https://issuer\u3002example.org/device",
                "https://issuer.example.org/\u202egro.elpmaxe",
                "https://issuer.example.org/\u200b",
                "https://issuer.example.org/\u00e9",
                "https://issuer.example.org/\u001b[2J",
                "https://issuer.example.org/\u0007",
                "https://issuer.example.org/\r\nfake line",
                "https://issuer.example.org/a b",
                "https://issuer.example.org/#\u202e",
                "",
                " ",
                "https://issuer.example.org\\@attacker.example.org/",
                "https:issuer.example.org",
                "https:/issuer.example.org/",
                "https:///device",
                "https://",
                "https://issuer.example.org:port/",
                "//issuer.example.org/device",
                "/device",
                "issuer.example.org/device",
                "?code=1",
                "not a URL");
    }

    @ParameterizedTest
    @MethodSource("refused")
    void isNotShown(String uri) throws IssuerException {
        IssuerException e = assertThrows(IssuerException.class, () -> prompt(uri, ENDPOINT.toString()));
        assertEquals(IssuerException.Kind.REFUSED, e.kind());
        assertTrue(e.getMessage().contains("verification_uri"), e::getMessage);
        assertTrue(e.getMessage().chars().noneMatch(Character::isISOControl), e::getMessage);
        assertEquals(
                Optional.empty(),
                prompt(ENDPOINT.toString(), uri).verificationUriComplete(),
                "the other link is enough");
    }
}

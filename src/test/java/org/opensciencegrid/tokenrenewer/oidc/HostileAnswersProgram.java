package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.text.Secret;

/** Asks each server for a token, with so many seconds for each. Tells in how many milliseconds what became of it. */
final class HostileAnswersProgram {
    private HostileAnswersProgram() {}

    public static void main(String[] arguments) {
        Duration deadline = Duration.ofSeconds(Long.parseLong(arguments[0]));
        Transport transport = new Transport(new Trust(Optional.empty()), deadline);
        for (String url : List.of(arguments).subList(1, arguments.length)) {
            long start = System.nanoTime();
            String outcome = ask(transport, URI.create(url));
            System.out.println(Duration.ofNanos(System.nanoTime() - start).toMillis() + " " + outcome);
        }
    }

    private static String ask(Transport transport, URI uri) {
        try {
            HTTPRequest request = new HTTPRequest(HTTPRequest.Method.POST, uri);
            request.setBody("grant_type=refresh_token&refresh_token=r");
            Answer answer = transport.send(request);
            Optional<Secret> rescued = TokenAnswer.rescueRefreshToken(answer);
            Optional<TokenAnswer> token = TokenAnswer.of(answer, Clock.systemUTC());
            return token.isPresent() && rescued.isPresent()
                    ? "TOKEN"
                    : Refusal.of("there", answer, List.of(Secret.of("refresh token")))
                            .kind()
                            .name();
        } catch (OidcException e) {
            return e.kind().name();
        }
    }
}

package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.net.TrustStore;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Requests a token from each server, with a time limit in seconds; all at once with -Dtogether. Prints the time in
 * milliseconds and the result of each.
 */
final class HostileAnswersProgram {
    private HostileAnswersProgram() {}

    public static void main(String[] arguments) {
        Duration deadline = Duration.ofSeconds(Long.parseLong(arguments[0]));
        Optional<Path> ca = Optional.ofNullable(System.getProperty("ca")).map(Path::of);
        Transport transport = new Transport(new TrustStore(ca), deadline);
        List<String> urls = List.of(arguments).subList(1, arguments.length);
        if (System.getProperty("together") != null) {
            urls.forEach(url -> new Thread(() -> System.out.println("0 " + ask(transport, URI.create(url)))).start());
            return;
        }
        for (String url : urls) {
            long start = System.nanoTime();
            String outcome = ask(transport, URI.create(url));
            System.out.println(Duration.ofNanos(System.nanoTime() - start).toMillis() + " " + outcome);
        }
    }

    private static String ask(Transport transport, URI uri) {
        try {
            HTTPRequest request = new HTTPRequest(HTTPRequest.Method.POST, uri);
            request.setBody("grant_type=refresh_token&refresh_token=r");
            return transport.send(request, HostileAnswersProgram::read);
        } catch (IssuerException e) {
            return e.kind() + " " + e.getMessage();
        }
    }

    private static String read(HttpResponse answer) {
        Optional<Secret> rescued = TokenResponse.rescueRefreshToken(answer);
        Optional<TokenResponse> token = TokenResponse.of(answer, Clock.systemUTC());
        return token.isPresent() && rescued.isPresent()
                ? "TOKEN"
                : ErrorResponse.of("there", answer, List.of(Secret.of("refresh token")))
                        .kind()
                        .name();
    }
}

package org.opensciencegrid.tokenrenewer.net;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.util.URLUtils;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Redactor;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * What {@code --verbose} shows of a request and its response. Shows the values of members that are known not to be
 * secret, and only the names of all others, including unknown ones.
 */
final class RequestLog {
    private static final Set<String> SHOWN = Set.of(
            "audience",
            "client_id",
            "client_name",
            "error",
            "error_description",
            "expires_in",
            "grant_type",
            "grant_types",
            "interval",
            "issuer",
            "redirect_uris",
            "refresh_expires_in",
            "resource",
            "response_types",
            "scope",
            "token_endpoint_auth_method",
            "token_type",
            "verification_uri");

    private static final int MAX_CHARS = 300;

    private RequestLog() {}

    static String request(HTTPRequest request) {
        StringJoiner line = new StringJoiner(" ");
        line.add("> " + request.getMethod()).add(Transport.hostAndPort(request.getURI()) + path(request));
        Optional.ofNullable(request.getAuthorization())
                .ifPresent(header -> line.add("Authorization: " + header.replaceAll("\\s.*", "") + " ***"));
        parameters(request).forEach((name, value) -> line.add(member(name, value, new Redactor(List.of()))));
        return Printable.of(line.toString());
    }

    static String response(HTTPRequest request, HttpResponse response) {
        Redactor redactor = new Redactor(secrets(request));
        StringJoiner line = new StringJoiner(" ");
        line.add("< " + response.status()).add(redactor.clean(response.contentType()));
        Optional<Map<String, Object>> json = response.json();
        json.ifPresent(members -> members.forEach((name, value) -> line.add(member(name, value, redactor))));
        if (json.isEmpty() && !response.body().isEmpty()) {
            line.add(response.body().length() + " characters that are not a JSON object");
        }
        if (!response.complete()) {
            line.add("(cut short)");
        }
        return Printable.of(line.toString());
    }

    private static String member(String name, Object value, Redactor redactor) {
        boolean isShown = SHOWN.contains(name) || name.endsWith("_endpoint") || name.endsWith("_supported");
        String text = isShown ? Printable.of(redactor.clean(String.valueOf(value)), MAX_CHARS) : "***";
        return Printable.of(name, MAX_CHARS) + "=" + text;
    }

    /**
     * The path of a client's configuration endpoint is as public as the client id. A query is not shown because it may
     * contain anything.
     */
    private static String path(HTTPRequest request) {
        return Optional.ofNullable(request.getURI().getPath()).orElse("");
    }

    /** All values of the request that are not shown, because the response may echo them. */
    private static Collection<Secret> secrets(HTTPRequest request) {
        List<Secret> secrets = new ArrayList<>();
        parameters(request).forEach((name, value) -> {
            if (!SHOWN.contains(name)) {
                secrets.add(Secret.of(String.valueOf(value)));
            }
        });
        Optional.ofNullable(request.getAuthorization())
                .map(header -> header.substring(header.indexOf(' ') + 1))
                .ifPresent(credentials -> {
                    secrets.add(Secret.of(credentials));
                    basic(credentials).ifPresent(secrets::add);
                });
        return secrets;
    }

    /** The client secret in Basic credentials. The response may echo it with or without form encoding. */
    private static Optional<Secret> basic(String credentials) {
        try {
            String pair = new String(Base64.getDecoder().decode(credentials), StandardCharsets.UTF_8);
            String secret = URLDecoder.decode(pair.substring(pair.indexOf(':') + 1), StandardCharsets.UTF_8);
            return secret.isEmpty() ? Optional.empty() : Optional.of(Secret.of(secret));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // a bearer token, or a raw secret with a percent sign: it is not shown separately
        }
    }

    private static Map<String, Object> parameters(HTTPRequest request) {
        String body = Optional.ofNullable(request.getBody()).orElse("");
        if (body.startsWith("{")) {
            return Json.object(body).orElse(Map.of());
        }
        Map<String, Object> parameters = new LinkedHashMap<>();
        URLUtils.parseParameters(body).forEach((name, values) -> parameters.put(name, String.join(" ", values)));
        return parameters;
    }
}

package org.opensciencegrid.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * A received request, even if a {@link Fault} prevented its processing.
 *
 * @param query the raw query, or null
 * @param headers case-insensitive
 * @param form the decoded form, empty if the body is not a form
 * @param body the raw body
 * @param certificate of the client in the TLS connection, or null
 */
public record Seen(
        String method,
        String path,
        String query,
        Map<String, List<String>> headers,
        Map<String, List<String>> form,
        String body,
        X509Certificate certificate) {

    /** Reads the whole request. */
    static Seen read(HttpExchange exchange) throws IOException {
        Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        exchange.getRequestHeaders().forEach((name, values) -> headers.put(name, List.copyOf(values)));
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        String path = exchange.getRequestURI().getRawPath();
        boolean isForm = !path.startsWith(RegistrationEndpoint.PATH);
        return new Seen(
                exchange.getRequestMethod(),
                path,
                exchange.getRequestURI().getRawQuery(),
                Collections.unmodifiableMap(headers),
                isForm ? FormBody.parse(body).parameters() : Map.of(),
                body,
                certificate(exchange));
    }

    private static X509Certificate certificate(HttpExchange exchange) {
        try {
            return exchange instanceof HttpsExchange https
                    ? (X509Certificate) https.getSSLSession().getPeerCertificates()[0]
                    : null;
        } catch (SSLPeerUnverifiedException e) {
            return null;
        }
    }

    /** The first value of a header, or null. */
    public String header(String name) {
        List<String> values = headers.get(name);
        return values == null || values.isEmpty() ? null : values.get(0);
    }

    /** The first value of a form parameter, or null. */
    public String parameter(String name) {
        List<String> values = form.get(name);
        return values == null ? null : values.get(0);
    }

    /** The form's grant_type, or null. */
    public String grantType() {
        return parameter("grant_type");
    }

    /** Method, path and the names of the parameters; the values are secrets. */
    @Override
    public String toString() {
        return method + " " + path + " " + form.keySet();
    }
}

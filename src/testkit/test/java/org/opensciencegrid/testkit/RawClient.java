package org.opensciencegrid.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.minidev.json.JSONValue;

/** Sends exactly the requests that a test specifies, valid or invalid. */
final class RawClient {
    static final String ID = "client one";
    static final String SECRET = "s3cr:t/+%";
    static final List<String> ALL_GRANTS = List.of(Policy.DEVICE_CODE, Policy.REFRESH_TOKEN, Policy.CLIENT_CREDENTIALS);
    static final List<String> SCOPES = List.of("openid", "offline_access", "storage.read:/", "compute.read");

    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private final EmbeddedIssuer issuer;
    private final Map<String, String> headers = new LinkedHashMap<>();

    private RawClient(EmbeddedIssuer issuer) {
        this.issuer = issuer;
    }

    /** Starts with the headers of a valid request: Accept, Content-Type and Basic. */
    static RawClient of(EmbeddedIssuer issuer) {
        return new RawClient(issuer)
                .with("Accept", "application/json")
                .with("Content-Type", "application/x-www-form-urlencoded")
                .with("Authorization", basic(ID, SECRET));
    }

    /** The same client, registered at the issuer. */
    static RawClient registeredAt(EmbeddedIssuer issuer) {
        issuer.addClient(ID, SECRET, "client_secret_basic", ALL_GRANTS, SCOPES);
        return of(issuer);
    }

    static String basic(String id, String secret) {
        return rawBasic(encode(id), encode(secret));
    }

    static String rawBasic(String id, String secret) {
        String userPass = id + ":" + secret;
        return "Basic " + Base64.getEncoder().encodeToString(userPass.getBytes(StandardCharsets.UTF_8));
    }

    static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** name, value, name, value, ... */
    static String form(String... namesAndValues) {
        StringBuilder form = new StringBuilder();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            form.append(i == 0 ? "" : "&")
                    .append(encode(namesAndValues[i]))
                    .append('=')
                    .append(encode(namesAndValues[i + 1]));
        }
        return form.toString();
    }

    RawClient with(String header, String value) {
        RawClient other = new RawClient(issuer);
        other.headers.putAll(headers);
        other.headers.put(header, value);
        return other;
    }

    RawClient without(String header) {
        RawClient other = new RawClient(issuer);
        other.headers.putAll(headers);
        other.headers.remove(header);
        return other;
    }

    record Reply(int status, Map<String, List<String>> headers, byte[] bytes) {
        String text() {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        @SuppressWarnings("unchecked")
        Map<String, Object> json() {
            return (Map<String, Object>) JSONValue.parse(text());
        }

        String get(String member) {
            Object value = json().get(member);
            return value == null ? null : value.toString();
        }

        /** For example "400 invalid_grant". */
        String summary() {
            return status + (status < 400 || bytes.length == 0 ? "" : " " + get("error"));
        }

        String header(String name) {
            List<String> values = headers.get(name);
            return values == null ? null : values.get(0);
        }
    }

    Reply request(String method, String path, String body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(issuer.base() + path))
                .timeout(Duration.ofSeconds(5))
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        headers.forEach(request::header);
        HttpResponse<byte[]> response = HTTP.send(request.build(), BodyHandlers.ofByteArray());
        return new Reply(response.statusCode(), response.headers().map(), response.body());
    }

    HttpResponse<InputStream> stream(String path, String body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(issuer.base() + path))
                .timeout(Duration.ofSeconds(5))
                .POST(HttpRequest.BodyPublishers.ofString(body));
        headers.forEach(request::header);
        return HTTP.send(request.build(), BodyHandlers.ofInputStream());
    }

    Reply post(String path, String... namesAndValues) throws IOException, InterruptedException {
        return request("POST", path, form(namesAndValues));
    }

    Reply get(String path) throws IOException, InterruptedException {
        return without("Content-Type").without("Authorization").request("GET", path, null);
    }

    Reply registerJson(String json) throws IOException, InterruptedException {
        return without("Authorization").with("Content-Type", "application/json").request("POST", "/register", json);
    }

    Reply poll(String deviceCode) throws IOException, InterruptedException {
        return post("/token", "grant_type", Policy.DEVICE_CODE, "device_code", deviceCode);
    }

    Reply refresh(String refreshToken, String... more) throws IOException, InterruptedException {
        String rest = more.length == 0 ? "" : "&" + form(more);
        return request("POST", "/token", form("grant_type", "refresh_token", "refresh_token", refreshToken) + rest);
    }

    /** Runs the device flow as alice; more has parameters of the device authorization request. */
    Reply login(String... more) throws IOException, InterruptedException {
        Reply device = post("/device_authorization", more);
        issuer.approve(device.get("user_code"), "alice");
        return poll(device.get("device_code"));
    }

    /** The payload of a JWT. */
    @SuppressWarnings("unchecked")
    static Map<String, Object> claims(String jwt) {
        byte[] payload = Base64.getUrlDecoder().decode(jwt.split("\\.")[1]);
        return (Map<String, Object>) JSONValue.parse(new String(payload, StandardCharsets.UTF_8));
    }
}

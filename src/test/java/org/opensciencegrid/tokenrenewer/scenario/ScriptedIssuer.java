package org.opensciencegrid.tokenrenewer.scenario;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.opensciencegrid.tokenrenewer.json.Json;

/**
 * An issuer that follows a script, over plain http on 127.0.0.1. The script has the responses in order for each step of
 * the protocol; the last one is repeated. {@link ScriptedAnswer} sends them. The embedded issuer checks the client;
 * this one only follows its script, and knows which refresh token is valid.
 */
final class ScriptedIssuer implements AutoCloseable {
    private static final String SCOPE = "openid offline_access read write";
    private static final int LIFE = 3600;

    private final Map<String, Object> script;
    private final Clock clock;
    private final ServerSocket listener;
    private final List<Socket> connections = new ArrayList<>();
    private final Map<String, Integer> given = new HashMap<>();
    private final Map<String, Integer> grants = new HashMap<>();
    private boolean isHealthy;
    private boolean isEnded;
    private int issued;
    private String current = "";
    private Set<String> widest;

    /** One request. Header names are in lower case. */
    private record Request(String method, String path, Map<String, String> headers, String body) {
        String parameter(String name) {
            String value = null;
            for (String pair : body.split("&")) {
                if (pair.startsWith(name + "=")) {
                    String next = URLDecoder.decode(pair.substring(name.length() + 1), StandardCharsets.UTF_8);
                    value = value == null ? next : value + " " + next;
                }
            }
            return value;
        }

        Set<String> scope() {
            return Set.copyOf(Json.split(parameter("scope") == null ? "" : parameter("scope")));
        }
    }

    ScriptedIssuer(Map<String, Object> script, Clock clock) throws IOException {
        this.script = script;
        this.clock = clock;
        widest = Set.copyOf(Json.split(text("grants", SCOPE)));
        listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        inBackground(this::accept);
    }

    /** The issuer's identifier. */
    String issuer() {
        return filled(text("issuer", "http://127.0.0.1:{port}"));
    }

    String filled(String text) {
        return text.replace("{port}", String.valueOf(listener.getLocalPort()));
    }

    /** After this, it answers as the RFCs require. */
    synchronized void heal() {
        isHealthy = true;
    }

    /** Whether it ended the authorization because a refresh token was used twice. */
    synchronized boolean hasEnded() {
        return isEnded;
    }

    /** The number of token requests with this grant. */
    synchronized int count(String grant) {
        return grants.getOrDefault(grant, 0);
    }

    @Override
    public void close() throws IOException {
        listener.close();
        synchronized (connections) {
            for (Socket connection : connections) {
                connection.close();
            }
        }
    }

    private void accept() throws IOException {
        while (true) {
            Socket connection = listener.accept();
            synchronized (connections) {
                connections.add(connection);
            }
            inBackground(() -> serve(connection));
        }
    }

    private void serve(Socket connection) throws IOException {
        try (connection) {
            InputStream in = new BufferedInputStream(connection.getInputStream());
            for (Request request = read(in); request != null; request = read(in)) {
                ScriptedAnswer answer = answer(request);
                if (!answer.sendTo(connection)) {
                    return;
                }
            }
        }
    }

    private static Request read(InputStream in) throws IOException {
        String first = line(in);
        if (first.isEmpty()) {
            return null;
        }
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
        String[] words = first.split(" ");
        String path = words[1].replaceAll("\\?.*", "");
        return new Request(words[0], path, headers, new String(in.readNBytes(length), StandardCharsets.UTF_8));
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            line.write(c);
        }
        return line.toString(StandardCharsets.ISO_8859_1).strip();
    }

    private synchronized ScriptedAnswer answer(Request request) {
        String path = request.path();
        if (path.contains("/.well-known/")) {
            return words("missing").contains(path) ? refusal(404, "not_found", "no such page") : discovery();
        }
        if (path.endsWith("/register")) {
            return registration(Json.object(request.body()).orElse(Map.of()));
        }
        if (path.contains("/register/")) {
            return said("unregistration", 204, Map.of());
        }
        if (path.endsWith("/device")) {
            return device(request);
        }
        return path.endsWith("/token") ? token(request) : refusal(404, "not_found", "no such page");
    }

    private ScriptedAnswer discovery() {
        String base = issuer();
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("issuer", base);
        members.put("token_endpoint", base + "/token");
        members.put("device_authorization_endpoint", base + "/device");
        members.put("registration_endpoint", base + "/register");
        members.put("scopes_supported", Json.split(SCOPE));
        members.put("grant_types_supported", List.of("urn:ietf:params:oauth:grant-type:device_code", "refresh_token"));
        return said("discovery", 200, members);
    }

    private ScriptedAnswer registration(Map<String, Object> asked) {
        Map<String, Object> registration = Json.member(script, "registers");
        for (Map.Entry<String, Object> rule : registration.entrySet()) {
            // What a strict server rejects: a member with a value that is not in the list; null: with any value.
            Object value = asked.get(rule.getKey());
            boolean isFine =
                    value == null || rule.getValue() != null && fits(Json.words(registration, rule.getKey()), value);
            if (!isFine && !isHealthy) {
                return refusal(
                        400,
                        "invalid_client_metadata",
                        rule.getKey() + " is not supported as it was given; supported: " + rule.getValue());
            }
        }
        String issuer = issuer();
        Map<String, Object> members = new LinkedHashMap<>(asked);
        members.put("client_id", "client-1");
        members.put("client_secret", "secret-1");
        members.put("registration_access_token", "management-1");
        members.put("registration_client_uri", issuer + "/register/client-1");
        members.put("scope", SCOPE);
        return said("registration", 201, members);
    }

    private static boolean fits(List<String> allowed, Object value) {
        return value instanceof List<?> many ? allowed.containsAll(many) : allowed.contains(value);
    }

    private ScriptedAnswer device(Request request) {
        if (request.scope().stream().anyMatch(words("refusesScope")::contains)) {
            return refusal(400, "invalid_scope", "this client may not ask for " + words("refusesScope"));
        }
        String issuer = issuer();
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("device_code", "device-1");
        members.put("user_code", "ABCD-EFGH");
        members.put("verification_uri", issuer + "/verify");
        members.put("verification_uri_complete", issuer + "/verify?user_code=ABCD-EFGH");
        members.put("expires_in", 60);
        members.put("interval", 1);
        return said("device", 200, members);
    }

    private ScriptedAnswer token(Request request) {
        String grant = String.valueOf(request.parameter("grant_type"));
        grants.merge(grant, 1, Integer::sum);
        if (script.containsKey("needsClientId") && !isHealthy && request.parameter("client_id") == null) {
            return refusal(400, "invalid_request", "client_id: field required");
        }
        return switch (grant) {
            case "refresh_token" -> refresh(request);
            case "client_credentials" -> said("service", 200, tokens(request.scope(), false));
            default -> poll(request);
        };
    }

    private ScriptedAnswer poll(Request request) {
        Map<String, Object> step = step("poll");
        return ScriptedAnswer.of(
                step, 200, ScriptedAnswer.isRefusal(step) ? Map.of() : tokens(request.scope(), true), this);
    }

    private ScriptedAnswer refresh(Request request) {
        boolean rotates = !script.containsKey("keepsRefreshToken");
        if (isEnded || !current.equals(request.parameter("refresh_token"))) {
            isEnded |= rotates;
            return refusal(400, "invalid_grant", "refresh token is unknown, expired or used");
        }
        Map<String, Object> step = step("refresh");
        if (ScriptedAnswer.isRefusal(step)) {
            return ScriptedAnswer.of(step, 400, Map.of(), this);
        }
        if (script.containsKey("narrows") && !request.scope().isEmpty()) {
            if (!widest.containsAll(request.scope())) {
                return refusal(400, "invalid_scope", "more than the refresh token holds");
            }
            widest = request.scope();
        }
        return ScriptedAnswer.of(step, 200, tokens(request.scope(), rotates), this);
    }

    private Map<String, Object> tokens(Set<String> asked, boolean rotates) {
        issued++;
        Map<String, Object> answer = new LinkedHashMap<>();
        long life = isHealthy ? LIFE : Json.number(script, "life").orElse((long) LIFE);
        long now = clock.instant().getEpochSecond();
        String scope = asked.isEmpty() ? text("grants", SCOPE) : String.join(" ", asked);
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("iss", issuer());
        claims.put("sub", "alice");
        claims.put("iat", now);
        claims.put("exp", now + life);
        claims.put("jti", String.valueOf(issued));
        claims.put("scope", scope);
        answer.put("access_token", script.containsKey("opaque") ? "opaque-" + issued : jwt(claims));
        answer.put("token_type", "Bearer");
        answer.put("expires_in", life);
        answer.put("scope", scope);
        answer.put("id_token", idToken(Map.of()));
        if (rotates) {
            current = "refresh-" + listener.getLocalPort() + "-" + issued;
            answer.put("refresh_token", current);
        }
        return answer;
    }

    /** An id_token of the user who approved, with these claims changed. */
    String idToken(Map<String, Object> other) {
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("iss", issuer());
        claims.put("sub", "alice");
        claims.put("aud", "client-1");
        claims.put("exp", clock.instant().getEpochSecond() + LIFE);
        claims.put("preferred_username", "alice");
        claims.putAll(other);
        return jwt(claims);
    }

    /** The refresh token that is currently valid. */
    String refreshToken() {
        return current;
    }

    static String jwt(Map<String, Object> claims) {
        return base64("{\"alg\":\"none\"}") + "." + base64(Json.write(claims)) + ".c2ln";
    }

    private static String base64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private ScriptedAnswer said(String step, int status, Map<String, Object> members) {
        return ScriptedAnswer.of(step(step), status, members, this);
    }

    private ScriptedAnswer refusal(int status, String code, String description) {
        return ScriptedAnswer.of(Map.of(), status, Map.of("error", code, "error_description", description), this);
    }

    private Map<String, Object> step(String name) {
        if (isHealthy || !script.containsKey(name)) {
            return Map.of();
        }
        Object steps = script.get(name);
        if (!(steps instanceof List<?> many)) {
            return Json.member(script, name);
        }
        int n = given.merge(name, 1, Integer::sum);
        return Json.member(Map.of(name, many.get(Math.min(n, many.size()) - 1)), name);
    }

    private String text(String name, String otherwise) {
        return Json.string(script, name).orElse(otherwise);
    }

    private List<String> words(String name) {
        return isHealthy ? List.of() : Json.words(script, name);
    }

    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    private static void inBackground(Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException e) {
                        // The client closed the connection, or the test is over.
                    }
                },
                "scripted-issuer");
        thread.setDaemon(true);
        thread.start();
    }
}

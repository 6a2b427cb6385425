package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.json.Json;

/**
 * Keycloak as at EGI Check-in and Helmholtz: rotates, ends the whole family on reuse, rejects openid at registration,
 * ignores audiences, drops scopes silently. {@code -Dlive.keycloak=DIR} is its unpacked distribution. Its realm is in
 * resources/keycloak.
 */
final class Keycloak extends LocalIssuer {
    private static final String ADMIN = "administrator";

    private final String origin;
    private final ServerProcess process;

    Keycloak(Path directory) throws IOException, InterruptedException {
        super(directory);
        int port = ServerProcess.freePort();
        origin = "https://localhost:" + port;
        Path keys = keyStore();
        Path home = Path.of(System.getProperty("live.keycloak"));
        Path realm = Files.createDirectories(home.resolve("data/import")).resolve("tokens-realm.json");
        try (InputStream in = Keycloak.class.getResourceAsStream("/keycloak/realm.json")) {
            Files.copy(in, realm, StandardCopyOption.REPLACE_EXISTING);
        }
        process = new ServerProcess(
                directory.resolve("keycloak.log"),
                "Listening on:",
                List.of(
                        "env",
                        "KC_BOOTSTRAP_ADMIN_USERNAME=" + ADMIN,
                        "KC_BOOTSTRAP_ADMIN_PASSWORD=" + PASSWORD,
                        "JAVA_HOME=" + System.getProperty("java.home"),
                        "JAVA_OPTS=-Xms64m -Xmx512m -XX:+UseSerialGC -Djava.net.preferIPv4Stack=true",
                        "bash",
                        home.resolve("bin/kc.sh").toString(),
                        "start-dev",
                        "--import-realm",
                        "--cache=local",
                        "--db=dev-mem",
                        "--http-enabled=false",
                        "--https-port=" + port,
                        "--https-client-auth=request",
                        "--truststore-paths=" + caFile(),
                        "--https-key-store-file=" + keys,
                        "--https-key-store-password=" + PASSWORD,
                        "--hostname=" + origin));
    }

    @Override
    public String name() {
        return "Keycloak 26";
    }

    @Override
    public String issuer() {
        return origin + "/realms/tokens";
    }

    @Override
    public Predefined client(Role role) {
        return role == Role.CONFIDENTIAL
                ? new Predefined("confidential", Optional.of("confidential-secret-0123456789"))
                : super.client(role);
    }

    @Override
    public boolean grantsAudience() {
        return false;
    }

    @Override
    public boolean tellsDenial() {
        return true;
    }

    @Override
    public boolean punishesReplay() {
        return true;
    }

    /** Keycloak asks a user only once for consent to a client. */
    @Override
    public void decide(String userCode, String person, boolean approve) throws IOException, InterruptedException {
        Browser browser = browser();
        browser.open(issuer() + "/device?user_code=" + userCode);
        browser.submit("username", Map.of("username", person, "password", person + "-password"));
        if (browser.has("name=\"accept\"")) {
            browser.submit("code", approve ? Map.of("accept", "Yes") : Map.of("cancel", "No"));
        }
        if (approve && !browser.has("Device Login Successful")) {
            throw new AssertionError(browser.toString());
        }
    }

    @Override
    public void enable(String person, boolean isEnabled) throws IOException, InterruptedException {
        String user = theOnly("/users?exact=true&username=" + person);
        administer("PUT", "/users/" + user, "{\"enabled\": " + isEnabled + "}");
    }

    @Override
    public String changeSecret(Account account) throws IOException, InterruptedException {
        String client = theOnly("/clients?clientId=" + account.client().id());
        String answer = administer("POST", "/clients/" + client + "/client-secret", "{}");
        return Json.object(answer).flatMap(json -> Json.string(json, "value")).orElseThrow();
    }

    @Override
    public void setKeys(String clientId, String jwks) throws IOException, InterruptedException {
        set(clientId, "client-jwt", Map.of("use.jwks.string", "true", "jwks.string", jwks));
    }

    @Override
    public void setSubject(String clientId, String subject) throws IOException, InterruptedException {
        set(clientId, "client-x509", Map.of("x509.subjectdn", "CN=" + subject));
    }

    private void set(String clientId, String authenticator, Map<String, Object> attributes)
            throws IOException, InterruptedException {
        Map<String, Object> client = new LinkedHashMap<>();
        client.put("clientId", clientId);
        client.put("clientAuthenticatorType", authenticator);
        client.put("serviceAccountsEnabled", true);
        client.put("standardFlowEnabled", false);
        client.put("optionalClientScopes", List.of("compute.read"));
        client.put("attributes", attributes);
        String found = administer("GET", "/clients?clientId=" + clientId, "");
        if (found.strip().equals("[]")) {
            administer("POST", "/clients", Json.write(client));
        } else {
            administer("PUT", "/clients/" + theOnly("/clients?clientId=" + clientId), Json.write(client));
        }
    }

    /** A client with the device grant, whose user is not asked for consent; it may exchange tokens or not. */
    Predefined exchanger(boolean mayExchange) throws IOException, InterruptedException {
        Predefined client = new Predefined("exchanger", Optional.of("exchanger-secret-0123456789"));
        Map<String, Object> attributes = Map.of(
                "oauth2.device.authorization.grant.enabled",
                "true",
                "standard.token.exchange.enabled",
                Boolean.toString(mayExchange));
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("clientId", client.id());
        members.put("secret", client.secret().orElseThrow());
        members.put("standardFlowEnabled", false);
        members.put("attributes", attributes);
        boolean isNew = administer("GET", "/clients?clientId=" + client.id(), "")
                .strip()
                .equals("[]");
        administer(
                isNew ? "POST" : "PUT",
                "/clients" + (isNew ? "" : "/" + theOnly("/clients?clientId=" + client.id())),
                Json.write(members));
        return client;
    }

    /** Adds a client that tokens with the scope have in their audience. */
    void addAudience(String scope, String clientId) throws IOException, InterruptedException {
        administer("POST", "/clients", Json.write(Map.of("clientId", clientId, "bearerOnly", true)));
        String scopes = administer("GET", "/client-scopes", "");
        String before = scopes.substring(0, scopes.indexOf("\"name\":\"" + scope + "\""));
        String id = before.substring(before.lastIndexOf("\"id\":\"") + 6).split("\"")[0];
        administer(
                "POST",
                "/client-scopes/" + id + "/protocol-mappers/models",
                Json.write(Map.of(
                        "name",
                        clientId,
                        "protocol",
                        "openid-connect",
                        "protocolMapper",
                        "oidc-audience-mapper",
                        "config",
                        Map.of("included.client.audience", clientId, "access.token.claim", "true"))));
    }

    /** The id of the only object that the query finds. */
    private String theOnly(String query) throws IOException, InterruptedException {
        String array = administer("GET", query, "");
        String object = array.substring(array.indexOf('[') + 1, array.lastIndexOf(']'));
        return Json.object(object).flatMap(json -> Json.string(json, "id")).orElseThrow();
    }

    private String administer(String method, String path, String json) throws IOException, InterruptedException {
        Browser browser = browser();
        String answer = browser.postForm(
                        origin + "/realms/master/protocol/openid-connect/token",
                        List.of(),
                        Map.of(
                                "grant_type",
                                "password",
                                "client_id",
                                "admin-cli",
                                "username",
                                ADMIN,
                                "password",
                                PASSWORD))
                .body();
        String bearer = Json.object(answer)
                .flatMap(token -> Json.string(token, "access_token"))
                .orElseThrow();
        HttpResponse<String> done =
                browser.ask(method, URI.create(origin + "/admin/realms/tokens" + path), bearer, json);
        if (done.statusCode() / 100 != 2) {
            throw new AssertionError(method + " " + path + ": " + done.statusCode() + " " + done.body());
        }
        return done.body();
    }

    @Override
    public void close() {
        process.close();
    }
}

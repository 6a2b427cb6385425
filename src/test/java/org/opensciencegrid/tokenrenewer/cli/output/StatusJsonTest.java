package org.opensciencegrid.tokenrenewer.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.cli.Golden;
import org.opensciencegrid.tokenrenewer.cli.Host;
import org.opensciencegrid.tokenrenewer.cli.Program;
import org.opensciencegrid.tokenrenewer.cli.Session;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.systemd.RunningTimer;

/** Compares the JSON of status with docs/reference/status-schema.json and docs/reference/status-json.md. */
@Tag("program")
public class StatusJsonTest {
    private static final Pattern MEMBER = Pattern.compile("`([a-z_]+)`");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path directory;

    private Session session;
    private Program program;

    @BeforeEach
    void site() {
        session = new Session(directory);
        program = session.program;
    }

    @AfterEach
    void stop() {
        session.close();
    }

    private static JsonNode schema() throws IOException {
        return schema("reference/status-schema.json");
    }

    public static JsonNode schema(String file) throws IOException {
        return JSON.readTree(Files.readString(Golden.DOCS.resolve(file)));
    }

    /** Consumers must accept more members; here each member that is not described is a mistake. */
    private static void close(JsonNode schema) {
        if (schema.has("properties")) {
            ((ObjectNode) schema).put("additionalProperties", false);
        }
        schema.forEach(StatusJsonTest::close);
    }

    private static List<String> errors(String json) throws IOException {
        return errors("reference/status-schema.json", json);
    }

    public static List<String> errors(String file, String json) throws IOException {
        JsonNode closed = schema(file);
        close(closed);
        Schema schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(closed);
        return schema.validate(JSON.readTree(json)).stream()
                .map(Object::toString)
                .toList();
    }

    private String full() throws IOException {
        program.issuer.addClient(
                "host:ce.example.org",
                "s3cret",
                "client_secret_basic",
                List.of(org.opensciencegrid.testkit.Policy.CLIENT_CREDENTIALS),
                List.of("compute.read"));
        assertEquals(
                0, program.setup("--scope=openid offline_access compute.read").status());
        program.config("""
                [account acct]
                password_file = DIR/acct.pw
                owner = grid operations
                notify = exec:/nowhere/tell
                notify_after = 1
                [account robot]
                token_request_url = ISSUER/token
                client_id = host:ce.example.org
                client_secret = s3cret
                ca_file = DIR/ca.pem
                [token one]
                account = acct
                token_path = DIR/one.token
                scope = compute.read
                audience = https://ce.example.org:9619
                post_renewal = DIR/push
                token_secret = ns/tokens
                [token refused]
                account = acct
                token_path = DIR/refused.token
                scope = compute.create
                [token robot]
                account = robot
                token_path = DIR/robot.token
                [token gone]
                account = robot
                token_path = DIR/gone.token
                """.replace("ISSUER", program.issuer.base()));
        program.write(
                "push",
                "#!/bin/sh\necho destination a pending\necho destination b pending\necho destination a ok\necho destination b failed no route\n");
        program.mode("push", "rwxr-xr-x");
        program.issuer.policy.clientSubject = "somebody";
        assertEquals(1, program.run("renew").status());
        JsonObject state =
                JsonObject.parse(program.read("state/state/acct.json")).orElseThrow();
        program.write(
                "state/state/acct.json",
                state.with("client_secret_expires_at", "2026-12-01T00:00:00Z")
                                .with("client_certificate_expires_at", "2026-12-01T00:00:00Z")
                                .with("refresh_token_expires_at", "2027-12-01T00:00:00Z")
                                .with("in_doubt_since", "2026-11-26T09:00:00Z")
                                .toJson()
                        + "\n");
        program.config(
                program.read("config.ini").replaceAll("(?s)\\[token gone].*", "[token faulty]\naccount = acct\n"));
        program.write("state/state/lost.json", program.read("state/state/acct.json"));
        Files.copy(program.file("state/accounts/acct.account"), program.file("state/accounts/lost.account"));
        program.write("config.ini.rpmsave", "[account lost]\n");
        Files.createDirectories(program.file("state/accounts/.probe/in-the-way"));
        Host host = new Host(session);
        host.enableTimer();
        host.systemd = Optional.of(new RunningTimer(true, true, ""));
        return new StatusJson(new Messages(Host.COMMANDS)).of(host.report());
    }

    @Test
    void isWhatTheSchemaSays() throws IOException {
        String json = full();
        assertEquals(List.of(), errors(json), json);
        assertEquals(List.of(), errors(program.run("status", "--json").out()), "without a timer");
        program.issuer.revokeAll();
        program.run("renew");
        assertEquals(List.of(), errors(program.run("status", "--json").out()), "a failure of the whole account");
        program.config("");
        assertEquals(List.of(), errors(program.run("status", "--json").out()), "nothing configured");
    }

    @Test
    void andTheSchemaSaysMuch() throws IOException {
        String json = full();
        assertFalse(errors(json.replace("\"schema\":1", "\"schema\":2")).isEmpty());
        assertFalse(errors(json.replace("\"level\":\"action\"", "\"level\":\"bad\""))
                .isEmpty());
        assertFalse(errors(json.replace("\"rotations\"", "\"rotation\"")).isEmpty());
        assertFalse(errors(json.replaceFirst("\"on_disk\":\"token\"", "\"on_disk\":true"))
                .isEmpty());
        assertFalse(errors(json.replaceFirst("\"seconds_left\":\\d+", "\"seconds_left\":\"5 min\""))
                .isEmpty());
        assertFalse(errors(json.replaceFirst("\"time\":\"[^\"]*\"", "\"time\":\"yesterday\""))
                .isEmpty());
    }

    /** Some output here has every member of the schema, and the document describes it. */
    @Test
    void theDocumentAndTheSchemaHaveTheSameMembers() throws IOException {
        Set<String> described = new HashSet<>();
        names(schema(), described);
        Set<String> documented = documented("reference/status-json.md");
        // The document describes these members of failures, not_notified, destinations and history in sentences.
        documented.addAll(Set.of(
                "kind",
                "message",
                "repair",
                "command",
                "outcome",
                "from",
                "to",
                "times",
                "destination",
                "reason",
                "target",
                "since"));
        assertEquals(described, documented);
        Set<String> made = new HashSet<>();
        members(JSON.readTree(full()), made);
        described.removeAll(made);
        assertEquals(Set.of(), described, "described, and made by nothing here");
        assertTrue(made.contains("history"));
    }

    /** The members in the tables of a document. */
    public static Set<String> documented(String file) throws IOException {
        Set<String> documented = new HashSet<>();
        for (String line : Files.readAllLines(Golden.DOCS.resolve(file))) {
            if (line.startsWith("| `")) {
                MEMBER.matcher(line.substring(0, line.indexOf('|', 1)))
                        .results()
                        .forEach(name -> documented.add(name.group(1)));
            }
        }
        return documented;
    }

    public static void names(JsonNode schema, Set<String> names) {
        if (schema.has("properties")) {
            schema.get("properties").fieldNames().forEachRemaining(names::add);
        }
        schema.forEach(part -> names(part, names));
    }

    private static void members(JsonNode json, Set<String> names) {
        json.fieldNames().forEachRemaining(names::add);
        json.forEach(part -> members(part, names));
    }
}

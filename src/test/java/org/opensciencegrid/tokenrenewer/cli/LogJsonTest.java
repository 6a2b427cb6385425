package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.ClusterApi;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.net.RawServer;

/** Compares docs/reference/log-json.md with the lines of all kinds of runs. */
@Tag("slow")
class LogJsonTest extends WithProgram {
    private static final Set<String> OF_EVERY_LINE = Set.of("time", "level", "event", "message");
    private static final Pattern ROW =
            Pattern.compile("(?m)^\\| `([a-z_]+)` \\| ((?:info|warning|error)[a-z, ]*) \\|([^|]*)\\|");
    private static final Pattern WORD = Pattern.compile("`([a-z_]+)`");

    private final Map<String, Set<String>> seen = new TreeMap<>();

    @BeforeEach
    void site() {
        assertEquals(
                0,
                program.setup("--scope=openid offline_access compute.read compute.create")
                        .status());
    }

    private static Map<String, Set<String>> documented(int group) throws IOException {
        Map<String, Set<String>> rows = new TreeMap<>();
        Matcher row = ROW.matcher(Files.readString(Path.of("..", "docs", "reference", "log-json.md")));
        while (row.find()) {
            Set<String> words = new TreeSet<>();
            Matcher word = WORD.matcher(row.group(group));
            while (word.find()) {
                words.add(word.group(1));
            }
            rows.put(row.group(1), group == 2 ? Set.of(row.group(2).split(", | or ")) : words);
        }
        return rows;
    }

    /** The objects that a run printed, after a check of the members that every line must have. */
    private List<Map<String, Object>> lines(int status, String... arguments) throws IOException {
        Result result = program.run(arguments);
        assertEquals(status, result.status(), result.out() + result.err());
        assertEquals("", result.err());
        Map<String, Set<String>> levels = documented(2);
        List<Map<String, Object>> lines = result.out()
                .lines()
                .map(line -> Json.object(line).orElseThrow(() -> new AssertionError("no JSON: " + line)))
                .toList();
        for (Map<String, Object> line : lines) {
            Set<String> names = new TreeSet<>(line.keySet());
            assertTrue(names.containsAll(OF_EVERY_LINE), line.toString());
            names.removeAll(OF_EVERY_LINE);
            String event = line.get("event").toString();
            seen.computeIfAbsent(event, word -> new TreeSet<>()).addAll(names);
            assertTrue(levels.getOrDefault(event, Set.of()).contains(line.get("level")), line.toString());
            Instant.parse(line.get("time").toString());
            for (String secret : program.issuer.secrets()) {
                assertFalse(line.toString().contains(secret), line.toString());
            }
        }
        return lines;
    }

    @Test
    void everyLineIsAnObjectOfTheDocument() throws IOException {
        String renew = "renew";
        String json = "--log-format=json";
        String one = Program.ONE;
        program.accountWith(one + "min_lifetime = 10\nspeling = x\n");
        Map<String, Object> renewed = lines(0, renew, json).get(1);
        assertEquals(program.file("one.token").toString(), renewed.get("path"));
        assertEquals(
                program.clock.instant().plusSeconds(300).getEpochSecond(),
                Instant.parse(renewed.get("expires_at").toString()).getEpochSecond());
        List<Map<String, Object>> fresh = lines(0, renew, json);
        assertEquals("fresh", fresh.get(1).get("event"));
        assertEquals("end", fresh.get(2).get("event"));
        assertEquals(1, Json.number(fresh.get(2), "fresh").orElseThrow());

        program.accountWith(one + "post_renewal = /bin/false\n");
        lines(0, renew, json, "--dry-run");
        Map<String, Object> hook = lines(1, renew, json).get(1);
        assertEquals("hook_failed", Json.member(hook, "failure").isEmpty() ? "" : hook.get("event"));

        program.accountWith(one + "token_secret = ns/tokens\n");
        Map<String, Object> secret = lines(1, renew, json).get(1);
        Result text = program.run(renew);
        assertFalse(text.out().contains("2 tokens"), text.out());
        assertEquals("not_published", Json.member(secret, "failure").isEmpty() ? "" : secret.get("event"));

        program.accountWith(one + "post_renewal = /bin/false\ntoken_secret = ns/tokens\n");
        List<Map<String, Object>> twice = lines(1, renew, json);
        assertEquals(1, Json.number(twice.get(twice.size() - 1), "failed").orElseThrow(), twice::toString);
        program.accountWith(one + "token_secret = ns/tokens\n");

        try (ClusterApi cluster = new ClusterApi(program.file("pod"))) {
            program.variables.putAll(cluster.variables());
            assertEquals("published", lines(0, renew, json).get(1).get("event"));
            program.accountWith("[token one]\naccount = acct\ntoken_secret = tokens\n");
            lines(0, renew, json, "--dry-run");
            assertEquals("tokens#token", lines(0, renew, json).get(0).get("secret"));
            program.variables.keySet().removeAll(cluster.variables().keySet());
        }

        program.accountWith(one.replace("one.token", "none/one.token"));
        Map<String, Object> failed = lines(1, renew, json).get(0);
        Map<String, Object> failure = new LinkedHashMap<>(Json.member(failed, "failure"));
        assertEquals("token_directory_missing", failure.get("kind"));
        assertEquals(Set.of("kind", "message", "repair", "command"), failure.keySet());

        program.accountWith(one + "scope = compute.read\naudience = ce\n");
        program.issuer.policy.ignoresNarrowing = true;
        lines(0, renew, json);
        program.accountWith(one + "scope = compute.read compute.modify\n");
        program.issuer.policy.dropsWiderScope = true;
        program.issuer.policy.ignoresNarrowing = false;
        lines(0, renew, json);
        program.accountWith(one + "audience = ce\n");
        program.issuer.policy.audienceParameter = Policy.AudienceParameter.IGNORED;
        program.issuer.fault(Fault.on("/token").set("access_token", "x".repeat(16_381)));
        Map<String, Object> tooLong = lines(0, renew, json).get(1);
        assertEquals("it has 16381 bytes", tooLong.get("message").toString().substring(11, 29));
        lines(0, renew, json);

        program.issuer.policy.opaqueAccessTokens = true;
        program.accountWith(one + "strict = yes\naudience = ce\n");
        lines(0, renew, json);
        program.issuer.policy.opaqueAccessTokens = false;
        program.issuer.policy.dropsWiderScope = false;
        program.issuer.policy.narrowingSticks = true;
        assertEquals(
                0,
                program.setup("--scope=openid offline_access compute.read storage.read:/")
                        .status());
        program.accountWith(one + "scope = compute.read\n[token two]\naccount = acct\ntoken_path = DIR/two.token\n");
        lines(0, renew, json);
        program.issuer.policy.narrowingSticks = false;

        program.accountWith(one + "min_lifetime = 1800\n");
        lines(0, renew, json);
        program.accountWith(one);
        program.issuer.policy.sendIdToken = false;
        program.issuer.fault(Fault.on("/token").set("access_token", "e30.eyJzdWIiOiJtYWxsb3J5In0.c2ln"));
        lines(0, renew, json);
        program.issuer.policy.sendIdToken = true;

        program.issuer.fault(Fault.on("/token").set("access_token", "opaque").set("expires_in", 0));
        lines(0, renew, json);

        program.accountWith(one);
        program.issuer.fault(Fault.on("/token").set("access_token", "x".repeat(16_382)));
        lines(0, renew, json, "--metrics-file=" + program.file("none/osg.prom"));
        assertEquals(0, program.run(renew).status());
        program.issuer.fault(Fault.on("/token").always().respond(503, "text/plain", "no"));
        assertTrue(lines(1, renew, json).get(0).containsKey("seconds_left"));
        program.issuer.clearFaults();
        program.issuer.revokeAll();
        assertTrue(lines(1, renew, json).get(0).containsKey("next_try"));

        String tell = "notify = exec:DIR/tell\nnotify_after = 1\n";
        program.config("[account acct]\npassword_file = DIR/acct.pw\n" + tell + one);
        assertEquals("not_notified", lines(1, renew, json).get(1).get("event"));
        program.write("tell", "#!/bin/sh\n");
        program.mode("tell", "rwxr-xr-x");
        assertEquals("notified", lines(1, renew, json, "--force").get(1).get("event"));
        try (RawServer silent = new RawServer(connection -> false)) {
            program.config("[account acct]\npassword_file = DIR/acct.pw\nnotify = " + silent.uri("/x")
                    + "\nnotify_after = 1\n" + one);
            assertEquals("perhaps_notified", lines(1, renew, json).get(1).get("event"));
        }
        program.accountWith(one);

        program.write("config.ini.rpmsave", program.read("config.ini"));
        program.config("");
        lines(2, renew, json);
        program.config("[token one]\naccount = acct\ntoken_path = /t\nx\n");
        program.variables.put("OSG_TOKEN_RENEWER_LOG_FORMAT", "json");
        assertEquals(2, lines(2, renew).size());

        Map<String, Set<String>> documented = documented(3);
        documented
                .keySet()
                // need a bug, a second host or clock, or renew --every
                .removeAll(Set.of("bug", "two_hosts", "clock_differs", "no_liveness_file"));
        assertEquals(documented, seen);
    }

    @Test
    void anotherFormatIsRefused() {
        program.accountWith("");
        Result result = program.run("renew", "--log-format=xml");
        assertEquals(2, result.status());
        assertEquals("the log format 'xml' is neither text nor json\n", result.err());
    }
}

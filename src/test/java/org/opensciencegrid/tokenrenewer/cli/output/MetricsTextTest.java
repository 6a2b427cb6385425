package org.opensciencegrid.tokenrenewer.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.cli.WithProgram;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.fixture.SiteDirectory;

class MetricsTextTest extends WithProgram {
    /** The grammar of Prometheus's exposition format, version 0.0.4. */
    private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)"
            + "(\\{(?:[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\n]|\\\\[\\\\\"n])*\",?)*\\})? (-?[0-9]+)");

    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z_]+)` \\|");

    @BeforeEach
    void site() {
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.accountWith(SiteDirectory.ONE + "[token o\"t\\her]\naccount = acct\ntoken_path = DIR/other.token\n");
    }

    private Map<String, Long> metrics() {
        Map<String, Long> samples = new LinkedHashMap<>();
        Set<String> typed = new HashSet<>();
        String text = program.read("osg.prom");
        assertTrue(text.endsWith("\n"));
        for (String line : text.split("\n")) {
            if (line.startsWith("# TYPE ")) {
                assertTrue(line.endsWith(" gauge"), line);
                assertTrue(typed.add(line.split(" ")[2]), "typed twice: " + line);
            } else if (!line.startsWith("# HELP ")) {
                Matcher sample = SAMPLE.matcher(line);
                assertTrue(sample.matches(), line);
                assertTrue(typed.contains(sample.group(1)), line);
                String labels = sample.group(2) == null ? "" : sample.group(2);
                samples.put(sample.group(1).replace("osg_token_renewer_", "") + labels, Long.valueOf(sample.group(3)));
            }
        }
        return samples;
    }

    @Test
    void aRunLeavesItsMetrics() throws IOException {
        assertEquals(
                0,
                program.run("renew", "--metrics-file=" + program.file("osg.prom"))
                        .status());
        Map<String, Long> metrics = metrics();
        long now = program.clock.instant().getEpochSecond();
        String one = "{account=\"acct\",token=\"one\"}";
        assertTrue(metrics.get("token_expiry_timestamp_seconds" + one) > now);
        assertEquals(now, metrics.get("token_renewed_timestamp_seconds" + one));
        assertEquals(0, metrics.get("token_failing_timestamp_seconds" + one));
        assertNotNull(metrics.get("token_expiry_timestamp_seconds{account=\"acct\",token=\"o\\\"t\\\\her\"}"));
        assertEquals(0, metrics.get("account_level{account=\"acct\"}"));
        assertEquals(now, metrics.get("run_timestamp_seconds"));
        assertEquals(
                PosixFilePermissions.fromString("rw-r--r--"), Files.getPosixFilePermissions(program.file("osg.prom")));
        try (var files = Files.list(directory)) {
            assertFalse(files.anyMatch(file -> file.toString().endsWith(".tmp")));
        }
    }

    @Test
    void eachDestinationShowsSinceWhenItFails() throws IOException {
        program.write(
                "push",
                "#!/bin/sh\necho destination a pending\necho destination 'b\"' pending\necho destination a ok\necho destination 'b\"' failed no route\n");
        program.mode("push", "rwxr-xr-x");
        program.accountWith(SiteDirectory.ONE + "post_renewal = DIR/push\n");
        long began = program.clock.instant().getEpochSecond();
        assertEquals(1, program.run("renew").status());
        program.clock.advance(java.time.Duration.ofMinutes(1));
        assertEquals(
                1,
                program.run("renew", "--metrics-file=" + program.file("osg.prom"))
                        .status());
        Map<String, Long> metrics = metrics();
        String labels = "destination_failing_timestamp_seconds{account=\"acct\",token=\"one\",destination=";
        assertEquals(0, metrics.get(labels + "\"a\"}"));
        assertEquals(began, metrics.get(labels + "\"b\\\"\"}"));
    }

    @Test
    void aFailureShowsFromItsBeginning() {
        program.variables.put(
                "OSG_TOKEN_RENEWER_METRICS_FILE", program.file("osg.prom").toString());
        assertEquals(0, program.run("renew").status());
        program.issuer.revokeAll();
        long began = program.clock.instant().getEpochSecond();
        assertEquals(1, program.run("renew").status());
        program.clock.advance(java.time.Duration.ofMinutes(1));
        assertEquals(1, program.run("renew").status());
        Map<String, Long> metrics = metrics();
        assertEquals(began, metrics.get("token_failing_timestamp_seconds{account=\"acct\",token=\"one\"}"));
        assertEquals(2, metrics.get("account_level{account=\"acct\"}"));
        assertEquals(2, metrics.get("level"));
    }

    @Test
    void metricsThatCannotBeWrittenFailNothing() {
        Result result = program.run("renew", "--metrics-file=" + program.file("nowhere/osg.prom"));
        assertEquals(0, result.status());
        assertTrue(result.err().startsWith("warning: no metrics: "), result.err());
    }

    @Test
    void theDocumentNamesEachMetric() throws IOException {
        Set<String> documented = new HashSet<>();
        ROW.matcher(Files.readString(Path.of("..", "docs", "reference", "metrics.md")))
                .results()
                .forEach(row -> documented.add(row.group(1)));
        program.run("renew", "--metrics-file=" + program.file("osg.prom"));
        Set<String> typed = new HashSet<>();
        program.read("osg.prom")
                .lines()
                .filter(line -> line.startsWith("# TYPE "))
                .forEach(line -> typed.add(line.split(" ")[2].replace("osg_token_renewer_", "")));
        assertEquals(documented, typed);
    }

    @Test
    void aDryRunAsksNobodyAndWritesNothing() throws IOException {
        Result due = program.run("renew", "--dry-run");
        assertEquals(0, due.status(), due.err());
        assertEquals(
                List.of(
                        "token one: would be renewed > " + program.file("one.token"),
                        "token o\"t\\her: would be renewed > " + program.file("other.token"),
                        "2 tokens: 2 would be renewed"),
                due.out().lines().toList());
        assertFalse(Files.exists(program.file("one.token")));
        assertEquals(0, program.issuer.count("/token", "refresh_token"));
        program.accountWith(SiteDirectory.ONE + "min_lifetime = 10\n");
        assertEquals(0, program.run("renew").status());
        assertTrue(program.run("renew", "--dry-run").out().contains("not renewing"));
        program.issuer.revokeAll();
        assertEquals(1, program.run("renew", "--force").status());
        Result refused = program.run("renew", "--dry-run");
        assertTrue(refused.err().contains("not retried before"), refused.err());
        assertEquals(0, refused.status());
        assertTrue(program.run("renew", "--dry-run", "--force").out().contains("would be renewed"));
    }
}

package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The alert rules and the dashboard of the package use metrics that exist. ConsumersRing lets promtool test the rules
 * and parse the expressions.
 */
class MonitoringFilesTest extends WithProgram {
    private static final Path FILES = Path.of("main/dist/usr/share/osg-token-renewer/monitoring");
    private static final Pattern METRIC = Pattern.compile("osg_token_renewer_[a-z_]+");
    private static final Pattern ALERT = Pattern.compile("(?m)^ +- alert: (\\w+)$");
    private static final int COLUMNS = 24;

    /** Those that a run writes. */
    private Set<String> written() {
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.accountWith(Program.ONE);
        assertEquals(
                0,
                program.run("renew", "--metrics-file=" + program.file("osg.prom"))
                        .status());
        return program.read("osg.prom")
                .lines()
                .filter(line -> line.startsWith("# TYPE "))
                .map(line -> line.split(" ")[2])
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> named(String text) {
        return METRIC.matcher(text).results().map(MatchResult::group).collect(Collectors.toCollection(TreeSet::new));
    }

    private static JsonNode dashboard() throws IOException {
        return new ObjectMapper()
                .readTree(FILES.resolve("grafana-dashboard.json").toFile());
    }

    /** The expressions of the panels and variables. */
    private static List<String> expressions(JsonNode dashboard) {
        List<String> expressions = new ArrayList<>();
        for (JsonNode panel : dashboard.get("panels")) {
            panel.get("targets")
                    .forEach(target -> expressions.add(target.get("expr").asText()));
        }
        for (JsonNode variable : dashboard.get("templating").get("list")) {
            if (variable.get("type").asText().equals("query")) {
                expressions.add(variable.get("query").get("query").asText());
            }
        }
        return expressions;
    }

    @Test
    void everyMetricInTheRulesIsWritten() throws IOException {
        Set<String> used = named(Files.readString(FILES.resolve("osg-token-renewer.rules.yml")));
        Set<String> written = written();
        assertTrue(written.containsAll(used), used + " in " + written);
        assertTrue(used.size() > 8, used.toString());
    }

    @Test
    void everyExpressionOfTheDashboardUsesMetricsThatAreWritten() throws IOException {
        Set<String> written = written();
        Set<String> used = new TreeSet<>();
        for (String expression : expressions(dashboard())) {
            assertFalse(named(expression).isEmpty(), expression);
            used.addAll(named(expression));
        }
        assertTrue(written.containsAll(used), used + " in " + written);
        assertEquals(written, used, "each metric has a panel");
    }

    @Test
    void theDashboardIsComplete() throws IOException {
        JsonNode dashboard = dashboard();
        Set<Integer> ids = new HashSet<>();
        Set<String> cells = new HashSet<>();
        for (JsonNode panel : dashboard.get("panels")) {
            String title = panel.get("title").asText();
            assertTrue(ids.add(panel.get("id").asInt()), title);
            assertFalse(title.isEmpty());
            assertEquals("${datasource}", panel.get("datasource").get("uid").asText(), title);
            Set<String> references = new HashSet<>();
            for (JsonNode target : panel.get("targets")) {
                assertEquals(
                        "${datasource}", target.get("datasource").get("uid").asText(), title);
                assertTrue(references.add(target.get("refId").asText()), title);
                assertTrue(target.get("expr").asText().contains("instance=~\"$instance\""), title);
            }
            JsonNode place = panel.get("gridPos");
            for (int x = 0; x < place.get("w").asInt(); x++) {
                for (int y = 0; y < place.get("h").asInt(); y++) {
                    int column = place.get("x").asInt() + x;
                    assertTrue(column < COLUMNS, title);
                    assertTrue(cells.add(column + " " + (place.get("y").asInt() + y)), title + " covers another panel");
                }
            }
        }
        Set<String> variables = new TreeSet<>();
        dashboard
                .get("templating")
                .get("list")
                .forEach(variable -> variables.add(variable.get("name").asText()));
        assertEquals(Set.of("datasource", "instance", "account"), variables);
        assertEquals("osg-token-renewer", dashboard.get("uid").asText());
        assertFalse(dashboard.has("id"), "the id of another Grafana");
    }

    /** Each alert is documented, and promtool tests that it fires. */
    @Test
    void everyAlertIsDocumentedAndTested() throws IOException {
        String rules = Files.readString(FILES.resolve("osg-token-renewer.rules.yml"));
        String document = Files.readString(Golden.DOCS.resolve("admin/monitoring.md"));
        String tests = Files.readString(Path.of("test/resources/monitoring/alerts.test.yml"));
        List<String> alerts =
                ALERT.matcher(rules).results().map(alert -> alert.group(1)).toList();
        assertTrue(alerts.size() > 10, alerts.toString());
        for (String alert : alerts) {
            assertTrue(document.contains("| `" + alert + "` |"), alert);
            assertTrue(tests.contains("alertname: " + alert + " }"), alert + " does not fire");
            assertTrue(tests.contains("alertname: " + alert + "\n        exp_alerts:"), alert + " fires");
        }
    }
}

package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * Programs by other projects read the files of the shipped program: SciTokens' library verifies a token with the keys
 * that it fetches from the issuer over https, XRootD's client finds the file at the WLCG location and reads data with
 * it, and Prometheus's promtool checks the metrics.
 */
class ConsumersRing {
    /** The program only uses the system's CAs, so ours is mounted over them, for this process only. */
    private static final List<String> TRUSTING_US = List.of(
            "unshare",
            "-m",
            "sh",
            "-c",
            "mount --bind \"$CA\" /etc/ssl/certs/ca-certificates.crt && exec \"$@\"",
            "sh");

    @TempDir
    Path directory;

    private AccessPoint site;
    private final Map<String, String> variables = new HashMap<>();
    private Process server;

    @BeforeEach
    void renewed() throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        site = new AccessPoint(directory.resolve("site"));
        site.issuer.policy.strict = false; // libcurl's default Accept
        variables.put("CA", site.file("ca.pem").toString());
        variables.put(
                "XDG_CACHE_HOME",
                Files.createDirectory(directory.resolve("cache")).toString());
        site.mustInProcess(site.setupLine(site.issuer, "--scope=openid offline_access storage.read:/"));
        renew();
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (server != null) {
            server.destroy();
            server.waitFor(20, TimeUnit.SECONDS);
        }
        site.close();
    }

    private void renew() throws IOException, InterruptedException {
        Result renew = site.run("renew", "--force");
        assertEquals(0, renew.status(), renew.said());
    }

    private Path token() {
        return site.file("tokens/one.token");
    }

    private Process start(List<String> line) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("said").toFile());
        builder.environment().putAll(variables);
        return builder.start();
    }

    private Result run(List<String> before, String... words) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(before);
        line.addAll(List.of(words));
        Process process = start(line);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "hangs: " + line);
        return new Result(process.exitValue(), Files.readString(directory.resolve("said")), "");
    }

    @Test
    void scitokensVerifiesWhatIsInTheFile() throws Exception {
        for (String profile : List.of("wlcg", "atjwt")) {
            String token = Files.readString(token()).strip();
            Result good = run(TRUSTING_US, "scitokens-verify", "-p", profile, token);
            assertEquals(0, good.status(), good.said());
            System.out.println(
                    "scitokens-verify -p " + profile + ": " + good.said().strip());
            renew();
        }
        String token = Files.readString(token()).strip();
        int payload = token.indexOf('.') + 5;
        String forged =
                token.substring(0, payload) + (token.charAt(payload) == 'A' ? 'B' : 'A') + token.substring(payload + 1);
        assertNotEquals(
                0, run(TRUSTING_US, "scitokens-verify", "-p", "wlcg", forged).status());
        variables.put(
                "XDG_CACHE_HOME",
                Files.createDirectory(directory.resolve("empty")).toString());
        Result stranger = run(List.of(), "scitokens-verify", "-p", "wlcg", token);
        assertNotEquals(0, stranger.status(), "keys of an issuer whose certificate nobody vouches for");
    }

    @Test
    void xrootdsClientFindsTheFileAndItsServerBelievesIt() throws Exception {
        int port = serve();
        String url = "roots://localhost:" + port;
        Path certificates = Files.createDirectory(directory.resolve("certificates"));
        AccessPoint.sh("cp " + site.file("ca.pem") + " " + certificates + "/$(openssl x509 -hash -noout -in "
                + site.file("ca.pem") + ").0");
        variables.put("X509_CERT_DIR", certificates.toString());
        assertNotEquals(0, run(List.of(), "xrdfs", url, "cat", "/data").status(), "without a token");

        variables.put("BEARER_TOKEN_FILE", token().toString());
        for (int i = 0; i < 2; i++) {
            assertEquals(new Result(0, "data\n", ""), run(List.of(), "xrdfs", url, "cat", "/data"));
            renew();
        }
        // As described in docs/admin/config.md.
        site.mode("tokens/one.token", "rw-r-----");
        assertNotEquals(0, run(List.of(), "xrdfs", url, "cat", "/data").status());
        site.mode("tokens/one.token", "rw-------");

        variables.remove("BEARER_TOKEN_FILE");
        variables.put("XDG_RUNTIME_DIR", site.file("tokens").toString());
        site.tokens(site.file("tokens/bt_u0"));
        renew();
        assertEquals(new Result(0, "data\n", ""), run(List.of(), "xrdfs", url, "cat", "/data"));
        System.out.println("xrdfs cat: found by BEARER_TOKEN_FILE and in XDG_RUNTIME_DIR, and believed");
    }

    @Test
    void promtoolFindsNothingWrongWithTheMetrics() throws Exception {
        site.config(site.read("config.ini")
                + AccessPoint.tokenSection("o\"t\\her", "acct", site.file("tokens/other.token")));
        String good = metrics(0);
        assertTrue(good.contains("in_doubt_timestamp_seconds{account=\"acct\"} 0\n"), good);
        assertTrue(good.contains("token=\"o\\\"t\\\\her\"} "), good);
        site.issuer.policy.refreshExpiresIn = 86_400L;
        assertTrue(metrics(0).contains("refresh_token_expiry_timestamp_seconds{"));

        site.issuer.fault(Fault.on("/token").always().loseAnswer());
        String inDoubt = metrics(1);
        assertTrue(inDoubt.matches("(?s).*in_doubt_timestamp_seconds\\{account=\"acct\"} [1-9].*"), inDoubt);
        site.issuer.clearFaults();

        site.issuer.revokeAll();
        String failing = metrics(1);
        assertTrue(failing.contains("account_level{account=\"acct\"} 2\n"), failing);
        assertTrue(failing.matches("(?s).*token_failing_timestamp_seconds\\{[^}]*} [1-9].*"), failing);

        assertNotEquals("", lint(good.replaceAll("# HELP .*\n", "")).said(), "it looks");
        assertNotEquals(
                0, lint(good.replace("run_duration_seconds", "runs_total")).status(), "it looks");
        System.out.println("promtool check metrics: good, in doubt, failing: no complaint");
    }

    @Test
    void promtoolTestsTheAlertsAndParsesTheDashboard() throws Exception {
        Path tests = Path.of("test/resources/monitoring/alerts.test.yml").toAbsolutePath();
        Result tested = run(List.of(), "promtool", "test", "rules", tests.toString());
        assertEquals(0, tested.status(), tested.said());
        Path shipped =
                Path.of("main/dist/usr/share/osg-token-renewer/monitoring").toAbsolutePath();
        assertEquals(
                0,
                run(
                                List.of(),
                                "promtool",
                                "check",
                                "rules",
                                shipped.resolve("osg-token-renewer.rules.yml").toString())
                        .status());
        StringBuilder rules = new StringBuilder("groups:\n  - name: dashboard\n    rules:\n");
        int n = 0;
        for (JsonNode panel : new ObjectMapper()
                .readTree(shipped.resolve("grafana-dashboard.json").toFile())
                .get("panels")) {
            for (JsonNode target : panel.get("targets")) {
                String expression = target.get("expr").asText().replaceAll("\\$(instance|account)", ".*");
                rules.append("      - record: dashboard:").append(n++).append("\n        expr: >-\n          ");
                rules.append(expression).append('\n');
            }
        }
        Path file = Files.writeString(
                directory.resolve("dashboard.yml"), rules.toString().replace("dashboard:", "d:r"));
        Result parsed = run(List.of(), "promtool", "check", "rules", file.toString());
        assertEquals(0, parsed.status(), parsed.said());
        Path broken = Files.writeString(
                directory.resolve("broken.yml"), rules.toString().replace("time()", "time("));
        assertNotEquals(
                0,
                run(List.of(), "promtool", "check", "rules", broken.toString()).status(),
                "it looks");
        System.out.println("promtool test rules: " + n + " expressions of the dashboard and all alerts are good");
    }

    /** Each expression of the dashboard shows something for each of its metrics, with the labels that they have. */
    @Test
    void theDashboardShowsEveryMetric() throws Exception {
        Map<String, List<String>> labels = labelsOfMetrics();
        List<String> expressions = new ArrayList<>();
        JsonNode dashboard = new ObjectMapper()
                .readTree(Path.of("main/dist/usr/share/osg-token-renewer/monitoring/grafana-dashboard.json")
                        .toFile());
        for (JsonNode panel : dashboard.get("panels")) {
            for (JsonNode target : panel.get("targets")) {
                expressions.add(target.get("expr")
                        .asText()
                        .replace("$instance", "ap1|ap2") // as Grafana writes a selection
                        .replace("$account", "(acct)")
                        .replace(" or vector(0)", "")); // else it always shows something
            }
        }
        for (JsonNode variable : dashboard.get("templating").get("list")) {
            Matcher values = Pattern.compile("label_values\\((\\w+), (\\w+)\\)")
                    .matcher(variable.at("/query/query").asText());
            if (values.matches() && !values.group(2).equals("instance")) {
                assertTrue(labels.get(values.group(1)).contains(values.group(2)), values.group());
            }
        }
        int shown = 0;
        StringBuilder rules = new StringBuilder("groups:\n  - name: dashboard\n    rules:\n");
        for (int n = 0; n < expressions.size(); n++) {
            rules.append("      - alert: Panel").append(n).append("\n        expr: >-\n          count(");
            rules.append(expressions.get(n)).append(")\n");
        }
        Files.writeString(directory.resolve("panels.yml"), rules);
        StringBuilder tests = new StringBuilder("rule_files: [panels.yml]\ntests:\n");
        for (Map.Entry<String, List<String>> metric : labels.entrySet()) {
            List<String> values = new ArrayList<>(List.of("instance=\"ap1\""));
            metric.getValue().forEach(label -> values.add(label + "=\"acct\""));
            tests.append("  - interval: 1m\n    input_series:\n      - series: '")
                    .append(metric.getKey());
            tests.append('{').append(String.join(", ", values)).append("}'\n        values: '");
            tests.append(metric.getKey().endsWith("_writable") ? "0" : "1000").append("x60'\n");
            tests.append("    alert_rule_test:\n");
            for (int n = 0; n < expressions.size(); n++) {
                if (expressions.get(n).contains(metric.getKey() + "{")) {
                    tests.append("      - {eval_time: 50m, alertname: Panel")
                            .append(n)
                            .append(", exp_alerts: [{}]}\n");
                    shown++;
                }
            }
        }
        Path file = Files.writeString(directory.resolve("panels.test.yml"), tests);
        Result tested = run(List.of(), "promtool", "test", "rules", file.toString());
        assertEquals(0, tested.status(), tested.said());
        assertTrue(shown >= labels.size(), shown + " of " + labels);
        Files.writeString(file, tests.toString().replace("account=\"acct\"", "account=\"other\""));
        assertNotEquals(
                0, run(List.of(), "promtool", "test", "rules", file.toString()).status(), "it looks");
        System.out.println(
                "promtool: " + expressions.size() + " expressions of the dashboard show " + labels.size() + " metrics");
    }

    /** As documented. */
    private static Map<String, List<String>> labelsOfMetrics() throws IOException {
        Map<String, List<String>> labels = new TreeMap<>();
        Matcher row = Pattern.compile("(?m)^\\| `(\\w+)` \\| ([\\w, ]*)\\|")
                .matcher(Files.readString(Path.of("../docs/reference/metrics.md")));
        while (row.find()) {
            labels.put(
                    "osg_token_renewer_" + row.group(1),
                    row.group(2).isBlank()
                            ? List.of()
                            : List.of(row.group(2).strip().split(", ")));
        }
        return labels;
    }

    /** The metrics of a run with this exit status. */
    private String metrics(int status) throws IOException, InterruptedException {
        Path file = site.file("osg.prom");
        Files.deleteIfExists(file);
        Result renew = site.run("renew", "--force", "--metrics-file=" + file);
        assertEquals(status, renew.status(), renew.said());
        String text = Files.readString(file);
        assertEquals(new Result(0, "", ""), lint(text), text);
        return text;
    }

    private Result lint(String metrics) throws IOException, InterruptedException {
        Path file = Files.writeString(directory.resolve("lint.prom"), metrics);
        return run(List.of("sh", "-c", "exec promtool check metrics < \"$1\"", "sh"), file.toString());
    }

    /** An XRootD server, running as the user nobody, that serves one file to users whom the issuer authorized. */
    private int serve() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Path home = Files.createDirectory(directory.resolve("xrootd"));
        Files.createDirectories(home.resolve("root"));
        Files.createDirectories(home.resolve("admin"));
        Files.writeString(home.resolve("root/data"), "data\n");
        AccessPoint.CA.writeServerKeyStore(home.resolve("server.p12"), "secret");
        String pkcs12 = "openssl pkcs12 -in server.p12 -passin pass:secret ";
        AccessPoint.sh("cd " + home + " && " + pkcs12 + "-nodes -nocerts -out key.pem && " + pkcs12
                + "-nokeys -clcerts -out cert.pem && chmod 400 key.pem && cp " + site.file("ca.pem")
                + " . && chmod 644 *cert.pem ca.pem && chown nobody key.pem admin");
        Files.writeString(home.resolve("issuers"), """
                [Global]
                audience = https://wlcg.cern.ch/jwt/v1/any
                [Issuer ours]
                issuer = %s
                base_path = /
                """.formatted(site.issuer.issuer()));
        Files.writeString(
                home.resolve("config"), """
                xrd.port %d
                xrd.adminpath HOME/admin
                xrd.tls HOME/cert.pem HOME/key.pem
                xrd.tlsca certfile HOME/ca.pem
                all.export /
                oss.localroot HOME/root
                xrootd.seclib libXrdSec.so
                xrootd.tls capable all
                sec.protocol ztn
                ofs.authorize 1
                ofs.authlib libXrdAccSciTokens.so config=HOME/issuers
                """.replace("HOME", home.toString()).formatted(port));
        List<String> line = new ArrayList<>(TRUSTING_US);
        line.addAll(List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "xrootd"));
        line.addAll(List.of("-c", home.resolve("config").toString()));
        ProcessBuilder builder = new ProcessBuilder(line)
                .directory(home.resolve("admin").toFile())
                .redirectErrorStream(true)
                .redirectOutput(home.resolve("log").toFile());
        builder.environment().putAll(variables);
        builder.environment().put("XDG_CACHE_HOME", home.resolve("admin").toString());
        server = builder.start();
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!Files.readString(home.resolve("log"), StandardCharsets.ISO_8859_1)
                .contains(port + " initialization completed")) {
            assertTrue(server.isAlive() && System.nanoTime() < end, () -> "xrootd: " + home.resolve("log"));
            Thread.sleep(100);
        }
        return port;
    }
}

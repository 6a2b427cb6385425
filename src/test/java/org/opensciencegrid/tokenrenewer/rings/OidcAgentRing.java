package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.oidcagent.AgentFile;
import org.opensciencegrid.cryptostore.oidcagent.AgentFileException;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.cli.Program;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.Json;

/**
 * Both directions with the real oidc-agent: an account of oidc-gen is renewed here, and oidc-add loads an account that
 * was exported here.
 */
class OidcAgentRing {
    private static final String SCOPE = "openid offline_access compute.read";

    @TempDir
    Path directory;

    private Program program;
    private Process agent;
    private String socket;

    @BeforeEach
    void start() throws Exception {
        program = new Program(directory);
        program.issuer.policy.strict = false; // oidc-agent's requests do not follow all RFCs
        program.issuer.policy.interval = 0; // the issuer's clock does not advance
        program.issuer.addClient(
                "some-client",
                "some-s3cret",
                "client_secret_basic",
                List.of(Policy.DEVICE_CODE, Policy.REFRESH_TOKEN),
                List.of(SCOPE.split(" ")));
        program.accountWith(Program.ONE);
        Files.createDirectories(program.file("home/.oidc-agent"));
        // Without stdbuf, it would print the path of its socket to a pipe only when it ends.
        agent = builder("stdbuf", "-oL", "oidc-agent", "--console").start();
        BufferedReader out = new BufferedReader(new InputStreamReader(agent.getInputStream(), StandardCharsets.UTF_8));
        String line = out.readLine(); // OIDC_SOCK=...; export OIDC_SOCK;
        socket = line.substring(line.indexOf('=') + 1, line.indexOf(';'));
        // It prints the path before it listens there.
        for (int i = 0; i < 200 && start("oidc-agent", "--status").waitFor() != 0; i++) {
            Thread.sleep(50);
        }
    }

    @AfterEach
    void end() {
        agent.destroy();
        program.close();
    }

    @Test
    void whatOidcGenMadeRenewsHereWithoutAPerson() throws Exception {
        oidcGen();
        byte[] before = Files.readAllBytes(program.file("home/.oidc-agent/acct"));
        int devices = program.issuer.count("/device_authorization");
        assertTrue(devices > 0);
        program.variables.put("HOME", program.file("home").toString());
        Result imported = program.run("import-oidc-agent", "--all");
        assertEquals(0, imported.status(), imported.err());
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.run("renew").status());
        assertEquals(devices, program.issuer.count("/device_authorization"));
        assertEquals(0, program.issuer.reuses());
        assertArrayEquals(before, Files.readAllBytes(program.file("home/.oidc-agent/acct")));
    }

    @Test
    void whatWeExportGivesTokensThere() throws Exception {
        assertEquals(0, program.setup("--scope=" + SCOPE).status());
        assertEquals(0, program.run("renew").status());
        Path file = program.file("home/.oidc-agent/acct");
        assertEquals(0, program.run("export-oidc-agent", "acct", "--to=" + file).status());
        assertEquals(open(file), Json.object(run("oidc-gen", "-p", "acct", "--pw-file=" + program.file("acct.pw"))));
        run("oidc-add", "--pw-file=" + program.file("acct.pw"), "acct");
        assertEquals(3, run("oidc-token", "acct").strip().split("\\.").length);
    }

    @Test
    void anAccountGoesThereAndBackAndStillRenews() throws Exception {
        oidcGen();
        Path file = program.file("home/.oidc-agent/acct");
        program.variables.put("HOME", program.file("home").toString());
        assertEquals(0, program.run("import-oidc-agent", "acct").status());
        assertEquals(0, program.run("renew").status());
        Files.delete(file);
        assertEquals(0, program.run("export-oidc-agent", "acct", "--to=" + file).status());
        run("oidc-add", "--pw-file=" + program.file("acct.pw"), "acct");
        assertEquals(3, run("oidc-token", "acct").strip().split("\\.").length);
        assertEquals(0, program.run("remove", "acct").status());
        assertEquals(
                0, program.run("import-oidc-agent", "acct").status(), "it has rotated meanwhile, and is good again");
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.issuer.reuses());
    }

    @Test
    void oneFlippedBitOrOneCutAtEveryByteOfARealFile() throws Exception {
        oidcGen();
        Path file = program.file("home/.oidc-agent/acct");
        byte[] bytes = Files.readAllBytes(file);
        String text = new String(AgentFile.read(file).open(password()), StandardCharsets.UTF_8);
        Map<AgentFileException.Kind, Integer> refusals = new EnumMap<>(AgentFileException.Kind.class);
        int right = 0;
        for (int i = 0; i < 2 * bytes.length; i++) {
            byte[] damaged = i < bytes.length ? bytes.clone() : Arrays.copyOf(bytes, i - bytes.length);
            if (i < bytes.length) {
                damaged[i] ^= (byte) (1 << i % 8);
            }
            Files.write(program.file("damaged"), damaged);
            try (Password password = password()) {
                byte[] opened = AgentFile.read(program.file("damaged")).open(password);
                assertEquals(text, new String(opened, StandardCharsets.UTF_8));
                right++;
            } catch (AgentFileException e) {
                refusals.merge(e.kind(), 1, Integer::sum);
            }
        }
        System.out.println(2 * bytes.length + " flips and cuts: " + refusals + ", right text in spite of it " + right);
    }

    private void oidcGen() throws Exception {
        run(
                "oidc-gen",
                "--pw-file=" + program.file("acct.pw"),
                "--issuer=" + program.issuer.issuer() + "/",
                "--client-id=some-client",
                "--client-secret=some-s3cret",
                "--scope=" + SCOPE,
                "--cp=" + program.file("ca.pem"),
                "--flow=device",
                "--redirect-uri=http://localhost:4242",
                "--dae=" + program.issuer.base() + "/device_authorization",
                "--confirm-default",
                "acct");
    }

    private Object open(Path file) throws IOException {
        try (Password password = password()) {
            return Json.object(new String(AgentFile.read(file).open(password), StandardCharsets.UTF_8));
        }
    }

    private Password password() throws IOException {
        return PasswordFile.read(program.file("acct.pw"));
    }

    private String run(String... command) throws Exception {
        Process process = start(command);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "hangs");
        assertEquals(0, process.exitValue(), () -> program.read("err") + program.read("out"));
        return program.read("out");
    }

    private Process start(String... command) throws IOException {
        ProcessBuilder builder = builder(command);
        builder.environment().put("OIDC_SOCK", socket);
        return builder.redirectError(program.file("err").toFile())
                .redirectOutput(program.file("out").toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .start();
    }

    private ProcessBuilder builder(String... command) {
        List<String> line = new ArrayList<>(List.of(command));
        ProcessBuilder builder = new ProcessBuilder(line);
        builder.environment().put("HOME", program.file("home").toString());
        builder.environment().put("TMPDIR", directory.toString());
        return builder;
    }
}

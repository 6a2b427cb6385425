package org.opensciencegrid.tokenrenewer.scenario;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensciencegrid.tokenrenewer.cli.Program;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.Json;

/**
 * One behavior of an issuer, and what an operator must see: setup, the renewals, status, then a renewal at the same
 * issuer after it works again, which shows whether the refresh token survived.
 *
 * @param name of its file, without the suffix
 * @param script what {@link ScriptedIssuer} does, and below {@code setup}, {@code renew}, {@code status}, {@code check}
 *     and {@code healed} the expected result: {@code exit}, {@code says}, {@code never}
 */
record Scenario(String name, Map<String, Object> script) {
    private static final String SCOPE = "openid offline_access read write";

    static Scenario read(Path file) throws IOException {
        String name = file.getFileName().toString().replace(".json", "");
        return new Scenario(
                name,
                Json.object(Files.readString(file)).orElseThrow(() -> new IOException(file + " is not a JSON object")));
    }

    String text(String member) {
        return Json.string(script, member).orElseThrow(() -> new IllegalStateException(name + " has no " + member));
    }

    void play(Path directory) throws IOException {
        try (Program program = new Program(directory);
                ScriptedIssuer issuer = new ScriptedIssuer(script, program.clock)) {
            Result setup = setUp(program, issuer);
            if (setup.err().contains("the connection was closed")
                    && Json.number(Json.member(script, "setup"), "exit").isEmpty()) {
                // The issuer closed it just when the program used it again, and setup says to run it again.
                setup = setUp(program, issuer);
            }
            require("setup", Json.member(script, "setup"), issuer, setup);
            if (setup.status() != 0) {
                return;
            }
            renew(program, issuer);
            for (String command : new String[] {"status", "check"}) {
                if (script.containsKey(command)) {
                    require(command, Json.member(script, command), issuer, program.run(command));
                }
            }
            boolean isLost = script.containsKey("lost");
            assertEquals(isLost, issuer.hasEnded(), "a used refresh token came again");
            issuer.heal();
            Result healed = program.run("renew", "--force");
            assertEquals(isLost ? 1 : 0, healed.status(), () -> "the refresh token did not survive: " + healed);
        }
    }

    private Result setUp(Program program, ScriptedIssuer issuer) {
        Map<String, Object> setup = Json.member(script, "setup");
        List<String> arguments = new ArrayList<>(List.of("setup", "--pw-file=" + program.file("acct.pw")));
        arguments.add("--issuer=" + issuer.filled(Json.string(setup, "issuer").orElse(issuer.issuer())));
        if (!setup.containsKey("unscoped")) {
            arguments.add("--scope=" + Json.string(setup, "scope").orElse(SCOPE));
        }
        Json.string(setup, "secret").ifPresent(secret -> {
            program.secret("secret", secret);
            arguments.add("--client-secret-file=" + program.file("secret"));
        });
        arguments.addAll(Json.words(setup, "options"));
        Json.member(script, "variables").forEach((name, value) -> program.variables.put(name, value.toString()));
        arguments.add("acct");
        return program.run(arguments.toArray(String[]::new));
    }

    private void renew(Program program, ScriptedIssuer issuer) {
        Object lines = script.getOrDefault("tokens", List.of(""));
        StringBuilder sections = new StringBuilder();
        int n = 0;
        for (Object line : (List<?>) lines) {
            sections.append("[token t" + n + "]\naccount = acct\ntoken_path = DIR/t" + n++ + "\n" + line + "\n");
        }
        program.accountWith(sections.toString());
        for (Object run : (List<?>) script.getOrDefault("renew", List.of(Map.of()))) {
            Map<String, Object> right = Json.member(Map.of("run", run), "run");
            program.clock.advance(Duration.ofSeconds(Json.number(right, "after").orElse(0L)));
            List<String> arguments = new ArrayList<>(List.of("renew"));
            arguments.addAll(Json.words(right, "options"));
            int asked = issuer.count("refresh_token");
            Result result = program.run(arguments.toArray(String[]::new));
            require("renew", right, issuer, result);
            Json.number(right, "requests")
                    .ifPresent(most ->
                            assertEquals(most, issuer.count("refresh_token") - asked, () -> "requests: " + result));
        }
    }

    private static void require(String command, Map<String, Object> right, ScriptedIssuer issuer, Result result) {
        String printed = result.out() + result.err();
        assertEquals(Json.number(right, "exit").orElse(0L), result.status(), () -> command + ": " + printed);
        // Messages are wrapped at spaces.
        String onOneLine = printed.replaceAll("\\s+", " ");
        for (String phrase : Json.words(right, "says")) {
            String expected = issuer.filled(phrase);
            assertTrue(onOneLine.contains(expected), () -> command + " does not say: " + expected + "\n" + printed);
        }
        for (String phrase : Json.words(right, "never")) {
            assertFalse(onOneLine.contains(phrase), () -> command + " must not say: " + phrase + "\n" + printed);
        }
    }
}

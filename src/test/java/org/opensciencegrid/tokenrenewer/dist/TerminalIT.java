package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.cli.terminal.QrReader;

/** Runs setup on a terminal of 80 columns and 24 lines, which script(1) provides, with scripted answers. */
class TerminalIT {
    private static final String QUESTION = "Store the account? (y/n): ";

    @TempDir
    Path directory;

    private Installed installed;
    private EmbeddedIssuer issuer;

    @BeforeEach
    void start() {
        installed = new Installed(directory);
        issuer = installed.startIssuer();
        issuer.approveAutomatically(null);
        installed.variables.put("LC_ALL", "C.UTF-8");
        installed.variables.put("TERM", "xterm");
        installed.variables.put("NO_COLOR", "");
    }

    @AfterEach
    void theIssuerHasNothingToComplainOf() {
        issuer.close();
        assertEquals(List.of(), issuer.violations());
    }

    /** The output as sent to the terminal. */
    private record Screen(Process process, Path out) {
        String text() {
            try {
                return Files.readString(out).replace("\r\n", "\n");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Removes the line breaks that wrapping added for the terminal. */
        String unwrapped() {
            return text().replaceAll("(?<=\\S)\n {4}(?=[a-z/])(?!https?:)", " ");
        }

        void await(String words) throws InterruptedException {
            for (int i = 0; i < 3600 && process.isAlive() && !text().contains(words); i++) {
                Thread.sleep(50);
            }
            assertTrue(text().contains(words), words + " in: " + text());
        }

        void type(String keys) throws IOException {
            process.getOutputStream().write(keys.getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        }

        int end() throws InterruptedException {
            boolean ended = process.waitFor(60, TimeUnit.SECONDS);
            process.destroyForcibly(); // closes its terminal, which ends the program too
            assertTrue(ended, text());
            return process.exitValue();
        }
    }

    private Screen setup(String... more) throws IOException {
        List<String> line = new ArrayList<>(List.of(installed.setupLine(issuer, more)));
        line.add(1, "'--scope=openid profile offline_access'");
        return program(line);
    }

    private Screen program(List<String> line) throws IOException {
        Path out = installed.file("screen");
        ProcessBuilder builder = new ProcessBuilder(
                        "env",
                        "--default-signal=INT",
                        "script",
                        "-qefc",
                        "stty cols 80 rows 24; exec " + Installed.PROGRAM_WORD + " " + String.join(" ", line),
                        "/dev/null")
                .redirectOutput(out.toFile())
                .redirectErrorStream(true);
        builder.environment().putAll(installed.variables);
        return new Screen(builder.start(), out);
    }

    /** Approves as in a browser; a test can do it as another user with the link. */
    private void approve(Screen screen, String subject) throws InterruptedException {
        screen.await("Waiting for your approval");
        issuer.approve(issuer.pendingUserCodes().get(0), subject);
    }

    private void setUpByAlice() throws Exception {
        Screen screen = setup("--write-config", "--token=one");
        approve(screen, "alice");
        screen.await(QUESTION);
        screen.type("y\n");
        assertEquals(0, screen.end(), screen.text());
    }

    @Test
    void fromTheLinkToTheFirstToken() throws Exception {
        issuer.fault(Fault.on("/token").times(1).respond(400, "application/json", "{\"error\":\"slow_down\"}"));
        Screen screen = setup("--write-config", "--token=one");
        screen.await("left (slow_down: polling less often)");
        String code = issuer.pendingUserCodes().get(0);
        assertEquals(
                issuer.base() + "/device?user_code=" + code,
                QrReader.read(screen.text().lines().toList()),
                "a camera reads the link that is printed");
        assertTrue(screen.text().contains("    " + issuer.base() + "/device?user_code=" + code + "\n"));
        assertTrue(screen.text().contains("     " + code), "the code is printed beside the picture");
        approve(screen, "alice");
        screen.await(QUESTION);
        assertFalse(Files.exists(installed.file("state/accounts/acct.account")), "nothing is stored yet");
        screen.type("\n");
        screen.type("y\n");
        assertEquals(0, screen.end(), screen.text());
        assertTrue(screen.text().contains("    preferred_username: alice\n"), screen.text());
        assertTrue(screen.unwrapped().contains("Added [account acct] and [token one] to "), screen.text());
        assertTrue(screen.unwrapped().contains("token one: renewed, expires in "), screen.text());
        assertEquals(3, installed.read("acct.one.token").split("\\.").length);
    }

    /** The public key is shown before anything is asked of the issuer, and setup waits for the person who registers it. */
    @Test
    void theIssuerGetsTheKeyWhileSetupWaits() throws Exception {
        String key = installed.file("client.key").toString();
        Screen screen = program(List.of(
                "setup",
                "--client-credentials",
                "--issuer=" + issuer.issuer(),
                "--ca-file=" + installed.caFile(),
                "--client-id=service",
                "--client-key-file=" + key,
                "acct"));
        screen.await("Does the issuer have it? (y/n)");
        String jwks = screen.text()
                .substring(screen.text().indexOf("{\"keys\""), screen.text().indexOf("]}") + 2);
        issuer.addKeyClient(
                "service", jwks.replaceAll("\\s", ""), List.of("client_credentials"), List.of("compute.read"));
        screen.type("y\n");
        assertEquals(0, screen.end(), screen.text());
        assertTrue(screen.unwrapped().contains("The issuer gave a token for client service."), screen.text());
        assertFalse(screen.text().contains("\"d\""), screen.text());
    }

    @Test
    void anybodyElseIsRefusedAndNothingIsLeftAnywhere() throws Exception {
        Screen screen = setup("--write-config");
        approve(screen, "mallory");
        screen.await(QUESTION);
        screen.type("no\n");
        assertEquals(1, screen.end(), screen.text());
        assertTrue(screen.text().contains("Authorized by mallory at "), screen.text());
        assertTrue(screen.text().contains("The authorization was revoked.\n"), screen.text());
        assertTrue(screen.unwrapped().contains("was deleted.\n"), screen.text());
        assertTrue(screen.unwrapped().contains("was not confirmed, and nothing was stored"), screen.text());
        assertFalse(Files.exists(installed.file("state/accounts/acct.account")));
        assertFalse(Files.exists(installed.file("config.ini")));
        assertEquals(List.of(), issuer.registeredClients());
        assertEquals(List.of(), issuer.currentRefreshTokens());
    }

    @Test
    void anIssuerThatIsSilentOnAllThatMattersIsPointedOut() throws Exception {
        issuer.policy.sendIdToken = false;
        issuer.fault(Fault.on("/token").times(1).respond(503, "text/plain", "no"));
        issuer.fault(Fault.on("/token").after(1).times(1).drop());
        issuer.fault(Fault.on("/revoke").always().status(503));
        Screen screen = setup();
        screen.await("left (the issuer has a problem, retrying)");
        screen.await("left (no answer, retrying)");
        approve(screen, "alice");
        screen.await("The issuer does not say who approved. Store the account? (y/n): ");
        screen.type("n\n");
        assertEquals(1, screen.end(), screen.text());
        String left = "The authorization could not be revoked at " + issuer.issuer()
                + "; the user who approved can revoke it there.\n";
        assertTrue(screen.unwrapped().contains(left), screen.text());
        assertFalse(Files.exists(installed.file("state/accounts/acct.account")));
    }

    @Test
    void aCtrlCAtTheQuestionIsANo() throws Exception {
        Screen screen = setup();
        approve(screen, "mallory");
        screen.await(QUESTION);
        screen.type("\u0003");
        assertEquals(130, screen.end(), screen.text());
        assertTrue(screen.text().contains("The authorization was revoked.\n"), screen.text());
        assertEquals(List.of(), issuer.currentRefreshTokens());
        assertFalse(Files.exists(installed.file("state/accounts/acct.account")));
    }

    /**
     * Issuers revoke all approvals of a person for a client together: a rejected approval must not revoke the one in
     * use.
     */
    @Test
    void aNoToTheSamePersonTakesNothingBack() throws Exception {
        setUpByAlice();
        Screen again = setup("--reauthenticate");
        approve(again, "alice");
        again.await(QUESTION);
        again.type("n\n");
        assertEquals(1, again.end(), again.text());
        assertEquals(0, issuer.count("/revoke"));
        assertEquals(0, installed.run("renew", "--force").status());
    }

    @Test
    void anotherPersonThanBeforeIsPointedOutAndTheOldAuthorizationStays() throws Exception {
        setUpByAlice();
        Screen again = setup("--reauthenticate");
        approve(again, "mallory");
        again.await(QUESTION);
        assertTrue(again.unwrapped().contains("authorized by another user before: alice."), again.text());
        again.type("n\n");
        assertEquals(1, again.end(), again.text());
        assertEquals(0, installed.run("renew").status(), "the account is as it was");

        Screen last = setup("--reauthenticate");
        approve(last, "alice");
        last.await(QUESTION);
        last.type("y\n");
        assertEquals(0, last.end(), last.text());
        assertFalse(last.text().contains("before: "), last.text());
        assertTrue(
                last.unwrapped().contains("token one: renewed"), "the first renewal comes by itself: " + last.text());
    }

    @Test
    void aSecondSetupAsksBeforeItReplacesTheAccount() throws Exception {
        setUpByAlice();
        Screen second = setup();
        second.await("Replace it? (y/n): ");
        assertTrue(second.unwrapped().contains("Account acct is set up already, authorized "), second.text());
        assertTrue(second.text().contains(" by alice at\n"), second.text());
        second.type("n\n");
        assertEquals(2, second.end(), second.text());
        assertTrue(second.text().endsWith("Nothing was changed.\n"), second.text());
        assertEquals(1, issuer.count("/register"));
        assertEquals(0, installed.run("renew", "--force").status(), "the account is as it was");
    }

    @Test
    void aTokenIsShownOnATerminalOnlyWhenItIsForced() throws Exception {
        setUpByAlice();
        String token = installed.read("acct.one.token");
        assertEquals(token, installed.run("token", "one").out());
        Screen screen = program(List.of("token", "one"));
        assertEquals(2, screen.end(), screen.text());
        assertFalse(screen.text().contains(token.strip()));
        assertTrue(screen.unwrapped().contains("To print it anyway, use --force"), screen.text());
        Screen forced = program(List.of("token", "one", "--force"));
        assertEquals(0, forced.end(), forced.text());
        assertEquals(token, forced.text());
    }

    @Test
    void noPictureWhereItIsNotWantedOrCannotBeShown() throws Exception {
        for (String locale : List.of("C", "C.UTF-8")) {
            installed.variables.put("LC_ALL", locale);
            Screen screen = locale.equals("C") ? setup() : setup("--no-qr");
            approve(screen, "alice");
            screen.await(QUESTION);
            screen.type("n\n");
            assertEquals(1, screen.end());
            assertFalse(screen.text().contains("█"), screen.text());
            assertTrue(screen.text().contains("and enter or compare the code:  "), screen.text());
        }
    }

    @Test
    void aPictureThatIsAskedForIsInUtf8WhateverTheLocale() throws Exception {
        installed.variables.put("LC_ALL", "C");
        Screen screen = setup("--qr");
        approve(screen, "alice");
        screen.await(QUESTION);
        assertTrue(QrReader.read(screen.text().lines().toList()).startsWith(issuer.base() + "/device?user_code="));
        screen.type("n\n");
        screen.end();
    }

    @Test
    void aRenewalKnowsNothingOfPictures() throws IOException {
        String loaded = Files.readString(Installed.DIST.resolve("usr/share/osg-token-renewer/classes.list"));
        assertTrue(loaded.contains("tokenrenewer/cli/RenewCommand"), loaded);
        assertFalse(loaded.contains("nayuki") || loaded.contains("tokenrenewer/cli/SetupCommand"), loaded);
    }

    /** A link that is not https is not printed and not drawn. */
    @Test
    void aFalseLinkIsNotDrawn() throws Exception {
        issuer.fault(Fault.on("/device_authorization").set("verification_uri_complete", "javascript:alert(1)"));
        Screen screen = setup("--qr");
        screen.await("Waiting for your approval");
        assertTrue(screen.text().contains("and enter or compare the code:"), screen.text());
        assertFalse(screen.text().contains("javascript:"), screen.text());
        assertEquals(
                issuer.base() + "/device", QrReader.read(screen.text().lines().toList()));
        screen.type("\u0003");
        assertEquals(130, screen.end(), screen.text());
    }
}

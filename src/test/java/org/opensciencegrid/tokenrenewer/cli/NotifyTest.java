package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.Owners;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.config.ConfigFile;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.fixture.MailServer;
import org.opensciencegrid.tokenrenewer.fixture.MailServer.Mail;
import org.opensciencegrid.tokenrenewer.fixture.MailServer.Manner;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.RawServer;
import org.opensciencegrid.tokenrenewer.notify.Delivery;
import org.opensciencegrid.tokenrenewer.notify.Message;
import org.opensciencegrid.tokenrenewer.notify.Notifier;
import org.opensciencegrid.tokenrenewer.state.FileStateStore;

/** Messages to the owners of accounts, with whole runs of the program and a real mail server. */
class NotifyTest extends WithProgram {
    private static final Duration RUN = Duration.ofMinutes(12);

    private MailServer mail;

    @BeforeEach
    void site() throws IOException {
        mail = new MailServer();
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        config("owner = Zo\u00eb of grid operations\nnotify = mailto:grid@example.org\n");
        assertEquals(0, renew().status());
    }

    @AfterEach
    void stop() throws IOException {
        assertEquals(List.of(), mail.violations());
        mail.close();
    }

    private void config(String options) {
        program.config(
                "[account acct]\npassword_file = DIR/acct.pw\nca_file = DIR/ca.pem\nnotify_relay = " + mail.relay()
                        + "\n" + options + Program.ONE + "[token two]\naccount = acct\ntoken_path = DIR/two.token\n");
    }

    private Result renew() {
        program.clock.advance(RUN);
        return program.run("renew");
    }

    private List<String> subjects() {
        return mail.mails().stream()
                .map(one -> one.header("Subject").replaceFirst("^\\[osg-token-renewer] [^ ]+: ", ""))
                .toList();
    }

    /** The figure of the requirements: 100 failing runs in two days. */
    @Test
    void oneMessageADayAndOneWhenItIsOver() {
        program.issuer.revokeAll();
        for (int i = 0; i < 100; i++) {
            program.clock.advance(Duration.ofDays(2).dividedBy(100));
            Result run = program.run("renew");
            assertEquals(1, run.status(), run.said());
        }
        assertEquals(
                List.of("2 tokens of account acct are not renewed", "2 tokens of account acct are not renewed"),
                subjects());
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        for (int i = 0; i < 5; i++) {
            assertEquals(0, renew().status());
        }
        assertEquals(3, mail.mails().size());
        assertEquals("account acct is OK again", subjects().get(2));
        Mail first = mail.mails().get(0);
        assertEquals("grid@example.org", first.to());
        assertEquals("<grid@example.org>", first.header("To"));
        assertEquals("auto-generated", first.header("Auto-Submitted"));
        assertTrue(first.text().contains("tokens one, two:\n    the authorization has ended: "), first.text());
        assertTrue(first.text().contains("setup --reauthenticate acct\n"), first.text());
        assertTrue(first.text().contains("Zo\u00eb of grid operations"), first.text());
    }

    @Test
    void aTokenThatLastsIsNoReasonForAMessage() {
        program.issuer.policy.accessSeconds = 86_400;
        assertEquals(0, program.run("renew", "--force").status());
        program.issuer.fault(Fault.on("/token").always().respond(503, "text/plain", "no"));
        for (int i = 0; i < 10; i++) {
            program.clock.advance(RUN);
            assertEquals(0, program.run("renew", "--force").status());
        }
        assertEquals(List.of(), subjects());
    }

    @Test
    void aRunOfOneOfTheTokensDoesNotCount() {
        config("notify = mailto:grid@example.org\nnotify_after = 1\n");
        program.issuer.revokeAll();
        program.clock.advance(RUN);
        assertEquals(1, program.run("renew", "one").status());
        assertEquals(List.of(), subjects());
        assertEquals(1, program.run("renew", "--account=acct").status());
        assertEquals(1, subjects().size());
    }

    @Test
    void whatComesAndGoesIsToldOnceADay() {
        config("notify = mailto:grid@example.org\nnotify_after = 1\n");
        for (int i = 0; i < 20; i++) { // 8 hours
            program.issuer.fault(Fault.on("/token").always().respond(503, "text/plain", "no"));
            assertEquals(1, renew().status());
            program.issuer.clearFaults();
            assertEquals(0, renew().status());
        }
        assertEquals(List.of("2 tokens of account acct are not renewed", "account acct is OK again"), subjects());
    }

    @Test
    void aMistakeInTheConfigFileIsToldToo() {
        config("notify = mailto:grid@example.org\nnotify_after = 2\naudience_parameter = nonsense\n");
        assertEquals(2, renew().status());
        assertEquals(2, renew().status());
        assertEquals(1, subjects().size());
        assertTrue(
                mail.mails().get(0).text().contains("audience_parameter 'nonsense'"),
                mail.mails().toString());
        config("notify = mailto:grid@example.org\nnotify_after = 1\n");
        assertEquals(0, renew().status());
        assertEquals(2, subjects().size());
        program.clock.advance(Duration.ofDays(1));
        program.write("config.ini", program.read("config.ini") + "[unfinished\n");
        assertEquals(2, renew().status());
        assertEquals(3, subjects().size());
    }

    // What ends

    private List<String> told(Duration time) {
        int before = mail.mails().size();
        for (Instant end = program.clock.instant().plus(time);
                program.clock.instant().isBefore(end); ) {
            program.clock.advance(Duration.ofHours(12));
            assertEquals(0, program.run("renew").status());
        }
        return subjects().subList(before, mail.mails().size());
    }

    @Test
    void theEndOfAnAuthorizationIsToldAWeekAndADayBefore() {
        JsonObject state =
                JsonObject.parse(program.read("state/state/acct.json")).orElseThrow();
        Instant end = program.clock.instant().plus(Duration.ofDays(30));
        program.write(
                "state/state/acct.json",
                state.with("refresh_token_expires_at", end).toJson() + "\n");
        assertEquals(
                List.of(
                        "the authorization of account acct ends in 7 d",
                        "the authorization of account acct ends in 24 h"),
                told(Duration.ofHours(24 * 30 - 12)));
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        assertEquals(List.of("account acct is OK again"), told(Duration.ofDays(3)));
    }

    @Test
    void theEndOfAClientSecretIsToldAWeekAndADayBefore() {
        program.issuer.policy.secretExpiresAt =
                program.clock.instant().plus(Duration.ofDays(30)).getEpochSecond();
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        assertEquals(
                List.of(
                        "the client secret of account acct ends in 7 d",
                        "the client secret of account acct ends in 24 h"),
                told(Duration.ofHours(24 * 30 - 12)));
        program.issuer.policy.secretExpiresAt = 0L;
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        assertEquals(List.of("account acct is OK again"), told(Duration.ofDays(3)));
    }

    /** That an authorization ends in a week is no reason to hide that renewals work again. */
    @Test
    void theEndOfAFailureIsToldAlsoIfAnAuthorizationEndsSoon() {
        config("notify = mailto:grid@example.org\nnotify_after = 1\n");
        JsonObject state =
                JsonObject.parse(program.read("state/state/acct.json")).orElseThrow();
        Instant end = program.clock.instant().plus(Duration.ofDays(8));
        program.write(
                "state/state/acct.json",
                state.with("refresh_token_expires_at", end).toJson() + "\n");
        assertEquals(List.of("the authorization of account acct ends in 7 d"), told(Duration.ofDays(2)));
        program.issuer.fault(Fault.on("/token").always().respond(503, "text/plain", "no"));
        assertEquals(1, renew().status());
        program.issuer.clearFaults();
        assertEquals(0, renew().status());
        assertEquals(
                List.of("2 tokens of account acct are not renewed", "account acct is OK again"),
                subjects().subList(1, 3));
        assertEquals(List.of("the authorization of account acct ends in 24 h"), told(Duration.ofDays(5)));
        assertEquals(List.of(), told(Duration.ofDays(3)));
        program.issuer.fault(Fault.on("/token").always().respond(503, "text/plain", "no"));
        assertEquals(1, renew().status());
        program.issuer.clearFaults();
        assertEquals(0, renew().status());
        assertEquals("account acct is OK again", subjects().get(subjects().size() - 1));
    }

    /** As at an issuer with idle times: the end moves with each renewal. */
    @Test
    void anAuthorizationThatEachRenewalExtendsNeedsNoMessage() {
        program.issuer.policy.refreshExpiresIn = Duration.ofDays(2).toSeconds();
        for (int i = 0; i < 20; i++) {
            program.clock.advance(Duration.ofHours(3));
            assertEquals(0, program.run("renew").status());
        }
        assertEquals(List.of(), subjects());
    }

    // Deliveries that fail

    @ParameterizedTest
    @EnumSource(
            names = {"TAKES", "OLD", "SLOW"},
            mode = EnumSource.Mode.EXCLUDE)
    void aFailedDeliveryIsRetriedAndChangesNothingElse(Manner manner) throws IOException {
        config("notify = mailto:grid@example.org\nnotify_after = 2\n");
        program.issuer.revokeAll();
        renew();
        mail.manner = manner;
        long began = System.nanoTime();
        Result run = renew();
        assertEquals(1, run.status());
        assertTrue(Duration.ofNanos(System.nanoTime() - began).toSeconds() < 20);
        assertTrue(run.err().contains("mailto:grid@example.org was not notified that renewals fail: "), run.err());
        assertTrue(run.err().contains("check --notify"), run.err());
        Result status = program.run("status");
        assertTrue(status.out().contains("could not be notified since"), status.out());
        Map<String, Object> json =
                Json.object(program.run("status", "--json").out()).orElseThrow();
        assertTrue(json.toString().contains("not_notified"), json.toString());
        mail.manner = Manner.TAKES;
        assertEquals(1, renew().status());
        assertEquals(List.of(), subjects());
        program.clock.advance(Duration.ofHours(1));
        assertEquals(1, renew().status());
        assertEquals(List.of("2 tokens of account acct are not renewed"), subjects());
        assertFalse(program.run("status").out().contains("could not be notified"));
        assertEquals(1, renew().status());
        assertEquals(1, mail.mails().size());
    }

    /** It would delay the run by 10 seconds for each message. */
    @Test
    void aSilentRelayIsAskedOnceInARun() throws IOException {
        config(
                "notify = mailto:a@example.org mailto:b@example.org mailto:c@example.org mailto:d@example.org\nnotify_after = 1\n");
        program.issuer.revokeAll();
        mail.manner = Manner.SILENT;
        long began = System.nanoTime();
        assertEquals(1, renew().status());
        assertTrue(Duration.ofNanos(System.nanoTime() - began).toSeconds() < 20);
        assertEquals(1, mail.connections);
        mail.manner = Manner.TAKES;
        program.clock.advance(Duration.ofHours(1));
        assertEquals(1, renew().status());
        assertEquals(4, mail.mails().size());
    }

    /** It took the mail, so each run would send another one. */
    @Test
    void aMailIsNotRepeatedBecauseTheRelayIsSlowToAnswer() {
        config("notify = mailto:grid@example.org\nnotify_after = 1\n");
        program.issuer.revokeAll();
        mail.manner = Manner.SLOW;
        Result run = renew();
        assertEquals(1, run.status());
        String warning = "mailto:grid@example.org was perhaps notified that renewals fail: the relay " + mail.relay()
                + ": it did not say whether it took the message: ";
        assertTrue(run.err().contains(warning), run.err());
        assertFalse(program.run("status").out().contains("could not be notified"));
        for (int i = 0; i < 10; i++) {
            assertEquals(1, renew().status());
        }
        assertEquals(1, mail.mails().size());
        program.clock.advance(Duration.ofDays(1));
        assertEquals(1, renew().status());
        assertEquals(2, mail.mails().size());
    }

    @Test
    void aPostIsNotRepeatedBecauseTheAnswerIsMissing() throws IOException {
        try (RawServer server = new RawServer(connection -> false)) {
            config("notify = " + server.uri("/hooks/x") + "\nnotify_after = 1\n");
            program.issuer.revokeAll();
            Result run = renew();
            assertTrue(run.err().contains(" was perhaps notified that renewals fail: "), run.err());
            assertEquals(1, renew().status());
            assertEquals(1, server.requests().size());
        }
    }

    /** Each run would start the program or ask the server. */
    @Test
    void whatFailsIsTriedLessAndLessOften() throws IOException {
        program.write("tell", "#!/bin/sh\necho >> " + program.file("tries") + "\nexit 1\n");
        program.mode("tell", "rwxr-xr-x");
        config("notify = exec:DIR/tell\nnotify_after = 1\n");
        program.issuer.revokeAll();
        StringBuilder hours = new StringBuilder();
        int before = 0;
        for (int hour = 0; hour < 32; hour++) {
            program.clock.advance(Duration.ofMinutes(61)); // a run takes a moment
            assertEquals(1, program.run("renew").status());
            int tries = program.read("tries").length();
            hours.append(tries == before ? "" : hour + " ");
            before = tries;
        }
        assertEquals("0 1 3 7 15 23 31 ", hours.toString());
        assertEquals(1, program.run("renew", "--force").status());
        assertEquals(before + 1, program.read("tries").length());
    }

    /** As after a wrong search and replace: the kernel takes no variable of more than 128 KiB. */
    @Test
    void manyMistakesInTheConfigFileAreToldShortly() throws IOException {
        program.write("tell", "#!/bin/sh\ncat > " + program.file("told") + "\n");
        program.mode("tell", "rwxr-xr-x");
        config("notify = exec:DIR/tell\nnotify_after = 1\n");
        StringBuilder text = new StringBuilder(program.read("config.ini"));
        for (int i = 0; i < 4000; i++) {
            text.append("[a mistake in line number ").append(i).append(" of this file\n");
        }
        program.write("config.ini", text.toString());
        Result run = renew();
        assertEquals(2, run.status());
        assertTrue(
                run.out().contains("/tell was notified that renewals fail"),
                run.said().substring(0, 500));
        String told = program.read("told");
        assertTrue(told.contains("tokens one, two:"), told);
        assertTrue(told.replaceAll("\\s+", " ").contains("; 3990 more"), told);
    }

    /** The mistake in the config file is what the admin must see. */
    @Test
    void aWrongProxyVariableHidesNoMistakeInTheConfigFile() {
        program.write("config.ini", program.read("config.ini") + "[unfinished\n");
        program.variables.put("https_proxy", "ftp://proxy.example.org");
        program.clock.advance(RUN);
        Result run = program.run("renew", "--metrics-file=" + program.file("osg.prom"));
        assertEquals(2, run.status());
        assertTrue(run.err().contains("config.ini:13: a section must be written "), run.err());
        assertTrue(run.err().contains("warning: the owners were not notified: "), run.err());
        assertTrue(Files.exists(program.file("osg.prom")));
    }

    @Test
    void aMistakeInTheConfigFileIsToldOnlyForTheSelectedAccounts() {
        program.config("[DEFAULT]\nnotify_relay = " + mail.relay() + "\nnotify_after = 1\n"
                + "[account acct]\npassword_file = DIR/acct.pw\nnotify = mailto:a@example.org\n"
                + "[account other]\npassword_file = DIR/acct.pw\nnotify = mailto:b@example.org\n"
                + Program.ONE
                + "[token two]\naccount = other\ntoken_path = DIR/two.token\naudience_parameter = nonsense\n"
                + "[unfinished\n");
        program.clock.advance(RUN);
        assertEquals(2, program.run("renew", "--account=acct").status());
        assertEquals(
                List.of("a@example.org"), mail.mails().stream().map(Mail::to).toList());
        assertEquals(2, program.run("renew", "--account=other").status());
        assertEquals("b@example.org", mail.mails().get(1).to());
        assertTrue(
                mail.mails().get(1).text().contains("token two:"), mail.mails().toString());
    }

    /** If it was sent without a record, the next run would send it again. */
    @Test
    void whileAnotherRunHasTheAccountNothingIsSent() throws Exception {
        program.issuer.revokeAll();
        config("notify = mailto:a@example.org\nnotify_after = 1\n");
        mail.manner = Manner.REFUSES;
        renew();
        mail.manner = Manner.TAKES;
        program.clock.advance(Duration.ofHours(2));
        String before = program.read("state/state/acct.json");
        Notifier notifier = notifier();
        NotifyOptions options =
                ConfigFile.read(directory.resolve("config.ini")).notifications().get("acct");
        LockedAccount other = program.store().lock("acct", Duration.ZERO);
        assertEquals(List.of(), notifier.send("acct", options, Notifier.Finding.FAILED, false));
        other.close();
        assertEquals(List.of(), subjects());
        assertEquals(before, program.read("state/state/acct.json"));
        Files.delete(directory.resolve("state/state/acct.json"));
        Files.createDirectory(directory.resolve("state/state/acct.json"));
        assertEquals(List.of(), notifier.send("acct", options, Notifier.Finding.FAILED, false));
        Files.delete(directory.resolve("state/state/acct.json"));
        program.write("state/state/acct.json", before);
        assertEquals(
                1,
                notifier.send("acct", options, Notifier.Finding.FAILED, false).size());
        assertEquals(1, subjects().size());
    }

    private Notifier notifier() {
        Delivery delivery = new Delivery("ap1.example.org", Network.DIRECT, program.clock);
        return new Notifier(
                program.store(),
                new FileStateStore(directory.resolve("state/state"), directory.resolve("spare")),
                delivery,
                (account, event, options, state) -> new Message(event, account, "test", "test\n", JsonObject.NONE),
                program.clock,
                Optional.empty());
    }

    @Test
    void aTargetThatIsNotConfiguredAnyMoreIsForgotten() {
        program.issuer.revokeAll();
        config("notify = mailto:a@example.org\nnotify_after = 1\n");
        renew();
        config("notify = mailto:b@example.org\nnotify_after = 1\n");
        renew();
        assertEquals(2, mail.mails().size());
        Map<String, Object> state =
                Json.object(program.read("state/state/acct.json")).orElseThrow();
        assertEquals(1, Json.member(Json.member(state, "notify"), "targets").size());
    }

    @Test
    void aGoodRunStaysGoodIfNobodyCanBeTold() {
        program.issuer.revokeAll();
        for (int i = 0; i < 3; i++) {
            renew();
        }
        assertEquals(1, mail.mails().size());
        mail.manner = Manner.REFUSES;
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        assertEquals(0, renew().status());
        mail.manner = Manner.OLD;
        program.clock.advance(Duration.ofHours(1));
        assertEquals(0, renew().status());
        assertEquals("account acct is OK again", subjects().get(1));
    }

    @Test
    void oneTargetDoesNotWaitForAnother() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        program.issuer.revokeAll();
        config("notify = http://127.0.0.1:" + port + "/T0/secret-path mailto:grid@example.org\nnotify_after = 1\n");
        Result run = renew();
        assertTrue(run.err().contains("http://127.0.0.1:" + port + " was not notified"), run.err());
        assertEquals(1, subjects().size());
        program.clock.advance(Duration.ofHours(1));
        run = renew();
        assertTrue(run.err().contains("was not notified"), run.err());
        assertEquals(1, subjects().size());
        for (String said :
                List.of(run.said(), program.run("status", "--json").out(), program.read("state/state/acct.json"))) {
            assertFalse(said.contains("secret-path"), said);
        }
    }

    // Other targets

    @Test
    void aProgramGetsTheMessageAndNoSecret() throws IOException {
        program.write(
                "tell",
                "#!/bin/sh\n{ env; cat; } > " + program.file("told") + "\n[ -e " + program.file("good")
                        + " ] || { echo no pager >&2; exit 3; }\n");
        program.mode("tell", "rwxr-xr-x");
        config("owner = ops\nnotify = exec:DIR/tell\nnotify_after = 1\n");
        program.issuer.revokeAll();
        Result run = renew();
        assertTrue(
                run.err().contains("/tell was not notified that renewals fail: exit status 3, and it said: no pager"));
        program.write("good", "");
        program.clock.advance(Duration.ofHours(1));
        assertTrue(renew().out().contains("/tell was notified that renewals fail"));
        String told = program.read("told");
        for (String line :
                List.of("NOTIFY_EVENT=failing", "NOTIFY_ACCOUNT=acct", "NOTIFY_OWNER=ops", "tokens one, two:")) {
            assertTrue(told.contains(line), told);
        }
        assertFalse(told.contains("HOME="), told);
        for (String secret : program.issuer.secrets()) {
            assertFalse(told.contains(secret), told);
        }
    }

    /** Alice can put another program there at any moment. */
    @Test
    void rootRunsNoProgramOfAnotherUser() throws IOException {
        assumeTrue(Owners.CURRENT.user() == 0, "not root");
        Path alice = Files.createDirectory(directory.resolve("alice"));
        program.write("alice/tell", "#!/bin/sh\ntouch " + program.file("ran") + "\n");
        program.mode("alice/tell", "rwxr-xr-x");
        Files.createSymbolicLink(directory.resolve("link"), Path.of("alice/tell"));
        Files.setAttribute(alice, "unix:uid", 12345);
        program.issuer.revokeAll();
        for (String path : List.of("alice/tell", "link")) {
            config("notify = exec:DIR/" + path + "\nnotify_after = 1\n");
            String why = "users other than root can change " + alice + ", so root does not run it";
            assertTrue(renew().err().contains(why));
            assertTrue(oneLine(program.run("check", "--offline")).contains(why));
            assertTrue(oneLine(program.run("check", "--notify")).contains(why));
        }
        assertFalse(Files.exists(directory.resolve("ran")));
    }

    @Test
    void aWebhookGetsJson() throws IOException {
        try (RawServer server = new RawServer(
                RawServer.answer("302 Found", "", "Location: http://127.0.0.1:1/"),
                RawServer.answer("404 Not Found", ""),
                RawServer.answer("204 No Content", ""))) {
            config("notify = " + server.uri("/hooks/x") + "\nnotify_after = 1\n");
            program.issuer.revokeAll();
            assertTrue(renew().err().contains(" answered 302, a redirect, which is not followed"));
            program.clock.advance(Duration.ofHours(1));
            assertTrue(renew().err().contains(" answered 404"));
            program.clock.advance(Duration.ofHours(3));
            assertTrue(renew().out().contains(" was notified that renewals fail"));
            assertEquals(1, renew().status());
            assertEquals(3, server.requests().size());
            String request = server.requests().get(2);
            assertTrue(request.startsWith("POST /hooks/x HTTP/1.1\r\n"), request);
            Map<String, Object> json = Json.object(request.substring(request.indexOf("\r\n\r\n") + 4))
                    .orElseThrow();
            assertEquals("failing", json.get("event"));
            assertEquals("acct", json.get("account"));
            assertTrue(json.get("text").toString().contains("tokens one, two:"), json.toString());
            assertTrue(json.get("tokens").toString().contains("authorization_dead"), json.toString());
        }
    }

    @Test
    void aHostileNameStaysInItsLine() {
        String name = "a\u202e=?UTF-8?B?QUJD?=.\u00e9";
        program.config("[account acct]\npassword_file = DIR/acct.pw\nca_file = DIR/ca.pem\nnotify_relay = "
                + mail.relay() + "\nnotify = mailto:root\nnotify_after = 1\nowner = .\n"
                + Program.tokenSection(name, "acct", "DIR/one.token"));
        program.issuer.revokeAll();
        program.issuer.fault(
                Fault.on("/token")
                        .always()
                        .respond(
                                400,
                                "application/json",
                                "{\"error\":\"invalid_grant\",\"error_description\":\"x\\r\\n.\\r\\nMAIL FROM:<a@b>\\r\\nBcc: c@d\"}"));
        renew();
        assertEquals(1, mail.mails().size());
        assertEquals("root", mail.mails().get(0).to());
        String text = mail.mails().get(0).text();
        assertTrue(text.contains(".\u00e9"), text);
        assertFalse(text.contains("\u202e"), text);
        assertFalse(mail.mails().get(0).headers().toString().contains("Bcc"), text);
    }

    // check

    private static String oneLine(Result result) {
        return result.out().replaceAll("\\s+", " ");
    }

    @Test
    void checkFindsTargetsThatDoNotWork() throws IOException {
        Result good = program.run("check");
        assertFalse(good.out().contains("no message about account"), good.out());
        assertEquals(List.of(), mail.mails());
        assertNotEquals(0, mail.connections);
        mail.manner = Manner.REJECTS_RECIPIENTS;
        Result rejected = program.run("check");
        assertTrue(rejected.out().contains("warning  mailto:grid@example.org"), rejected.out());
        assertTrue(oneLine(rejected).contains("550 5.1.1 <grid@example.org>: no such user"));
        program.write("tell", "#!/bin/sh\n");
        program.mode("tell", "rw-r--r--");
        config("notify = exec:DIR/tell\n");
        assertTrue(oneLine(program.run("check", "--offline")).contains("not a program that the service may run"));
        program.mode("tell", "rwxrwxrwx");
        assertTrue(program.run("check", "--offline").out().contains("PROBLEM  " + program.file("tell")));
        Files.delete(program.file("tell"));
        assertTrue(oneLine(program.run("check", "--offline")).contains("there is no such file"));
        config("notify = http://127.0.0.1:1/x\n");
        assertTrue(program.run("check").out().contains("warning  http://127.0.0.1:1"));
    }

    @Test
    void checkSendsATestMessage() {
        Result sent = program.run("check", "--notify");
        assertTrue(sent.out().contains("mailto:grid@example.org was sent a test message"), sent.out());
        assertEquals(List.of("test message for account acct"), subjects());
        mail.manner = Manner.REJECTS_MESSAGES;
        assertTrue(program.run("check", "--notify").out().contains("554 5.7.1 spam"));
        assertEquals(2, program.run("check", "--notify", "--offline").status());
    }
}

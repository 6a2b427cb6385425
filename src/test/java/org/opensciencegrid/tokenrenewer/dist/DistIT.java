package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.dist.Installed.Ended;
import org.opensciencegrid.tokenrenewer.dist.Installed.Running;
import org.opensciencegrid.tokenrenewer.issuer.EmbeddedIssuer;
import org.opensciencegrid.tokenrenewer.issuer.Fault;
import org.opensciencegrid.tokenrenewer.issuer.Policy;
import org.opensciencegrid.tokenrenewer.issuer.TestCa;

/** The shipped tree: launchers, jar, signals, the journal, and runs that overlap. */
class DistIT {
    private static final String CONFIG = """
            [account acct]
            password_file = DIR/acct.pw
            [token one]
            account = acct
            token_path = DIR/one.token
            [token two]
            account = acct
            token_path = DIR/missing/two.token
            """;

    @TempDir
    Path directory;

    private Installed installed;
    private EmbeddedIssuer issuer;

    @BeforeEach
    void start() {
        TestCa ca = new TestCa();
        issuer = EmbeddedIssuer.start(ca);
        issuer.policy.interval = 1;
        issuer.approveAutomatically("alice");
        installed = new Installed(directory);
        ca.writeCaPem(installed.file("ca.pem"));
    }

    @AfterEach
    void stop() {
        issuer.close();
    }

    @Test
    void theWrapperNamesWhatItDoesNotUnderstand() throws InterruptedException {
        String wrapper = "usr/sbin/osg-token-renewer-setup";
        Ended help = installed.start(wrapper, "--help").await();
        assertEquals(0, help.status());
        assertTrue(help.out().startsWith("usage: osg-token-renewer-setup"), help.out());
        Ended unknown = installed.start(wrapper, "--manuel", "acct").await();
        assertEquals(2, unknown.status());
        assertTrue(unknown.err().startsWith("osg-token-renewer-setup: no such option: --manuel"), unknown.err());
        assertEquals(2, installed.start(wrapper).await().status());
        assertEquals(2, installed.start(wrapper, "--issuer").await().status());
        assertEquals(2, installed.start(wrapper, "one", "two").await().status());
    }

    private Ended setup() throws InterruptedException {
        return startSetup().await();
    }

    private Running startSetup() {
        return installed.start(
                "usr/bin/osg-token-renewer",
                "setup",
                "--issuer=" + issuer.issuer(),
                "--scope=openid offline_access",
                "--ca-file=" + installed.file("ca.pem"),
                "--pw-file=" + installed.file("acct.pw"),
                "acct");
    }

    @Test
    void theNamesOfTheOriginalRunTheWholeJob() throws Exception {
        Ended setup = setup();
        assertEquals(0, setup.status(), setup.err());
        installed.write("config.ini", CONFIG.substring(0, CONFIG.indexOf("[token two]")));
        for (String name : List.of("osg-token-renewer.sh", "osg-token-renewer")) {
            Ended renew =
                    installed.start("usr/libexec/osg-token-renewer/" + name).await();
            assertEquals(0, renew.status(), renew.err());
        }
        assertEquals(3, installed.read("one.token").split("\\.").length);
        Ended status = installed.run("status");
        assertEquals(0, status.status(), status.out());
        assertEquals("", setup.err() + status.err());
        assertEquals(List.of(), issuer.violations());
        assertTrue(installed.run("--version").out().matches("osg-token-renewer \\d+\\.\\d+\\.\\d+\\n"));
    }

    @Test
    void underSystemdEveryLineHasItsPriorityAndTheOrderOfTheConfigFile() throws Exception {
        setup();
        installed.write("config.ini", CONFIG);
        installed.variables.put("JOURNAL_STREAM", "set for each run to its own standard error");
        Ended renew = installed.run("renew");
        assertEquals(1, renew.status());
        assertEquals("", renew.out());
        List<String> lines = renew.err().lines().toList();
        assertEquals(2, lines.size(), renew.err());
        assertTrue(lines.get(0).startsWith("<6>token one: renewed"), renew.err());
        assertTrue(lines.get(1).startsWith("<3>Failed to write token 'two'"), renew.err());
    }

    @Test
    void sigtermBetweenRequestAndDurableWriteLosesNothing() throws Exception {
        setup();
        installed.write("config.ini", CONFIG.substring(0, CONFIG.indexOf("[token two]")));
        issuer.fault(Fault.on("/token").grant("refresh_token").times(1).delayAfter(Duration.ofSeconds(3)));
        Running run = installed.start("usr/bin/osg-token-renewer", "renew");
        while (issuer.count("/token", Policy.REFRESH_TOKEN) == 0) {
            Thread.sleep(20);
        }
        run.process().destroy(); // SIGTERM: the issuer has rotated, the answer is on its way
        assertEquals(143, run.await().status());
        Ended next = installed.run("renew");
        assertEquals(0, next.status(), next.err());
        assertEquals(0, issuer.reuses());
    }

    @Test
    void interruptedSetupDeletesTheClientAndLeavesNoAccount() throws Exception {
        issuer.approveAutomatically(null);
        Running setup = startSetup();
        setup.awaitOutput("Waiting for your approval");
        new ProcessBuilder("kill", "-INT", Long.toString(setup.process().pid()))
                .start()
                .waitFor();
        Ended ended = setup.await();
        assertEquals(130, ended.status());
        assertTrue(ended.out().contains("was deleted again"), ended.out());
        assertEquals(List.of(), issuer.registeredClients());
        assertFalse(installed.file("state/accounts/acct.account").toFile().exists());
    }

    @Test
    void runsThatOverlapTakeTurns() throws Exception {
        setup();
        installed.write("config.ini", CONFIG.substring(0, CONFIG.indexOf("[token two]")));
        List<Running> runs = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            runs.add(installed.start("usr/bin/osg-token-renewer", "renew"));
        }
        for (Running run : runs) {
            Ended ended = run.await();
            assertEquals(0, ended.status(), ended.err());
        }
        assertEquals(6, issuer.count("/token", Policy.REFRESH_TOKEN));
        assertEquals(0, issuer.reuses());
    }

    @Test
    void theCallersJavaOptionsDoNotReachTheProgram() throws Exception {
        installed.variables.put("JAVA_TOOL_OPTIONS", "-Dno=thanks");
        installed.variables.put("_JAVA_OPTIONS", "-Xmx1m");
        installed.variables.put("JDK_JAVA_OPTIONS", "--bad-option");
        Ended version = installed.run("--version");
        assertEquals(0, version.status(), version.err());
        assertEquals("", version.err());
    }

    /** A Java that tells its options in the place of the real one. */
    @Test
    void theOtherCompilerIsForRunsThatDeriveAKey() throws Exception {
        Files.createDirectories(installed.file("java/bin"));
        installed.write("java/release", "JAVA_VERSION=\"17.0.1\"\n");
        installed.write("java/bin/java", "#!/bin/sh\necho \"$*\"\n");
        assertTrue(installed.file("java/bin/java").toFile().setExecutable(true));
        installed.variables.put(
                "OSG_TOKEN_RENEWER_JAVA_HOME", installed.file("java").toString());
        installed.variables.put("RUNTIME_DIRECTORY", directory.toString());

        String afterABoot = installed
                .start("usr/libexec/osg-token-renewer/osg-token-renewer.sh")
                .await()
                .out();
        installed.write("acct.key", "kept");
        String later = installed
                .start("usr/libexec/osg-token-renewer/osg-token-renewer.sh")
                .await()
                .out();

        assertTrue(afterABoot.contains("-XX:TieredStopAtLevel=4 "), afterABoot);
        assertTrue(afterABoot.contains("-Xmn160m "), afterABoot);
        assertEquals("1", last("-XX:CompileThresholdScaling=", afterABoot));
        assertEquals("2", last("-XX:CompileThresholdScaling=", later));
        assertFalse(later.contains("-Xmn160m"), later);
        assertTrue(afterABoot.endsWith("cli.Main renew\n"), afterABoot);
        assertFalse(later.contains("-XX:TieredStopAtLevel=4"), later);
        assertTrue(later.endsWith("cli.Main renew\n"), later);
    }

    /** Of an option that is given twice the JVM takes the last. */
    private static String last(String option, String command) {
        String value = command.substring(command.lastIndexOf(option) + option.length());
        return value.substring(0, value.indexOf(' '));
    }

    /** A number that is no good to a JVM, alone or beside another one, lets none start. */
    @Test
    void javaStartsWithTheFlagsOfBothLists() throws Exception {
        for (String flags : List.of("$options", "$options $deriving")) {
            String said = Installed.java(flags + " -version");
            assertTrue(said.contains("version"), said);
        }
    }

    @Test
    void withoutJavaOneLineSaysWhatToInstall() throws Exception {
        installed.variables.put("OSG_TOKEN_RENEWER_JAVA_HOME", directory.toString());
        Ended ended = installed.run("--version");
        assertEquals(2, ended.status());
        assertEquals(1, ended.err().lines().count());
        assertTrue(ended.err().contains("dnf install java-21-headless"));
    }
}

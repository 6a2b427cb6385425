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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.dist.Installed.Running;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** Tests the packaged tree: launchers, jar, signals, journal and overlapping runs. */
class DistIT {
    private static final String TWO = Installed.tokenSection("two", "acct", "DIR/missing/two.token");

    @TempDir
    Path directory;

    private Installed installed;
    private EmbeddedIssuer issuer;

    @BeforeEach
    void start() {
        installed = new Installed(directory);
        issuer = installed.startIssuer();
    }

    @AfterEach
    void stop() {
        issuer.close();
    }

    @Test
    void theWrapperNamesWhatItDoesNotUnderstand() throws InterruptedException {
        String wrapper = "usr/sbin/osg-token-renewer-setup";
        Result help = installed.launch(wrapper, "--help").await();
        assertEquals(0, help.status());
        assertTrue(help.out().startsWith("usage: osg-token-renewer-setup"), help.out());
        Result unknown = installed.launch(wrapper, "--manuel", "acct").await();
        assertEquals(2, unknown.status());
        assertTrue(unknown.err().startsWith("osg-token-renewer-setup: no such option: --manuel"), unknown.err());
        assertEquals(2, installed.launch(wrapper).await().status());
        assertEquals(2, installed.launch(wrapper, "--issuer").await().status());
        assertEquals(2, installed.launch(wrapper, "one", "two").await().status());
    }

    private Result setup() throws InterruptedException {
        return startSetup().await();
    }

    private Running startSetup() {
        return installed.start(installed.setupLine(issuer, "--scope=openid offline_access"));
    }

    @Test
    void theNamesOfTheOriginalRunTheWholeJob() throws Exception {
        Result setup = setup();
        assertEquals(0, setup.status(), setup.err());
        installed.accountWith(Installed.ONE);
        for (String name : List.of("osg-token-renewer.sh", "osg-token-renewer")) {
            Result renew =
                    installed.launch("usr/libexec/osg-token-renewer/" + name).await();
            assertEquals(0, renew.status(), renew.err());
        }
        assertEquals(3, installed.read("one.token").split("\\.").length);
        Result status = installed.run("status");
        assertEquals(0, status.status(), status.out());
        assertEquals("", setup.err() + status.err());
        assertEquals(List.of(), issuer.violations());
        assertTrue(installed.run("--version").out().matches("osg-token-renewer \\d+\\.\\d+\\.\\d+\\n"));
    }

    @Test
    void underSystemdEveryLineHasItsPriorityAndTheOrderOfTheConfigFile() throws Exception {
        setup();
        installed.accountWith(Installed.ONE + TWO);
        installed.hasJournal = true;
        Result renew = installed.run("renew");
        assertEquals(1, renew.status());
        assertEquals("", renew.out());
        List<String> lines = renew.err().lines().toList();
        assertEquals(3, lines.size(), renew.err());
        assertTrue(lines.get(0).startsWith("<6>token one: renewed"), renew.err());
        assertTrue(lines.get(1).startsWith("<3>Failed to write token 'two'"), renew.err());
        assertTrue(lines.get(2).startsWith("<6>2 tokens: 1 renewed, 1 failed"), renew.err());
    }

    @Test
    void sigtermBetweenRequestAndDurableWriteLosesNothing() throws Exception {
        setup();
        installed.accountWith(Installed.ONE);
        issuer.fault(Fault.on("/token").grant("refresh_token").times(1).delayAfter(Duration.ofSeconds(3)));
        Running run = installed.start("renew");
        while (issuer.count("/token", Policy.REFRESH_TOKEN) == 0) {
            Thread.sleep(20);
        }
        run.process().destroy(); // SIGTERM, after the issuer rotated the token and while the response is on its way
        assertEquals(143, run.await().status());
        Result next = installed.run("renew");
        assertEquals(0, next.status(), next.err());
        assertEquals(0, issuer.reuses());
    }

    @Test
    void interruptedSetupDeletesTheClientAndLeavesNoAccount() throws Exception {
        issuer.approveAutomatically(null);
        Running setup = startSetup();
        setup.awaitOutput("Waiting for your approval");
        setup.signal("INT");
        Result ended = setup.await();
        assertEquals(130, ended.status());
        assertTrue(ended.out().contains("was deleted"), ended.out());
        assertEquals(List.of(), issuer.registeredClients());
        assertFalse(installed.file("state/accounts/acct.account").toFile().exists());
    }

    @Test
    void runsThatOverlapTakeTurns() throws Exception {
        setup();
        installed.accountWith(Installed.ONE);
        List<Running> runs = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            runs.add(installed.start("renew"));
        }
        for (Running run : runs) {
            Result ended = run.await();
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
        Result version = installed.run("--version");
        assertEquals(0, version.status(), version.err());
        assertEquals("", version.err());
    }

    /** A fake Java that prints its options. */
    @Test
    void theOtherCompilerIsForRunsThatDeriveAKey() throws Exception {
        Files.createDirectories(installed.file("java/bin"));
        installed.write("java/release", "JAVA_VERSION=\"17.0.1\"\n");
        installed.write("java/bin/java", "#!/bin/sh\necho \"$*\"\n");
        Files.createDirectories(installed.file("java/conf/security"));
        installed.write("java/conf/security/java.security", "");
        assertTrue(installed.file("java/bin/java").toFile().setExecutable(true));
        installed.variables.put(
                "OSG_TOKEN_RENEWER_JAVA_HOME", installed.file("java").toString());
        installed.variables.put("RUNTIME_DIRECTORY", directory.toString());
        Files.createDirectories(installed.file("state/accounts"));
        installed.write("state/accounts/acct.account", "");

        String afterABoot = installed
                .launch("usr/libexec/osg-token-renewer/osg-token-renewer.sh")
                .await()
                .out();
        installed.write("acct.key", "kept");
        String later = installed
                .launch("usr/libexec/osg-token-renewer/osg-token-renewer.sh")
                .await()
                .out();

        assertTrue(afterABoot.contains("-XX:TieredStopAtLevel=4 "), afterABoot);
        assertEquals("24m", last("-Xmn", afterABoot));
        assertEquals("1", last("-XX:CompileThresholdScaling=", afterABoot));
        assertEquals("2", last("-XX:CompileThresholdScaling=", later));
        assertEquals("16m", last("-Xmn", later));
        assertTrue(afterABoot.endsWith(".jar renew\n"), afterABoot);
        assertFalse(later.contains("-XX:TieredStopAtLevel=4"), later);
        assertTrue(later.endsWith(".jar renew\n"), later);
    }

    /** If an option is given twice, the JVM uses the last. */
    private static String last(String option, String command) {
        String value = command.substring(command.lastIndexOf(option) + option.length());
        return value.substring(0, value.indexOf(' '));
    }

    /** If the JVM rejects one number, or a combination of them, it does not start. */
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
        Result ended = installed.run("--version");
        assertEquals(2, ended.status());
        assertEquals(1, ended.err().lines().count());
        assertTrue(ended.err().contains("dnf install java-21-headless"));
    }

    /** The files of a Java that the launcher reads before it starts one. */
    private Path java(String name, String version, String program) throws Exception {
        Path home = Files.createDirectories(directory.resolve("jvm/" + name));
        Files.createDirectories(home.resolve("bin"));
        Files.createDirectories(home.resolve("conf/security"));
        Files.writeString(home.resolve("conf/security/java.security"), "");
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        Files.writeString(home.resolve("bin/java"), program);
        assertTrue(home.resolve("bin/java").toFile().setExecutable(true, false));
        return home;
    }

    private Path realJava() {
        return Path.of(System.getProperty("java.home"));
    }

    /** Makes the directory readable first: root's launcher switches to another user. */
    private Result version() throws Exception {
        installed.mode("", "rwxr-xr-x");
        return installed.run("--version");
    }

    private static void isGood(Result ended) {
        assertEquals("", ended.err());
        assertEquals(0, ended.status());
        assertTrue(ended.out().startsWith("osg-token-renewer "), ended.out());
    }

    @Test
    void aJavaThatCannotRunIsPassedOver() throws Exception {
        java("foreign", "99", "\177ELF\2\1\1\0");
        java("half-removed", "98", "#!/bin/sh\necho \"Error: missing 'server' JVM\" >&2\nexit 4\n");
        Files.delete(java("no-security", "97", "#!/bin/sh\n").resolve("conf/security/java.security"));
        java("odd-version", "99999999999999999999", "#!/bin/sh\n");
        Path tree = directory.resolve("tree");
        Installed.sh("cp -a " + Installed.DIST_WORD + " " + tree);
        Path launcher = tree.resolve("usr/share/osg-token-renewer/java.sh");
        Files.writeString(
                launcher,
                Files.readString(launcher)
                        .replace("/usr/lib/jvm", directory + "/jvm")
                        .replace("tested=25", "tested=99"));
        installed = new Installed(tree, directory);
        installed.variables.remove("OSG_TOKEN_RENEWER_JAVA_HOME");
        Result without = version();
        assertEquals(2, without.status());
        assertEquals(1, without.err().lines().count(), without.err());
        assertTrue(
                without.err().contains("the Java in " + directory.resolve("jvm/foreign") + " does not run: "),
                without.err());
        assertTrue(without.err().contains("Exec format error"), without.err());
        assertTrue(without.err().endsWith("Install one: dnf install java-21-headless\n"), without.err());
        Files.createSymbolicLink(directory.resolve("jvm/good"), realJava());
        isGood(version());
    }

    @Test
    void aJavaWithoutAReleaseFileSaysItsVersionItself() throws Exception {
        Path home = Files.createDirectories(directory.resolve("java"));
        for (String part : List.of("bin", "lib", "conf")) {
            Files.createSymbolicLink(home.resolve(part), realJava().resolve(part));
        }
        installed.variables.put("OSG_TOKEN_RENEWER_JAVA_HOME", home.toString());
        isGood(version());
    }

    @Test
    void theProgramJavaIsAsGoodAsItsHome() throws Exception {
        installed.variables.put(
                "OSG_TOKEN_RENEWER_JAVA_HOME", realJava().resolve("bin/java").toString());
        isGood(version());
    }

    /** In the current directory, there is a Java at each word of the path. */
    @ParameterizedTest
    @ValueSource(strings = {"my java", "my java*", "java ?"})
    void aJavaHomeIsOnePath(String name) throws Exception {
        for (String word : List.of("java", "java*", "java1", "java2", "?", "my")) {
            Files.createDirectories(directory.resolve("here"));
            Files.move(java(word, "99", "#!/bin/sh\necho another Java\n"), directory.resolve("here/" + word));
        }
        Path home = Files.createSymbolicLink(directory.resolve(name), realJava());
        installed.mode("", "rwxr-xr-x");
        String said = versionIn("here", home.toString());
        assertTrue(said.startsWith("0: osg-token-renewer "), said);
        assertEquals(
                "2: osg-token-renewer: no Java 17 or later in " + directory
                        + "/none java. Install one: dnf install java-21-headless\n",
                versionIn("here", directory + "/none java"));
    }

    @Test
    void aRelativeJavaHomeIsAnError() throws Exception {
        java("java", "99", "#!/bin/sh\necho another Java\n");
        installed.mode("", "rwxr-xr-x");
        for (String home : List.of("java", "./java", "java/bin/java", "../jvm/java")) {
            assertEquals(
                    "2: osg-token-renewer: OSG_TOKEN_RENEWER_JAVA_HOME is not an absolute path: "
                            + home.replace("/bin/java", "") + "\n",
                    versionIn("jvm", home));
        }
    }

    /** The exit status and everything that --version prints in that directory. */
    private String versionIn(String current, String home) throws Exception {
        installed.variables.put("OSG_TOKEN_RENEWER_JAVA_HOME", home);
        Result version = installed.commandIn(directory.resolve(current), Installed.PROGRAM.toString(), "--version");
        return version.status() + ": " + version.out();
    }

    @Test
    void aWorkingDirectoryThatWasRemovedDoesNotMatter() throws Exception {
        Files.createDirectories(directory.resolve("gone"));
        Result version = installed.commandIn(
                directory,
                "sh",
                "-c",
                "exec 2> /dev/null; cd gone && rmdir ../gone && exec " + Installed.PROGRAM_WORD + " --version");
        assertEquals(0, version.status());
        assertTrue(version.out().startsWith("osg-token-renewer "), version.out());
    }
}

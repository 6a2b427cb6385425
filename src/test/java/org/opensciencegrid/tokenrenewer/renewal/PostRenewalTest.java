package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.HookFailed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;
import org.opensciencegrid.tokenrenewer.state.Destination;

/**
 * Tests what a post_renewal command gets, what its failure causes, and that it ends. Tokens live for 300 seconds here.
 */
class PostRenewalTest extends SiteTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private Site.Wish wish;

    @BeforeEach
    void authorize() {
        site.authorize("acct");
        wish = site.token("t", "acct");
    }

    private Failure failure(Outcome outcome) {
        return assertInstanceOf(HookFailed.class, outcome).failure();
    }

    private String left(String file) {
        return Site.read(directory.resolve(file)).strip();
    }

    @Test
    void itIsGivenWhatItNeedsAndNothingElse() {
        wish.postRenewal(
                directory, LONG, "env | sort > $1/env", "echo $# \"$2\" > $1/words", "pwd > $1/pwd", "wc -c > $1/in");
        Renewed renewed = renewed(renew().get(0));
        assertEquals("2 a  b", left("words"));
        assertEquals("0", left("in"), "it waits for no input");
        assertEquals("/", left("pwd"));
        List<String> names = left("env")
                .lines()
                .filter(line -> !line.matches("(PWD|SHLVL|_|OLDPWD)=.*")) // set by the shell itself
                .filter(line -> !line.matches("POST_RENEWAL_ID=[-0-9a-f]+")) // used to find its processes
                .toList();
        assertEquals(
                List.of(
                        "EXPIRES_AT=" + renewed.expiresAt().orElseThrow(),
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                        "TOKEN_NAME=t",
                        "TOKEN_PATH=" + directory.resolve("tokens/t")),
                names);
    }

    @Test
    void theNewTokenIsThereAndTheAccountIsFree() throws Exception {
        wish.postRenewal(
                directory,
                LONG,
                "cat $TOKEN_PATH > $1/seen",
                "touch $1/began",
                "until [ -e $1/go ]; do sleep 0.05; done");
        Thread run = new Thread(this::renew);
        run.start();
        for (int i = 0; i < 1000 && !Files.exists(directory.resolve("began")); i++) {
            Thread.sleep(20);
        }
        try (var held = site.hold("acct")) {
            assertTrue(held.exists());
        }
        Files.createFile(directory.resolve("go"));
        run.join();
        assertEquals(site.onDisk("t").strip(), left("seen"));
        assertEquals("t renewed", words(seen));
    }

    @Test
    void itRunsOnceForEachNewTokenAndForNoOther() {
        wish.minLifetime(100).postRenewal(directory, LONG, "echo >> $1/runs");
        renew();
        renew();
        assertEquals(1, Site.read(directory.resolve("runs")).length());
        site.issuer.fault(refusal(400, "invalid_scope"));
        force();
        assertEquals(1, Site.read(directory.resolve("runs")).length());
        force();
        assertEquals(2, Site.read(directory.resolve("runs")).length());
        assertEquals("t renewed, t fresh, t SCOPE_REFUSED, t renewed", words(seen));
    }

    @Test
    void itRunsInEveryRunThatFindsAValidToken() throws Exception {
        wish.minLifetime(100).postRenewal(directory, LONG, "echo >> $1/runs").everyRun();
        renew();
        renew();
        assertEquals(2, Site.read(directory.resolve("runs")).length(), "nothing was due");
        assertEquals(1, site.requests());
        site.issuer.fault(refusal(400, "invalid_scope"));
        force();
        assertEquals(3, Site.read(directory.resolve("runs")).length(), "the old token is valid");
        assertEquals("t renewed, t fresh, t SCOPE_REFUSED", words(seen));
        Files.delete(directory.resolve("tokens/t"));
        renew();
        assertEquals(3, Site.read(directory.resolve("runs")).length(), "there is no token, and the issuer refused one");
    }

    @Test
    void inEveryRunItRunsAlsoWhileNoRequestIsSent() {
        wish.minLifetime(100).postRenewal(directory, LONG, "echo >> $1/runs").everyRun();
        renew();
        site.issuer.fault(refusal(400, "invalid_scope"));
        force();
        renew();
        assertEquals("t renewed, t SCOPE_REFUSED, t SCOPE_REFUSED unasked", words(seen));
        assertEquals(3, Site.read(directory.resolve("runs")).length(), "the old token is valid");
        site.issuer.revokeAll();
        force();
        renew();
        assertEquals(5, Site.read(directory.resolve("runs")).length(), "also if the account has no authorization");
    }

    @Test
    void inEveryRunItsFailureIsToldAndDoesNotHideThatOfTheToken() throws Exception {
        wish.minLifetime(100).postRenewal(directory, LONG, "[ ! -e $1/bad ]").everyRun();
        renew();
        Files.createFile(directory.resolve("bad"));
        renew();
        assertEquals("t renewed, t fresh HOOK_FAILED", words(seen));
        assertEquals(
                Failure.Kind.HOOK_FAILED,
                site.state("acct", "t").failure().orElseThrow().kind());
        site.issuer.fault(refusal(400, "invalid_scope"));
        force();
        assertEquals("t renewed, t fresh HOOK_FAILED, t SCOPE_REFUSED HOOK_FAILED", words(seen));
        assertEquals(
                Failure.Kind.SCOPE_REFUSED,
                site.state("acct", "t").failure().orElseThrow().kind());
    }

    @Test
    void itIsGivenTheNamedVariables() {
        wish.postRenewal(directory, LONG, "env | sort > $1/env").everyRun();
        renew();
        assertTrue(left("env").contains("\nHOME=" + System.getenv("HOME") + "\n"), left("env"));
        assertFalse(left("env").contains("NO_SUCH_VARIABLE"), left("env"));
    }

    @Test
    void itsFailureLosesNothingAndIsTriedAgainWithoutAskingTheIssuer() throws Exception {
        wish.minLifetime(100).postRenewal(directory, LONG, "echo no such pool; exit 3");
        Failure failure = failure(renew().get(0));
        assertEquals(Failure.Kind.HOOK_FAILED, failure.kind());
        assertEquals("exit status 3, and it said: no such pool", failure.detail());
        assertEquals(Optional.of(failure), site.state("acct", "t").failure(), "for status");
        assertEquals(
                site.now().getEpochSecond(),
                site.state("acct", "t").renewedAt().orElseThrow().getEpochSecond());
        assertFalse(site.onDisk("t").isBlank());

        renew();
        assertEquals("t renewed HOOK_FAILED, t fresh HOOK_FAILED", words(seen));
        wish.postRenewal(directory, LONG, "touch $1/told");
        renew();
        assertTrue(Files.exists(directory.resolve("told")));
        assertEquals(Optional.empty(), site.state("acct", "t").failure());
        Files.delete(directory.resolve("told"));
        renew();
        assertFalse(Files.exists(directory.resolve("told")), "it has been told");
        assertEquals("t renewed HOOK_FAILED, t fresh HOOK_FAILED, t fresh, t fresh", words(seen));
        assertEquals(1, site.requests());
    }

    @Tag("slow")
    @ParameterizedTest
    @ValueSource(
            strings = {
                "sh -c 'echo $$ > '$1'/pid; sleep 1000; true'",
                "sleep 1000 & echo $! > $1/pid; wait",
                "setsid setsid sh -c 'echo $$ > '$1'/pid; sleep 1000; true' & sleep 1000",
                "trap '' TERM INT; sleep 1000 & echo $! > $1/pid; wait; sleep 1000"
            })
    void itIsEndedWithItsChildren(String waits) throws Exception {
        wish.postRenewal(directory, Duration.ofSeconds(2), "echo begun", waits);
        Failure failure = failure(renew().get(0));
        assertEquals(Failure.Kind.HOOK_TIMEOUT, failure.kind());
        assertEquals("2 s, and it said: begun", failure.detail());
        assertTrue(ends(left("pid")), "its child");
        for (int i = 0; i < 200 && hasDescendants(); i++) {
            Thread.sleep(50);
        }
        assertFalse(hasDescendants());
        assertFalse(site.onDisk("t").isBlank());
    }

    private static boolean hasDescendants() {
        return ProcessHandle.current().descendants().anyMatch(ProcessHandle::isAlive);
    }

    /** Whether the process ends soon: on a busy machine, a killed process needs a moment to end. */
    private static boolean ends(String pid) throws InterruptedException {
        for (int i = 0; i < 200 && isRunning(pid); i++) {
            Thread.sleep(50);
        }
        return !isRunning(pid);
    }

    /** A zombie process does not count as running. */
    private static boolean isRunning(String pid) {
        try {
            return !Files.readString(Path.of("/proc", pid, "stat")).contains(") Z ");
        } catch (IOException e) {
            return false;
        }
    }

    @Tag("slow")
    @Test
    void whatItLeavesInTheBackgroundIsNotWaitedForAndEnds() throws Exception {
        wish.postRenewal(directory, LONG, "sleep 1000 & echo $! > $1/pid");
        assertEquals("t renewed", words(renew()));
        assertTrue(ends(left("pid")));
    }

    @Test
    void whatItSaysIsBoundedPrintableAndWithoutTheToken() {
        wish.postRenewal(
                directory,
                LONG,
                "printf '\\033[2Jtoken '; cat $TOKEN_PATH",
                "head -c 50000000 /dev/zero | tr '\\0' x >&2",
                "exit 1");
        String detail = failure(renew().get(0)).detail();
        assertTrue(detail.startsWith("exit status 1, and it said: \\x1B[2Jtoken ***\\x0Axxx"), detail);
        assertTrue(detail.length() < 400, detail);
        assertFalse(detail.contains(site.onDisk("t").strip()));
    }

    private List<Destination> destinations() {
        return site.state("acct", "t").destinations(site.config().tokens().get(0));
    }

    private String said(String name) {
        return destinations().stream()
                .filter(one -> one.name().equals(name))
                .map(one -> one.hasFailed() ? "failed " + one.reason() : "ok")
                .findFirst()
                .orElse("");
    }

    @Test
    void eachDestinationIsRecordedAndTriedAgain() throws Exception {
        wish.minLifetime(100)
                .postRenewal(
                        directory,
                        LONG,
                        "for n in a b c; do echo destination $n pending; done",
                        "echo destination a ok; echo destination b failed no route to b; echo and more",
                        "[ -e $1/good ] && echo destination b ok && echo destination c ok",
                        "exit 0");
        Failure failure = failure(renew().get(0));
        assertEquals(
                "exit status 0; 2 of 3 destinations failed: b (no route to b), c (the program ended before it reported"
                        + " a result), and it said: and more",
                failure.detail());
        assertEquals("ok, failed no route to b", said("a") + ", " + said("b"));
        Optional<Instant> began = destinations().get(1).failingSince();
        assertTrue(began.isPresent());
        site.later(Duration.ofSeconds(60));
        renew();
        force();
        assertEquals(began, destinations().get(1).failingSince(), "also after the next renewal");
        Files.createFile(directory.resolve("good"));
        renew();
        assertEquals("ok, ok", said("b") + ", " + said("c"));
        assertEquals(Optional.empty(), site.state("acct", "t").failure());
        wish.postRenewal(directory, LONG, "echo destination a pending", "echo destination a ok");
        force();
        assertEquals(1, destinations().size(), "the others are not configured any more");
        wish.postRenewal = Optional.empty();
        assertEquals(List.of(), destinations());
    }

    @Tag("slow")
    @Test
    void whatWasReportedBeforeTheTimeoutCounts() {
        wish.postRenewal(
                directory,
                Duration.ofSeconds(2),
                "for n in a b; do echo destination $n pending; done; echo destination a ok; sleep 1000");
        assertEquals(
                "2 s; 1 of 2 destinations failed: b (the program ended before it reported a result)",
                failure(renew().get(0)).detail());
        assertEquals("ok", said("a"));
    }

    @Test
    void whatItReportsIsBoundedPrintableAndWithoutTheToken() {
        wish.postRenewal(
                directory,
                LONG,
                "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo destination host$i pending; done",
                "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo destination host$i failed; done",
                "printf 'destination host1 failed \\033[2J'; cat $TOKEN_PATH",
                "echo destination host2 failed $(head -c 5000 /dev/zero | tr '\\0' x)",
                "exit 1");
        assertTrue(failure(renew().get(0)).detail().length() < 1200);
        assertEquals(100, destinations().size());
        assertEquals("failed \\x1B[2J***", said("host1"));
        assertEquals(7 + 200 + 3, said("host2").length());
    }

    /** A program that is older than these lines, and prints such a line by accident. */
    @Test
    void aDestinationIsAnnouncedFirst() {
        wish.postRenewal(directory, LONG, "echo destination a failed is what I would print if it did");
        assertEquals("t renewed", words(renew()));
        assertEquals(List.of(), destinations());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "destination a failed",
                "destination a ok",
                "destination unknown",
                "destination a is not reachable",
                "the destination a failed",
                "destination a\\001 ok",
                "Destination a ok"
            })
    void anythingElseIsText(String line) {
        wish.postRenewal(directory, LONG, "printf '" + line + "\\n'; exit 1");
        assertTrue(failure(renew().get(0)).detail().startsWith("exit status 1, and it said: "));
        assertEquals(List.of(), destinations());
    }

    @Test
    void whatCannotBeStartedIsSaidSo() throws Exception {
        Path program = directory.resolve("hook");
        wish.postRenewal = Optional.of(Site.Wish.hook(LONG, program.toString()));
        assertEquals(
                new Failure(Failure.Kind.HOOK_NOT_STARTED, program.toString(), "no such file"),
                failure(renew().get(0)));
        Files.createDirectory(program);
        assertEquals(
                "not a program that the service may run",
                failure(renew().get(0)).detail());
        Files.delete(program);
        Site.write(program, "echo\n");
        assertEquals(
                "not a program that the service may run",
                failure(renew().get(0)).detail());
        Site.write(program, "#!/no/such/interpreter\n");
        assertTrue(program.toFile().setExecutable(true));
        assertEquals(Failure.Kind.HOOK_NOT_STARTED, failure(renew().get(0)).kind());
        assertTrue(site.isThere("t"));
    }

    @Test
    void oneThatFailsHoldsUpNoOtherToken() {
        wish.postRenewal(directory, LONG, "exit 1");
        site.token("u", "acct");
        assertEquals("t renewed HOOK_FAILED, u renewed", words(renew()));
    }

    /** An issuer's queue starts with two workers: commands that hang must not block them. */
    @Tag("slow")
    @Test
    void thoseThatHangHoldUpNoOtherAccount() {
        wish.postRenewal(
                directory,
                Duration.ofSeconds(6),
                "until [ -e $1/tokens/t6 ]; do sleep 0.05; done",
                "touch $1/met-$TOKEN_NAME",
                "sleep 1000");
        for (int i = 2; i <= 6; i++) {
            site.authorize("acct" + i);
            site.token("t" + i, "acct" + i);
        }
        site.wishes.get(1).postRenewal = wish.postRenewal;
        assertEquals(
                "t renewed HOOK_TIMEOUT, t2 renewed HOOK_TIMEOUT, t3 renewed, t4 renewed, t5 renewed, t6 renewed",
                words(renew()));
        assertTrue(Files.exists(directory.resolve("met-t")));
        assertTrue(Files.exists(directory.resolve("met-t2")));
    }

    @Tag("slow")
    @Test
    void thoseOfOneAccountRunOneAfterTheOtherInItsOrder() {
        wish.postRenewal(
                directory,
                LONG,
                "mkdir $1/alone || exit 1",
                "echo $TOKEN_NAME >> $1/order",
                "sleep 0.3",
                "rmdir $1/alone");
        site.token("u", "acct").postRenewal = wish.postRenewal;
        site.token("v", "acct").postRenewal = wish.postRenewal;
        assertEquals("t renewed, u renewed, v renewed", words(renew()));
        assertEquals("t\nu\nv", left("order"));
    }
}

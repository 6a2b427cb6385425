package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.cli.output.Colors;
import org.opensciencegrid.tokenrenewer.status.Level;
import org.opensciencegrid.tokenrenewer.status.Schedule;
import org.opensciencegrid.tokenrenewer.systemd.RunningTimer;
import org.opensciencegrid.tokenrenewer.systemd.Sandbox;
import org.opensciencegrid.tokenrenewer.systemd.Timer;

/** Tests what status says about the timer, from its unit, the boot time and the last run, without systemd. */
@Tag("program")
class StatusTimerTest {
    private static final String TIMER = "osg-token-renewer.timer";

    @TempDir
    Path directory;

    private Session session;
    private Program program;
    private Host host;

    @BeforeEach
    void aTokenOfAnHour() throws IOException {
        session = new Session(directory);
        program = session.program;
        host = new Host(session);
        program.issuer.policy.accessSeconds = 3600;
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.accountWith(Program.ONE + "min_lifetime = 600\n");
    }

    @AfterEach
    void stop() {
        session.close();
    }

    private Schedule schedule() throws IOException {
        return host.report().schedule().orElseThrow();
    }

    private Instant now() {
        return program.clock.instant();
    }

    @Test
    void everyWordOfTheTimer() throws IOException {
        StringBuilder text = new StringBuilder();
        text.append("# never enabled\n").append(host.status(Colors.NONE));
        host.enableTimer();
        text.append("\n# enabled, no run yet\n").append(host.status(Colors.NONE));
        assertEquals(0, program.run("renew").status());
        text.append("\n# after a run\n").append(host.status(Colors.NONE));
        program.clock.advance(Duration.ofMinutes(15));
        text.append("\n# the next is due\n").append(host.status(Colors.NONE));
        program.clock.advance(Duration.ofMinutes(10));
        text.append("\n# it did not come\n").append(host.status(Colors.NONE));
        host.dropIn(TIMER, "[Timer]\nOnUnitActiveSec=\nOnBootSec=15min\nOnUnitActiveSec=2h\n");
        text.append("\n# tokens of an hour and runs every two\n").append(host.status(Colors.NONE));
        host.dropIn(TIMER, "[Timer]\nOnCalendar=hourly\n");
        text.append("\n# a calendar\n").append(host.status(Colors.NONE));
        host.dropIn(TIMER, "[Timer]\nOnUnitActiveSec=\nOnUnitActiveSec=5min\n");
        text.append("\n# a drop-in that starts no run after a boot\n").append(host.status(Colors.NONE));
        host.dropIn(TIMER, "[Timer]\nOnUnitActiveSec=\nOnBootSec=5min\n");
        text.append("\n# a drop-in that starts one run after a boot\n").append(host.status(Colors.NONE));
        host.removeDropIn(TIMER);
        host.systemd = Optional.of(new RunningTimer(true, true, ""));
        text.append("\n# systemd has read older files\n").append(host.status(Colors.NONE));
        host.systemd = Optional.of(new RunningTimer(false, false, ""));
        text.append("\n# enabled and not started\n").append(host.status(Colors.NONE));
        host.disableTimer();
        text.append("\n# neither\n").append(host.status(Colors.NONE));
        host.systemd = Optional.of(new RunningTimer(true, false, ""));
        text.append("\n# started and not enabled\n").append(host.status(Colors.NONE));
        host.systemd = Optional.of(new RunningTimer(true, false, "exit status 226"));
        text.append("\n# systemd could not start the last run\n").append(host.status(Colors.NONE));
        host.linkState();
        text.append("\n# the state directory is a link\n").append(host.status(Colors.NONE));
        host.mask(Sandbox.UNIT);
        text.append("\n# the service is masked\n").append(host.status(Colors.NONE));
        host.mask(TIMER);
        text.append("\n# both are\n").append(host.status(Colors.NONE));
        host.unmask(TIMER);
        host.unmask(Sandbox.UNIT);
        host.removeTimer();
        text.append("\n# no unit\n").append(host.status(Colors.NONE));
        assertEquals(Optional.empty(), host.report().schedule());
        Golden.hold("status-timer.txt", session.stable(text.toString()));
    }

    @Test
    void aRunThatFindsNothingDueCountsToo() throws IOException {
        host.enableTimer();
        assertEquals(0, program.run("renew").status());
        program.clock.advance(Duration.ofMinutes(12));
        assertTrue(program.run("renew").out().contains("not renewing"));
        assertEquals(Optional.of(now()), schedule().lastRun());
        assertEquals(Optional.of(now().plus(Duration.ofMinutes(14))), schedule().nextBy());
        program.run("renew", "--dry-run");
        program.clock.advance(Duration.ofMinutes(1));
        assertEquals(Optional.of(now().plus(Duration.ofMinutes(13))), schedule().nextBy(), "a rehearsal is no run");
    }

    @Test
    void aRunWithoutTokensCountsOnAHostThatHasNoAccountYet() throws IOException {
        program.variables.put(
                "OSG_TOKEN_RENEWER_STATE_DIR", program.file("fresh").toString());
        program.config("");
        host.boot(now().minus(Duration.ofHours(5)));
        assertEquals(Level.OK, host.report().level(), "no run is missed");
        assertEquals(0, program.run("renew").status());
        host.enableTimer();
        program.config(Program.ONE + "[account acct]\npassword_file = DIR/acct.pw\n");
        assertEquals(Optional.of(now()), schedule().lastRun());
        assertFalse(schedule().isOverdue(now()));
    }

    @Test
    void afterABootTheFirstRunMayTakeLonger() throws IOException {
        host.enableTimer();
        assertEquals(0, program.run("renew").status());
        program.clock.advance(Duration.ofMinutes(1));
        host.boot(now());
        Instant first = now().truncatedTo(java.time.temporal.ChronoUnit.SECONDS).plus(Duration.ofMinutes(19));
        assertEquals(Optional.of(first), schedule().nextBy(), "OnBootSec, the random delay and the accuracy");
        program.clock.advance(Duration.ofMinutes(28));
        assertEquals(Level.OK, host.report().level());
        program.clock.advance(Duration.ofMinutes(2));
        assertTrue(schedule().isOverdue(now()));
        assertEquals(Level.ACTION, host.report().level());
    }

    @Test
    void aTokenThatEndsBetweenTwoRunsIsAWarning() throws IOException {
        host.enableTimer();
        program.issuer.policy.accessSeconds = 14 * 60 + 1;
        assertEquals(0, program.run("renew").status());
        assertEquals(Level.OK, host.report().level());
        program.issuer.policy.accessSeconds = 14 * 60;
        assertEquals(0, program.run("renew", "--force").status());
        assertEquals(Level.WARNING, host.report().level());
        assertTrue(host.status(Colors.NONE).contains("can end between two runs"));
    }

    @Test
    void withoutATimerNothingIsSaidOfIt() {
        assertEquals(0, program.run("renew").status());
        assertTrue(program.run("status").out().endsWith("\n\n1 token: 1 OK\n"));
        assertEquals(Optional.empty(), Timer.read(directory));
    }
}

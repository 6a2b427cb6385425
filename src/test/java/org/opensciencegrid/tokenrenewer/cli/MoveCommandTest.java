package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.cli.output.RepairCommands;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** What the commands for a cluster do without one; {@code KubernetesStoreRing} has one. */
@Tag("program")
class MoveCommandTest {
    @TempDir
    private Path directory;

    private Program program;

    @BeforeEach
    void start() {
        program = new Program(directory);
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.accountWith(Program.ONE);
    }

    @AfterEach
    void stop() {
        program.close();
    }

    @Test
    void anAccountThatWasClosedForAMoveIsNotUsed() throws Exception {
        try (Password password = PasswordFile.read(program.file("acct.pw"));
                LockedAccount locked = program.store().lock("acct", Duration.ZERO);
                OpenAccount open = locked.open(password)) {
            open.save(Account.decode(open.plaintext())
                    .withMovedTo(Optional.of("kubernetes"))
                    .encode());
        }
        Result result = program.run("renew");
        assertEquals(1, result.status());
        assertTrue(result.err().contains("was moved to kubernetes"), result.err());
        assertTrue(result.err().contains("osg-token-renewer") && result.err().contains(" import acct"), result.err());
        assertEquals(0, program.issuer.count("/token", Policy.REFRESH_TOKEN));
    }

    @Test
    void withoutAClusterNothingIsChanged() {
        for (String command : new String[] {"import", "export"}) {
            Result result = program.run(command, "acct");
            assertEquals(2, result.status(), result.said());
            assertTrue(result.err().contains("KUBERNETES_SERVICE_HOST"), result.err());
        }
        assertEquals(2, program.run("--store=kubernetes", "renew").status());
        assertEquals(0, program.run("renew").status());
    }

    @Test
    void aSuggestedCommandHasTheStore() {
        Result result = program.run("--store=kubernetes", "renew");
        assertEquals(2, result.status());
        RepairCommands commands = new RepairCommands(RepairCommands.CONFIG, RepairCommands.STATE, true, Path.of("/"));
        assertEquals(List.of("osg-token-renewer", "--store=kubernetes", "setup", "acct"), commands.setup("acct"));
        assertEquals(
                List.of("osg-token-renewer", "--store", "kubernetes", "check"),
                commands.rerun(List.of("--store", "kubernetes", "check")));
    }

    @Test
    void aStoreThatDoesNotExist() {
        Result result = program.run("--store=vault", "renew");
        assertEquals(2, result.status());
        assertTrue(result.err().contains("neither files nor kubernetes"), result.err());
    }
}

package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** If an admin has corrected the cause of a failure, we no longer report it, even before the next run. */
class CorrectedTest extends WithProgram {
    private static final String GOOD = Program.ONE;

    @BeforeEach
    void site() {
        assertEquals(
                0, program.setup("--scope=openid offline_access compute.read").status());
        program.accountWith(GOOD);
        assertEquals(0, program.run("renew").status());
    }

    /** What fails, and how it is corrected. */
    enum Cause {
        PATH {
            @Override
            void spoil(Program program) {
                program.accountWith(GOOD.replace("DIR/one", "DIR/no/one"));
            }
        },
        DIRECTORY {
            @Override
            void spoil(Program program) {
                program.accountWith(GOOD.replace("DIR/one", "DIR/no/one"));
            }

            @Override
            void correct(Program program) throws IOException {
                Files.createDirectory(program.file("no"));
                Files.copy(program.file("one.token"), program.file("no/one.token"));
            }
        },
        SCOPE {
            @Override
            void spoil(Program program) {
                program.accountWith(GOOD + "scope = compute.raed\n");
            }
        },
        GROUP {
            @Override
            void spoil(Program program) {
                program.accountWith(GOOD + "token_group = nobody-is-called-so\n");
            }
        },
        HOOK {
            @Override
            void spoil(Program program) {
                program.accountWith(GOOD + "post_renewal = /bin/false\n");
            }
        },
        SECTION {
            @Override
            void spoil(Program program) {
                program.accountWith(GOOD + "min_lifetime = 10m\n");
            }
        },
        PASSWORD {
            @Override
            void spoil(Program program) throws IOException {
                Files.move(program.file("acct.pw"), program.file("kept"));
            }

            @Override
            void correct(Program program) throws IOException {
                Files.move(program.file("kept"), program.file("acct.pw"));
            }
        };

        abstract void spoil(Program program) throws IOException;

        void correct(Program program) throws IOException {
            program.accountWith(GOOD);
        }
    }

    @ParameterizedTest
    @EnumSource
    void isNotToldAgain(Cause cause) throws IOException {
        cause.spoil(program);
        assertTrue(program.run("renew", "--force").status() > 0);
        assertTrue(program.run("status").status() > 0);
        assertTrue(program.run("check", "--offline").status() > 0);
        cause.correct(program);
        Result status = program.run("status");
        assertEquals(0, status.status(), status.out());
        assertFalse(program.run("status", "--json").out().contains("\"failure\""));
        Result check = program.run("check", "--offline");
        assertEquals(0, check.status(), check.out());
        assertEquals(0, program.run("renew", "--force").status());
    }

    /** A failure that only the issuer can end is reported until it ends. */
    @Test
    void aFailureOfTheIssuerStays() {
        program.issuer.revokeAll();
        assertEquals(1, program.run("renew", "--force").status());
        program.accountWith(GOOD + "scope = compute.read\n");
        assertEquals(1, program.run("status").status());
        assertEquals(1, program.run("check").status());
    }

    @Test
    void statusOfAnAccountOfClientCredentials() {
        program.issuer.addClient(
                "robot", "s3cret", "client_secret_basic", List.of(Policy.CLIENT_CREDENTIALS), List.of("compute.read"));
        program.config("[account robot]\ntoken_request_url = " + program.issuer.base()
                + "/token\nclient_id = robot\nclient_secret = s3cret\nca_file = DIR/ca.pem\n"
                + "[token robot]\naccount = robot\ntoken_path = DIR/robot.token\n");
        assertEquals(0, program.run("renew").status());
        Result status = program.run("status", "--account=robot");
        assertEquals(0, status.status(), status.out());
        assertTrue(status.out().contains("[account robot] [token robot]"), status.out());
        assertFalse(status.out().contains("not set up"), status.out());
        program.config(program.read("config.ini").replace("s3cret", "another"));
        assertEquals(1, program.run("renew", "--force").status());
        status = program.run("status", "--account=robot");
        assertEquals(1, status.status(), status.out());
        assertTrue(status.out().contains("To fix: correct client_id or client_secret"), status.out());
    }

    /** Setup cannot authorize more for client credentials, so no fix may say so. */
    @Test
    void aScopeThatTheIssuerDoesNotAllowForClientCredentials() {
        program.issuer.addClient(
                "robot", "s3cret", "client_secret_basic", List.of(Policy.CLIENT_CREDENTIALS), List.of("compute.read"));
        program.config("[account robot]\ntoken_request_url = " + program.issuer.base()
                + "/token\nclient_id = robot\nclient_secret = s3cret\nca_file = DIR/ca.pem\n"
                + "[token robot]\naccount = robot\ntoken_path = DIR/robot.token\nscope = compute.create\n");
        Result renew = program.run("renew");
        assertEquals(1, renew.status(), renew.err());
        assertTrue(renew.err().contains("to allow it for this client"), renew.err());
        assertFalse(renew.err().contains("setup"), renew.err());
    }
}

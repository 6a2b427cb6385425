package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Failed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Fresh;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.HookFailed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;

/**
 * Base of all tests with a {@link Site}: a new site for each test, outcomes as short text, and a search for secrets at
 * the end.
 */
@Tag("program")
abstract class SiteTest {
    @TempDir
    Path directory;

    Site site;
    final List<Outcome> seen = new ArrayList<>();

    @BeforeEach
    void open() {
        site = new Site(directory);
    }

    @AfterEach
    void noSecretWasShownAndNoRuleBroken() {
        try {
            String shown = seen + site.stateText();
            for (String secret : site.issuer.secrets()) {
                assertFalse(shown.contains(secret), () -> "a secret in " + shown);
            }
            assertFalse(shown.contains(Site.PASSWORD), "the password");
            assertEquals(List.of(), site.issuer.violations());
        } finally {
            site.close();
        }
    }

    List<Outcome> renew() {
        return remember(site.renew());
    }

    List<Outcome> force() {
        return remember(site.force());
    }

    List<Outcome> renew(Set<String> tokens, Set<String> accounts, boolean force) {
        return remember(site.renew(tokens, accounts, force));
    }

    List<Outcome> remember(List<Outcome> outcomes) {
        seen.addAll(outcomes);
        return outcomes;
    }

    Renewed renewed(Outcome outcome) {
        return assertInstanceOf(Renewed.class, outcome);
    }

    Failed failed(Failure.Kind kind, Outcome outcome) {
        Failed failed = assertInstanceOf(Failed.class, outcome);
        assertEquals(kind, failed.failure().kind(), failed.toString());
        return failed;
    }

    /** Such as {@code t1 renewed, t2 fresh, t3 CLIENT_REFUSED, t4 CLIENT_REFUSED unasked}. */
    static String words(List<Outcome> outcomes) {
        return String.join(", ", outcomes.stream().map(SiteTest::word).toList());
    }

    private static String word(Outcome outcome) {
        if (outcome instanceof Failed failed) {
            return failed.token() + " " + failed.failure().kind() + (failed.wasRequested() ? "" : " unasked");
        }
        if (outcome instanceof HookFailed hook) {
            return word(hook.renewal()) + " " + hook.failure().kind();
        }
        return outcome.token() + (outcome instanceof Fresh ? " fresh" : " renewed");
    }

    static Fault onRefresh() {
        return Fault.on("/token").grant("refresh_token");
    }

    static Fault refusal(int status, String error) {
        return onRefresh().respond(status, "application/json", "{\"error\":\"" + error + "\"}");
    }
}

package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.ClusterApi;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.fixture.SiteDirectory;

/** Base of tests of the program in a pod, with the token {@code one} in a Secret. */
abstract class WithCluster extends WithProgram {
    ClusterApi cluster;

    @BeforeEach
    final void startCluster() {
        cluster = new ClusterApi(directory.resolve("pod"));
        program.variables.putAll(cluster.variables());
    }

    @AfterEach
    final void closeCluster() {
        cluster.close();
    }

    /** @param more options of the token */
    final void configure(String more) {
        program.config(SiteDirectory.accountSection("acct")
                + "[token one]\naccount = acct\ntoken_secret = tokens#one\nmin_lifetime = 60\n" + more);
    }

    final Result run(int status, String... words) {
        Result result = program.run(words);
        assertEquals(status, result.status(), result.said());
        return result;
    }

    final int refreshes() {
        return program.issuer.count("/token", Policy.REFRESH_TOKEN);
    }
}

package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.dist.Installed.Running;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** 50 runs at the same time on one account, at a slow issuer that ends the authorization if a token is used twice. */
class OverlapRing {
    private static final int RUNS = 50;

    @TempDir
    Path directory;

    @Test
    void runsTakeTurnsOrSayWhoHoldsTheAccount() throws Exception {
        try (AccessPoint point = new AccessPoint(directory).authorize()) {
            int before = point.refreshes();
            point.issuer.fault(
                    Fault.on("/token").grant("refresh_token").always().delayAfter(Duration.ofMillis(300)));
            // Each run has its own due token, so each must ask the issuer.
            List<Running> running = new ArrayList<>();
            for (int i = 0; i < RUNS; i++) {
                running.add(point.start("renew", "--force"));
            }
            Map<String, Integer> outcomes = new TreeMap<>();
            List<String> strange = new ArrayList<>();
            for (Running run : running) {
                Result ended = run.await();
                boolean busy = ended.status() == 1 && ended.said().contains("another run");
                if (ended.status() != 0 && !busy) {
                    strange.add(ended.toString());
                }
                outcomes.merge(
                        ended.status() == 0 ? "renewed" : busy ? "said that another run holds the account" : "other",
                        1,
                        Integer::sum);
            }
            System.out.println("--- " + RUNS + " runs at once on one account");
            outcomes.forEach((what, count) -> System.out.println(what + ": " + count));
            System.out.println("refresh requests: " + (point.refreshes() - before));
            System.out.println("reuses of a refresh token: " + point.issuer.reuses());
            assertEquals(List.of(), strange);
            assertEquals(outcomes.get("renewed"), point.refreshes() - before);
            assertEquals(0, point.issuer.reuses());
            assertEquals(List.of(), point.issuer.violations());
            assertEquals(point.issuer.currentRefreshTokens(), List.of(point.refreshToken()));
            point.issuer.clearFaults();
            assertTrue(point.run("renew", "--force").status() == 0);
        }
    }
}

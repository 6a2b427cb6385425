package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * Runs in a control group with a memory limit, as after a boot: six accounts whose keys must be derived, at a slow
 * issuer that rotates and ends an authorization on reuse. The kernel must not kill a run that has sent a request.
 * -Dmemory.runs=20 for more.
 */
class MemoryRing {
    private static final int RUNS = Integer.getInteger("memory.runs", 3);
    private static final int ACCOUNTS = 6;

    @TempDir
    Path directory;

    private Path group;

    @BeforeEach
    void makeGroup() throws IOException {
        Path one = Path.of("/sys/fs/cgroup/memory");
        Path two = Path.of("/sys/fs/cgroup");
        boolean isOne = Files.isWritable(one.resolve("cgroup.procs"));
        boolean isTwo = Files.exists(two.resolve("cgroup.subtree_control"))
                && Files.readString(two.resolve("cgroup.subtree_control")).contains("memory");
        assumeTrue(isOne || isTwo, "no memory controller here");
        group = Files.createDirectory((isOne ? one : two)
                .resolve("memory-ring-" + ProcessHandle.current().pid()));
    }

    @AfterEach
    void removeGroup() throws IOException {
        if (group != null) {
            Files.delete(group);
        }
    }

    @Test
    void aLimitIsMetBeforeTheFirstRequest() throws Exception {
        try (AccessPoint point = new AccessPoint(directory)) {
            point.issuer.policy.killFamilyOnReuse = true;
            point.cost = KdfParameters.DEFAULT;
            StringBuilder config = new StringBuilder();
            for (int i = 0; i < ACCOUNTS; i++) {
                config.append(AccessPoint.accountSection("a" + i))
                        .append(AccessPoint.tokenSection("t" + i, "a" + i, "DIR/tokens/" + i));
            }
            point.config(config.toString());
            for (int i = 0; i < ACCOUNTS; i++) {
                point.mustInProcess(
                        point.setupLine("--issuer=" + point.issuer.issuer(), "--scope=openid offline_access", "a" + i));
            }
            point.prefix.addAll(
                    List.of("sh", "-c", "echo $$ > " + group.resolve("cgroup.procs") + " && exec \"$0\" \"$@\""));
            point.issuer.fault(
                    Fault.on("/token").grant("refresh_token").always().delayAfter(Duration.ofMillis(700)));
            for (int limit : List.of(256, 208)) {
                for (int run = 0; run < RUNS; run++) {
                    Result ended = afterABoot(point, limit);
                    assertEquals(0, ended.status(), limit + " MiB, run " + run + ": " + ended.said());
                }
            }
            assertEquals(2 * RUNS * ACCOUNTS, point.refreshes());
            for (int limit : List.of(200, 160, 96)) {
                Result ended = afterABoot(point, limit);
                assertEquals(1, ended.status(), ended.said());
                assertTrue(ended.said().contains("no issuer was asked. Raise MemoryMax="), ended.said());
            }
            assertEquals(2 * RUNS * ACCOUNTS, point.refreshes());
            assertEquals(0, point.issuer.reuses());
            System.out.println("--- " + 2 * RUNS + " runs with 256 and 208 MiB: " + point.refreshes()
                    + " renewals, none lost; 200, 160 and 96 MiB: refused before a request");
        }
    }

    private Result afterABoot(AccessPoint point, int limit) throws Exception {
        if (Files.exists(point.file("run"))) {
            try (Stream<Path> keys = Files.list(point.file("run"))) {
                for (Path key :
                        keys.filter(file -> file.toString().endsWith(".key")).toList()) {
                    Files.delete(key);
                }
            }
        }
        Path one = group.resolve("memory.limit_in_bytes");
        Files.writeString(Files.exists(one) ? one : group.resolve("memory.max"), String.valueOf((long) limit << 20));
        return point.launch("usr/libexec/osg-token-renewer/osg-token-renewer.sh", "--force")
                .await();
    }
}

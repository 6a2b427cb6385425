package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.dist.Installed.Running;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * The file systems of store and tokens become full, read-only, missing or replaced, at three moments of a run: before
 * it, while the issuer has the request, and when the token is durable but not published. They are tmpfs in a mount
 * namespace of a helper process and disappear with it. Needs root.
 */
class FullDiskRing {
    /** The damage, as shell commands on the directory $D, and its repair. */
    private enum Damage {
        FULL("cat /dev/zero > $D/fill 2> /dev/null; true", "rm $D/fill"),
        /**
         * Mounted over itself, because a file system with an open file cannot be made read-only: new opens use the
         * upper mount.
         */
        READ_ONLY("mount --bind $D $D && mount -o remount,bind,ro $D", "umount $D"),
        GONE("mv $D/$S $D/away", "rm -rf $D/$S; mv $D/away $D/$S"),
        REPLACED("mv $D/$S $D/away && mkdir -m 700 $D/$S", "rm -rf $D/$S; mv $D/away $D/$S");

        private final String commands;
        private final String repair;

        Damage(String commands, String repair) {
            this.commands = commands;
            this.repair = repair;
        }
    }

    private enum Moment {
        BEFORE_THE_RUN,
        REQUEST_AT_THE_ISSUER,
        TOKEN_DURABLE
    }

    private static final Map<String, String> TABLE = new TreeMap<>();

    @TempDir
    static Path directory;

    @TestFactory
    List<DynamicTest> damagedStores() throws IOException {
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)
                        && AccessPoint.has("unshare")
                        && AccessPoint.has("nsenter")
                        && AccessPoint.has("strace"),
                "needs root, util-linux and strace");
        List<DynamicTest> tests = new ArrayList<>();
        for (Damage damage : Damage.values()) {
            for (Moment moment : Moment.values()) {
                String name = damage + " " + moment;
                tests.add(DynamicTest.dynamicTest("store " + name, () -> store(damage, moment)));
            }
            tests.add(DynamicTest.dynamicTest("tokens " + damage, () -> tokens(damage)));
        }
        return tests;
    }

    @AfterAll
    static void table() {
        System.out.println("--- damaged file systems: requests at the issuer, exit status, refresh token afterwards");
        TABLE.forEach((cell, result) -> System.out.println(cell + ": " + result));
    }

    /** Mounts in a namespace, visible only to processes that enter it. */
    private static final class Mounts implements AutoCloseable {
        private final Process holder;
        private final Path root;

        Mounts(Path... places) throws IOException, InterruptedException {
            StringBuilder script = new StringBuilder("set -e\n");
            for (Path place : places) {
                Files.createDirectories(place);
                script.append("mount -t tmpfs -o size=1m,mode=0700 tmpfs " + place + "\n");
            }
            holder = new ProcessBuilder("unshare", "-m", "sh", "-c", script + "echo mounted; exec sleep 600").start();
            byte[] said = holder.getInputStream().readNBytes("mounted".length());
            assertEquals("mounted", new String(said, StandardCharsets.UTF_8));
            root = Path.of("/proc/" + holder.pid() + "/root");
        }

        List<String> enter() {
            return List.of("nsenter", "-m", "-t", Long.toString(holder.pid()));
        }

        /** A file as seen in the namespace. */
        Path inside(Path file) {
            return Path.of(root + file.toString());
        }

        void sh(String commands, Path place, String name) throws IOException, InterruptedException {
            AccessPoint.sh(
                    String.join(" ", enter()) + " sh -c '" + "D=" + place + " S=" + name + "; " + commands + "'");
        }

        @Override
        public void close() {
            holder.destroyForcibly();
        }
    }

    private static void store(Damage damage, Moment moment) throws Exception {
        Path place = Files.createTempDirectory(directory, "store");
        try (AccessPoint point = new AccessPoint(place).authorize();
                Mounts mounts = new Mounts(point.file("mounted"))) {
            Path state = point.file("mounted");
            AccessPoint.sh("cp -a " + point.file("state") + "/. " + mounts.inside(state));
            point.variables.put("OSG_TOKEN_RENEWER_STATE_DIR", state.toString());
            String token = Files.readString(point.file("tokens/one.token"));
            String refreshToken = point.issuer.currentRefreshTokens().get(0);
            int before = point.refreshes();
            point.prefix.addAll(mounts.enter());

            Result ended;
            switch (moment) {
                case BEFORE_THE_RUN -> {
                    mounts.sh(damage.commands, state, "accounts");
                    ended = point.run("renew", "--force");
                }
                case REQUEST_AT_THE_ISSUER -> {
                    point.issuer.fault(Fault.on("/token").grant("refresh_token").rewrite(body -> {
                        try {
                            mounts.sh(damage.commands, state, "accounts");
                        } catch (IOException | InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                        return body;
                    }));
                    ended = point.run("renew", "--force");
                }
                default -> {
                    point.prefix.addAll(List.of(
                            "strace",
                            "-f",
                            "-qq",
                            "-o",
                            "/dev/null",
                            "-e",
                            "trace=fdatasync",
                            "-e",
                            "inject=fdatasync:delay_exit=4000000:when=1"));
                    Running run = point.start("renew", "--force");
                    Path next = mounts.inside(state.resolve("accounts/acct.account.next"));
                    AccessPoint.await(() -> AccessPoint.begins(next));
                    Thread.sleep(500); // the sync of a tmpfs takes no time
                    mounts.sh(damage.commands, state, "accounts");
                    ended = run.await();
                }
            }
            point.prefix.clear();
            point.prefix.addAll(mounts.enter());
            int asked = point.refreshes() - before;
            boolean early = moment == Moment.BEFORE_THE_RUN;
            assertEquals(early ? 0 : 1, asked, ended.said());
            if (early) {
                assertEquals(1, ended.status(), ended.said());
                assertEquals(token, Files.readString(point.file("tokens/one.token")), "unchanged");
                assertEquals(List.of(refreshToken), point.issuer.currentRefreshTokens());
            }
            // A directory that was removed during the run stays removed: the rescue copy must be enough.
            boolean isAway = damage == Damage.GONE || damage == Damage.REPLACED;
            if (early || !isAway) {
                mounts.sh(damage.repair, state, "accounts");
            }
            Result next = point.run("renew", "--force");
            TABLE.put(
                    "store " + damage + ", " + moment,
                    asked + " requests, exit " + ended.status() + ", "
                            + (next.status() == 0 ? "next run renews" : "LOST"));
            assertEquals(0, next.status(), ended.said() + next.said());
            assertEquals(0, point.issuer.reuses());
        }
    }

    private static void tokens(Damage damage) throws Exception {
        Path place = Files.createTempDirectory(directory, "tokens");
        try (AccessPoint point = new AccessPoint(place);
                Mounts mounts = new Mounts(point.file("mounted"))) {
            Path tokens = point.file("mounted");
            Path one = tokens.resolve("sub/one.token");
            Files.createDirectories(mounts.inside(tokens.resolve("sub")));
            point.authorize();
            point.tokens(one, point.file("tokens/other.token"));
            point.prefix.addAll(mounts.enter());
            Result first = point.run("renew", "--force");
            assertEquals(0, first.status(), first.said());
            String token = Files.readString(mounts.inside(one));
            int before = point.refreshes();
            mounts.sh(damage.commands, tokens, "sub");
            Result ended = point.run("renew", "--force");
            if (damage == Damage.REPLACED) { // any empty directory will do
                assertEquals(0, ended.status(), ended.said());
            } else {
                assertEquals(1, ended.status(), ended.said());
                assertTrue(ended.said().contains("token t1: renewed"), "the other token is renewed: " + ended.said());
            }
            mounts.sh(damage.repair, tokens, "sub");
            assertEquals(token, Files.readString(mounts.inside(one)), "the old token is as it was");
            Result next = point.run("renew");
            assertEquals(0, next.status(), next.said());
            assertEquals(0, point.issuer.reuses());
            TABLE.put(
                    "tokens " + damage,
                    point.refreshes() - before + " requests in two runs, exit " + ended.status()
                            + ", old token kept, next run renews");
        }
    }
}

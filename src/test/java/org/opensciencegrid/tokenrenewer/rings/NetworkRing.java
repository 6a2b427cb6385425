package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** The network connections of the shipped program and the processes that it starts, as the kernel reports them. */
class NetworkRing {
    private static final Pattern ADDRESS =
            Pattern.compile("sin6?_port=htons\\((\\d+)\\).*?(?:inet_addr\\(|inet_pton\\(AF_INET6, )\"([^\"]+)\"");
    private static final Pattern PROGRAM = Pattern.compile("execve\\(\"([^\"]+)\".* = 0$");

    @TempDir
    Path directory;

    @Test
    void onlyTheIssuerIsContactedAndNothingIsStarted() throws Exception {
        assumeTrue(AccessPoint.has("strace"), "needs strace: apt-get install strace");
        try (AccessPoint point = new AccessPoint(directory)) {
            String issuer = "--issuer=" + point.issuer.issuer();
            traced(point, true, point.setupLine(issuer, "--scope=openid offline_access", "acct"));
            traced(point, true, "renew", "--force");
            traced(point, true, "check");
            traced(point, false, "check", "--offline");
            traced(point, false, "status");
            traced(point, false, "renew", "--dry-run");
            traced(point, true, "remove", "acct", "--revoke", "--delete-client");
        }
    }

    private void traced(AccessPoint point, boolean isOnline, String... words) throws Exception {
        Path trace = Files.createTempFile(directory, "strace", "");
        point.prefix.addAll(List.of(
                "strace",
                "-f",
                "-qq",
                "-o",
                trace.toString(),
                "-e",
                "trace=execve,vfork,connect,sendto,sendmsg,sendmmsg,bind,listen"));
        Result ended = point.run(words);
        point.prefix.clear();
        assertTrue(ended.status() <= 1, ended.said());
        Set<String> hosts = new TreeSet<>();
        boolean isJava = false;
        for (String line : Files.readAllLines(trace)) {
            Matcher program = PROGRAM.matcher(line);
            if (program.find()) {
                assertTrue(!isJava, () -> "Java started a program: " + line);
                isJava = program.group(1).endsWith("/java");
            }
            assertTrue(!isJava || !line.contains("vfork("), line);
            assertTrue(!line.contains("listen("), line);
            Matcher address = ADDRESS.matcher(line);
            if (address.find() && !line.contains("bind(")) {
                hosts.add(address.group(2).replace("::ffff:", "") + ":" + address.group(1));
            }
        }
        assertTrue(isJava, "no Java was seen");
        Set<String> allowed = isOnline ? Set.of("127.0.0.1:" + point.issuer.port()) : Set.of();
        assertEquals(allowed, hosts, String.join(" ", words));
        System.out.println("--- network of " + words[0] + ": " + (isOnline ? hosts : "none") + ", no program started");
    }

    /** In a namespace without any network, even without loopback. */
    @Test
    void whatNeedsNoIssuerNeedsNoNetwork() throws Exception {
        try (AccessPoint point = new AccessPoint(directory).authorize()) {
            point.config(point.read("config.ini") + "min_lifetime = 60\n");
            point.mustInProcess("renew", "--force");
            point.prefix.addAll(List.of("unshare", "-n"));
            for (List<String> words : List.of(
                    List.of("renew"),
                    List.of("renew", "--dry-run"),
                    List.of("status"),
                    List.of("status", "--json"),
                    List.of("status", "t0"))) {
                Result ended = point.run(words.toArray(String[]::new));
                assertEquals(0, ended.status(), words + ": " + ended.said());
            }
            int before = point.refreshes();
            Result cut = point.run("renew", "--force", "--strict");
            assertEquals(1, cut.status(), cut.said());
            assertEquals(before, point.refreshes());
        }
    }
}

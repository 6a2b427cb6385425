package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.dist.Installed;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** The shipped push-ssh copies tokens to a real sshd, which is 20 hosts: 127.0.0.1 to 127.0.0.20. */
class PushRing {
    private static final int HOSTS = 20;
    private static final Path PUSH_SSH = Installed.DIST.resolve("usr/libexec/osg-token-renewer/hooks/push-ssh");

    @TempDir
    Path directory;

    private AccessPoint site;
    private Process sshd;
    private int port;
    private final List<String> known = new ArrayList<>();
    private final List<String> hosts = new ArrayList<>();

    @BeforeEach
    void hosts() throws Exception {
        site = new AccessPoint(directory.resolve("site")).authorize();
        port = freePort();
        AccessPoint.sh("mkdir -p /run/sshd"); // where sshd changes its root to
        for (String key : List.of("host", "other", "id")) {
            AccessPoint.sh("ssh-keygen -q -t ed25519 -N '' -f " + directory.resolve(key));
        }
        write(
                "sshd_config",
                "Port " + port,
                "HostKey " + directory.resolve("host"),
                "AuthorizedKeysFile " + directory.resolve("id.pub"),
                "StrictModes no",
                "UsePAM no",
                "PermitRootLogin yes",
                "MaxStartups 100",
                "PidFile none");
        for (int i = 1; i <= HOSTS; i++) {
            host(i, port, "host");
        }
        writeClient();
        sshd = new ProcessBuilder(
                        "/usr/sbin/sshd",
                        "-D",
                        "-f",
                        directory.resolve("sshd_config").toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("sshd.log").toFile())
                .start();
        AccessPoint.await(this::isListening);
        Files.createDirectories(directory.resolve("far"));
    }

    @AfterEach
    void stop() throws InterruptedException {
        sshd.destroy();
        sshd.waitFor(20, TimeUnit.SECONDS);
        site.close();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private boolean isListening() {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private void write(String file, String... lines) throws IOException {
        Files.writeString(directory.resolve(file), String.join("\n", lines) + "\n");
    }

    private void host(int number, int at, String key) throws IOException {
        String address = "127.0.0." + number;
        String public0 = Files.readString(directory.resolve(key + ".pub")).strip();
        hosts.add("Host host" + number + "\nHostName " + address + "\nPort " + at);
        known.add("[" + address + "]:" + at + " " + public0);
    }

    private void writeClient() throws IOException {
        write("known_hosts", known.toArray(String[]::new));
        write(
                "ssh_config",
                String.join("\n", hosts),
                "Host *",
                "IdentityFile " + directory.resolve("id"),
                "UserKnownHostsFile " + directory.resolve("known_hosts"));
    }

    /** The last lines about a host count. */
    private void change(int number, int at, String key) throws IOException {
        hosts.removeIf(lines -> lines.startsWith("Host host" + number + "\n"));
        known.removeIf(line -> line.startsWith("[127.0.0." + number + "]:"));
        host(number, at, key);
    }

    private void configure(String options) {
        StringBuilder command = new StringBuilder(PUSH_SSH + " --config=" + directory.resolve("ssh_config") + options);
        for (int i = 1; i <= HOSTS; i++) {
            command.append(" host").append(i).append(':').append(far(i));
        }
        site.config(site.read("config.ini") + "post_renewal = " + command + "\npost_renewal_timeout = 60\n");
    }

    private Path far(int number) {
        return directory.resolve("far/" + number);
    }

    private Result push(String tokenPath, String... destinations) throws Exception {
        List<String> line = new ArrayList<>(List.of(
                "env",
                "TOKEN_PATH=" + tokenPath,
                PUSH_SSH.toString(),
                "--config=" + directory.resolve("ssh_config"),
                "--timeout=20"));
        line.addAll(List.of(destinations));
        return site.command(line.toArray(String[]::new));
    }

    /** 3 of 20 are dead: a port where nothing listens, an address that answers nothing, and a changed host key. */
    @Test
    void twentyHostsOfWhichThreeAreDead() throws Exception {
        change(5, freePort(), "host");
        change(15, port, "other");
        try (ServerSocket hole = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.10"))) {
            change(10, hole.getLocalPort(), "host");
            writeClient();
            List<Socket> queue = fill(hole); // from now on, Linux drops what comes
            configure(" --timeout=15");
            Instant before = Instant.now();
            Result renew = site.run("renew", "--force");
            Duration took = Duration.between(before, Instant.now());
            System.out.println("20 destinations, 3 dead: " + took.toMillis() + " ms");
            assertEquals(1, renew.status(), renew.said());
            assertTrue(took.compareTo(Duration.ofSeconds(45)) < 0, took.toString());
            String said = renew.said();
            for (String one : List.of(
                    "3 of 20 destinations failed: ",
                    "host5:" + far(5) + " (ssh: connect to host 127.0.0.5",
                    "host10:" + far(10) + " (",
                    "host15:" + far(15) + " (its host key has changed")) {
                assertTrue(said.contains(one), one + " is not in " + said);
            }
            for (Socket socket : queue) {
                socket.close();
            }
        }
        for (int i = 1; i <= HOSTS; i++) {
            boolean isDead = i % 5 == 0 && i != 20;
            assertEquals(!isDead, Files.exists(far(i)), "host " + i);
            if (!isDead) {
                assertEquals(site.read("tokens/one.token"), Files.readString(far(i)));
                assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(far(i)));
            }
        }
        String json = site.run("status", "--json").out();
        assertEquals(3, json.split("\"reason\"", -1).length - 1, json);
        assertEquals(HOSTS, json.split("\"destination\"", -1).length - 1, json);

        for (int i : new int[] {5, 10, 15}) {
            change(i, port, "host");
        }
        writeClient();
        assertEquals(0, site.run("renew").status(), "the next run tries again");
        assertEquals(Files.readString(far(1)), Files.readString(far(15)));
        assertFalse(site.run("status", "--json").out().contains("\"reason\""));
    }

    private static List<Socket> fill(ServerSocket hole) throws IOException {
        List<Socket> queue = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Socket socket = new Socket();
            queue.add(socket);
            try {
                socket.connect(hole.getLocalSocketAddress(), 300);
            } catch (IOException e) {
                break;
            }
        }
        return queue;
    }

    @Test
    void theOldKeyOfAHostIsRemovedByThePrintedCommand() throws Exception {
        change(2, port, "other");
        writeClient();
        String token = site.file("tokens/one.token").toString();
        Result changed = push(token, "host2:" + far(2), "host3:" + far(3));
        assertEquals(1, changed.status(), changed.said());
        String reason = changed.out()
                .lines()
                .filter(line -> line.startsWith("destination host2:" + far(2) + " failed "))
                .findFirst()
                .orElseThrow();
        AccessPoint.sh(reason.split("remove the old one: ", 2)[1]);
        String left = Files.readString(directory.resolve("known_hosts"));
        assertFalse(left.contains("[127.0.0.2]:"), left);
        assertTrue(left.contains("[127.0.0.3]:"), left);
        Result missing = push(token, "host2:" + far(2));
        assertTrue(missing.out().contains("is not in known_hosts of "), missing.said());
    }

    @Test
    void anyNameOnTheFarSideIsSafe() throws Exception {
        Path odd = Files.createDirectory(directory.resolve("far/it's \"a\" $(touch HERE) `b`; *"));
        Path token = directory.resolve("to ken's \"$x\"");
        Files.writeString(token, "a.b.c\n");
        Result both = push(token.toString(), "host1:" + odd + "/t !x", "host2:" + directory.resolve("far/-x"));
        assertEquals(0, both.status(), both.said());
        assertEquals("a.b.c\n", Files.readString(odd.resolve("t !x")));
        assertEquals("a.b.c\n", Files.readString(directory.resolve("far/-x")));
        Files.writeString(token, "new\n");
        Files.createSymbolicLink(directory.resolve("far/link"), directory.resolve("far/-x"));
        assertEquals(
                0,
                push(token.toString(), "host1:" + directory.resolve("far/link")).status());
        assertFalse(Files.isSymbolicLink(directory.resolve("far/link")), "replaced, not followed");
        assertEquals("a.b.c\n", Files.readString(directory.resolve("far/-x")));
        try (var files = Files.list(directory.resolve("far"))) {
            assertFalse(files.anyMatch(file -> file.getFileName().toString().startsWith(".osg")), "no rest");
        }
    }

    @Test
    void whatCannotBeCopiedIsSaidAndTheOldTokenStays() throws Exception {
        Path token = directory.resolve("token");
        Files.writeString(token, "secret.token.value\n");
        Path old = Files.writeString(far(1), "old\n");
        for (String destination : List.of(
                "host1:" + directory.resolve("nowhere/x"),
                "host1:" + directory.resolve("far"),
                "host1:relative",
                "host1:/",
                "-oProxyCommand=true:/x",
                "nobody@host1:" + far(1),
                "host.invalid:" + far(1))) {
            Result result = push(token.toString(), "--", destination);
            assertNotEquals(0, result.status(), destination);
            assertTrue(result.out().contains("destination " + destination + " failed "), result.said());
            assertFalse(result.said().contains("secret"), result.said());
        }
        Files.writeString(token, "");
        assertTrue(push(token.toString(), "host1:" + far(1)).out().contains("failed cannot read a token"));
        assertEquals("old\n", Files.readString(old));
    }

    /** Kills the connection in the middle: the far side has the whole new token or the old one. */
    @Test
    void aBrokenConnectionLeavesTheOldToken() throws Exception {
        Path token = directory.resolve("token");
        Files.writeString(far(1), "old\n");
        String receive = Files.readString(PUSH_SSH)
                .split("receive='", 2)[1]
                .split("'\n", 2)[0]
                .replace("\n", "");
        Result half = site.command(
                "sh", "-c", "printf '%s\\n0600\\n12\\nabc' \"$1\" | sh -c \"$2\"", "sh", far(1).toString(), receive);
        assertNotEquals(0, half.status());
        assertEquals("old\n", Files.readString(far(1)));
        Files.writeString(token, "abc.def.ghi\n");
        assertEquals(0, push(token.toString(), "host1:" + far(1)).status());
        assertEquals("abc.def.ghi\n", Files.readString(far(1)));
    }
}

package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.dist.Installed;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** The shipped push-kubectl at the cluster that {@code KUBECONFIG} names, with kubectl in the PATH. */
class PushKubectlRing {
    private static final Path PUSH = Installed.DIST.resolve("usr/libexec/osg-token-renewer/hooks/push-kubectl");
    private static final String SECRET = "push-kubectl-ring";

    @TempDir
    Path directory;

    private Installed site;
    private Path token;
    private Path kubeconfig;

    @BeforeEach
    void cluster() throws Exception {
        assumeTrue(System.getenv("KUBECONFIG") != null, "needs KUBECONFIG: see .ci/kubernetes/run");
        site = new Installed(directory.resolve("site"));
        token = directory.resolve("token");
        kubeconfig = Path.of(System.getenv("KUBECONFIG"));
        kubectl("--namespace=default", "delete", "secret", SECRET, "--ignore-not-found");
    }

    private Result kubectl(String... words) throws Exception {
        List<String> line = new ArrayList<>(List.of("kubectl", "--kubeconfig=" + kubeconfig));
        line.addAll(Arrays.asList(words));
        return site.command(line.toArray(String[]::new));
    }

    private Result push(String destination) throws Exception {
        return site.command("env", "TOKEN_PATH=" + token, "KUBECONFIG=" + kubeconfig, PUSH.toString(), destination);
    }

    private String value(String key) throws Exception {
        return kubectl("get", "secret", SECRET, "-o", "go-template={{index .data \"" + key + "\" | base64decode}}")
                .out();
    }

    @Test
    void theSecretIsMadeAndReplacedAndKeepsItsOtherKeys() throws Exception {
        Files.writeString(token, "one.two.three\n");
        assertEquals(0, push(SECRET).status());
        assertEquals("one.two.three", value("token"));
        Files.writeString(token, "new.new.new\n");
        Result again = push("default/" + SECRET + "#token");
        assertEquals(0, again.status(), again.said());
        assertTrue(again.out().contains("destination default/" + SECRET + "#token ok"), again.said());
        assertEquals(0, push(SECRET + "#second").status());
        assertEquals("new.new.new", value("token"), "another key");
        assertEquals("new.new.new", value("second"));
        kubectl("patch", "secret", SECRET, "-p", "{\"stringData\": {\"other\": \"kept\", \"token\": \"stranger\"}}");
        assertEquals(0, push(SECRET).status());
        assertEquals("kept", value("other"));
        assertEquals("new.new.new", value("token"));
    }

    @Test
    void whatCannotBePushedIsSaidAndTheSecretStays() throws Exception {
        Files.writeString(token, "one.two.three\n");
        assertEquals(0, push(SECRET).status());
        Files.writeString(token, "");
        Result empty = push(SECRET);
        assertEquals(1, empty.status());
        assertTrue(empty.out().contains("destination " + SECRET + " failed cannot read a token"), empty.said());
        assertEquals("one.two.three", value("token"));
        Files.writeString(token, "secret.token.value\n");
        Result nowhere = push("no-such-namespace/" + SECRET);
        assertEquals(1, nowhere.status());
        assertTrue(nowhere.out().contains("NotFound"), nowhere.said());
        assertFalse(nowhere.said().contains("secret.token"), nowhere.said());
        assertEquals(2, push("Not_A_Name").status());
        kubeconfig = directory.resolve("none");
        assertTrue(push(SECRET).out().contains("failed "));
    }
}

package org.opensciencegrid.tokenrenewer.rings;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.opensciencegrid.tokenrenewer.kubernetes.ServiceAccount;

/**
 * The cluster of {@code KUBECONFIG}, with a namespace of its own for one test. {@code .ci/kubernetes/run} starts an API
 * server if the variable is not set.
 */
public final class Cluster implements AutoCloseable {
    private final String namespace;

    /** @param name prefix of the namespace */
    public Cluster(String name) throws IOException {
        Assumptions.assumeTrue(System.getenv("KUBECONFIG") != null, "needs KUBECONFIG: see .ci/kubernetes/run");
        namespace = name + "-" + ProcessHandle.current().pid() + "-" + Long.toString(System.nanoTime(), 36);
        kubectlAnywhere("create", "namespace", namespace);
    }

    public String namespace() {
        return namespace;
    }

    /** As the administrator, in the namespace. Returns the standard output. */
    public String kubectl(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of("--namespace", namespace));
        all.addAll(List.of(arguments));
        return kubectlAnywhere(all.toArray(new String[0]));
    }

    /** As the administrator, with the standard input. */
    public String kubectlWith(String input, String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of("kubectl", "--namespace", namespace));
        all.addAll(List.of(arguments));
        return run(input, all);
    }

    public static String kubectlAnywhere(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of("kubectl"));
        all.addAll(List.of(arguments));
        return run("", all);
    }

    private static String run(String input, List<String> command) throws IOException {
        Path err = Files.createTempFile("kubectl", ".err");
        try {
            Process process =
                    new ProcessBuilder(command).redirectError(err.toFile()).start();
            process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().close();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(command + ": " + Files.readString(err) + out);
            }
            return out;
        } catch (InterruptedException e) {
            throw new IOException(e);
        } finally {
            Files.deleteIfExists(err);
        }
    }

    /** Makes a service account, and a directory as in a pod. It has no rights yet. */
    public ServiceAccount serviceAccount(String name, Path directory) throws IOException {
        kubectl("create", "serviceaccount", name);
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("token"), token(name, 3600));
        Files.writeString(directory.resolve("namespace"), namespace);
        Files.writeString(
                directory.resolve("ca.crt"),
                new String(
                        Base64.getDecoder().decode(config("{.clusters[0].cluster.certificate-authority-data}")),
                        StandardCharsets.US_ASCII));
        return new ServiceAccount(server(), directory);
    }

    /** A new token of a service account. */
    public String token(String serviceAccount, int seconds) throws IOException {
        String request = "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\",\"spec\":{"
                + "\"expirationSeconds\":" + seconds + "}}";
        String answer = kubectlWith(
                request,
                "create",
                "--raw",
                "/api/v1/namespaces/" + namespace + "/serviceaccounts/" + serviceAccount + "/token",
                "-f",
                "-");
        return answer.replaceAll("(?s).*\"token\":\"([^\"]+)\".*", "$1");
    }

    /** Lets the service account use the objects with these names, and nothing else. */
    public void allow(String serviceAccount, String role, String verbs, String resource, String... names)
            throws IOException {
        List<String> command =
                new ArrayList<>(List.of("create", "role", role, "--verb=" + verbs, "--resource=" + resource));
        for (String name : names) {
            command.add("--resource-name=" + name);
        }
        kubectl(command.toArray(new String[0]));
        kubectl(
                "create",
                "rolebinding",
                role,
                "--role=" + role,
                "--serviceaccount=" + namespace + ":" + serviceAccount);
    }

    /** Lets the service account keep these accounts in the cluster, with the least rights. */
    void allowAccounts(String serviceAccount, String... accounts) throws IOException {
        List<String> secrets = new ArrayList<>();
        List<String> leases = new ArrayList<>();
        for (String account : accounts) {
            secrets.add("osg-token-renewer-account-" + account);
            secrets.add("osg-token-renewer-state-" + account);
            leases.add("osg-token-renewer-account-" + account);
        }
        String lease = "leases.coordination.k8s.io";
        allow(serviceAccount, "accounts", "get,update", "secrets", secrets.toArray(String[]::new));
        allow(serviceAccount, "new-accounts", "create", "secrets");
        allow(serviceAccount, "leases", "get,update", lease, leases.toArray(String[]::new));
        allow(serviceAccount, "new-leases", "create", lease);
    }

    /** As if the holder of the account's lease had been gone for the duration of the lease. */
    void endLease(String account) throws IOException {
        kubectl(
                "patch",
                "lease",
                "osg-token-renewer-account-" + account,
                "--type=merge",
                "-p",
                "{\"spec\":{\"leaseDurationSeconds\":1}}");
    }

    public static URI server() throws IOException {
        return URI.create(config("{.clusters[0].cluster.server}"));
    }

    /** The environment of a process in a pod with this service account. */
    public static Map<String, String> environment(ServiceAccount account) {
        return Map.of(
                "KUBERNETES_SERVICE_HOST",
                account.server().getHost(),
                "KUBERNETES_SERVICE_PORT",
                String.valueOf(account.server().getPort()),
                ServiceAccount.DIRECTORY_VARIABLE,
                account.directory().toString());
    }

    private static String config(String path) throws IOException {
        return kubectlAnywhere("config", "view", "--raw", "--minify", "--flatten", "-o", "jsonpath=" + path);
    }

    /** Without waiting: only a controller, which the API server lacks, deletes the content. */
    @Override
    public void close() throws IOException {
        kubectl("delete", "secrets,leases,roles,rolebindings,serviceaccounts", "--all");
        kubectlAnywhere("delete", "namespace", namespace, "--wait=false");
    }
}

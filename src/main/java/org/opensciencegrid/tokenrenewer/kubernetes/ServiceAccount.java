package org.opensciencegrid.tokenrenewer.kubernetes;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;
import java.util.function.Function;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException.Kind;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * The identity of a pod: the address of the API server, and the directory with the files token, ca.crt and namespace.
 *
 * @param directory usually {@value #DIRECTORY}; another one if the pod has a projected volume with a token of its own
 */
public record ServiceAccount(URI server, Path directory) {
    private static final String DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";
    private static final int MAX_BYTES = 1 << 16;
    private static final String UNNAMED = "the service account";

    /** Names another directory, for pods with {@code automountServiceAccountToken: false} and a projected volume. */
    public static final String DIRECTORY_VARIABLE = "OSG_TOKEN_RENEWER_SERVICE_ACCOUNT_DIR";

    /**
     * The identity that Kubernetes gives each pod.
     *
     * @param variable reads an environment variable
     * @throws KubernetesException NOT_IN_CLUSTER
     */
    public static ServiceAccount of(Function<String, Optional<String>> variable) throws KubernetesException {
        String host = variable.apply("KUBERNETES_SERVICE_HOST").orElse("");
        String port = variable.apply("KUBERNETES_SERVICE_PORT").orElse("443");
        Path directory = Path.of(variable.apply(DIRECTORY_VARIABLE).orElse(DIRECTORY));
        if (host.isEmpty()) {
            throw notInCluster("the environment has no KUBERNETES_SERVICE_HOST, so this does not run in a pod");
        }
        String name = host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host; // IPv6
        if (!name.matches("[-.a-zA-Z0-9]+|\\[[:.a-fA-F0-9]+]") || !port.matches("\\d{1,5}")) {
            throw notInCluster("KUBERNETES_SERVICE_HOST=" + Printable.of(host, 100) + " and KUBERNETES_SERVICE_PORT="
                    + Printable.of(port, 100) + " are not a host and a port");
        }
        return new ServiceAccount(URI.create("https://" + name + ":" + port), directory);
    }

    /** Not cached: Kubernetes replaces the token about once an hour. */
    Secret bearer() throws KubernetesException {
        return Secret.of(read("token"));
    }

    /** {@code system:serviceaccount:NAMESPACE:NAME}, as messages of the API server name it; for messages. */
    String user() throws KubernetesException {
        String[] parts = bearer().reveal().split("\\.", 3);
        try {
            String claims = new String(Base64.getUrlDecoder().decode(parts[parts.length / 2]), StandardCharsets.UTF_8);
            return JsonObject.parse(claims)
                    .flatMap(json -> json.string("sub"))
                    .filter(user -> user.matches("system:serviceaccount:[-.a-z0-9]+:[-.a-z0-9]+"))
                    .orElse(UNNAMED);
        } catch (IllegalArgumentException e) {
            return UNNAMED; // not a JWT
        }
    }

    Path ca() {
        return directory.resolve("ca.crt");
    }

    /** The namespace of the pod. */
    public String namespace() throws KubernetesException {
        String namespace = read("namespace");
        if (!ObjectName.isNamespace(namespace)) {
            throw notInCluster(directory.resolve("namespace") + ": not the name of a namespace");
        }
        return namespace;
    }

    private String read(String file) throws KubernetesException {
        Path path = directory.resolve(file);
        try {
            String text =
                    Files.size(path) > MAX_BYTES ? "" : Files.readString(path).strip();
            if (text.isEmpty()) {
                throw notInCluster(path + ": the file is empty or too long");
            }
            return text;
        } catch (IOException e) {
            String reason = Files.notExists(path) ? "no such file" : "cannot be read";
            throw notInCluster(path + ": " + reason);
        }
    }

    static KubernetesException notInCluster(String message) {
        return new KubernetesException(Kind.NOT_IN_CLUSTER, "", Optional.empty(), message);
    }
}

package org.opensciencegrid.tokenrenewer.token;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.config.TokenSecret;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesApi;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException.Kind;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesObject;
import org.opensciencegrid.tokenrenewer.kubernetes.ObjectName;
import org.opensciencegrid.tokenrenewer.kubernetes.ServiceAccount;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.util.BearerToken;
import org.opensciencegrid.tokenrenewer.util.Rfc3339;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Access tokens in Secrets of the cluster that this pod runs in. Looks for the cluster at the first use. If its API
 * server cannot be used, every later call but {@link #write} fails at once with the same exception, so make one object
 * for each run. Threads may share it.
 */
public final class TokenSecrets {
    /** When the token that was written last expires, RFC 3339 in UTC. */
    private static final String EXPIRES_AT = "osg-token-renewer/expires-at";

    /** How often we read again when another client changes the Secret at the same time. */
    private static final int MAX_CONFLICTS = 10;

    private final Function<String, Optional<String>> variable;
    private final Network network;
    private final Sleeper pause;
    private @Nullable KubernetesApi api;
    private volatile @Nullable KubernetesException outage;

    /**
     * @param variable reads an environment variable of the pod
     * @param network only its log is used
     */
    public TokenSecrets(Function<String, Optional<String>> variable, Network network, Sleeper pause) {
        this.variable = variable;
        this.network = network;
        this.pause = pause;
    }

    @FunctionalInterface
    private interface Use<T> {
        T with(KubernetesApi api, ObjectName name) throws KubernetesException;
    }

    private <T> T use(TokenSecret secret, Use<T> use) throws KubernetesException {
        if (outage != null) {
            throw outage;
        }
        return useNow(secret, use);
    }

    private <T> T useNow(TokenSecret secret, Use<T> use) throws KubernetesException {
        try {
            KubernetesApi client = api();
            String namespace =
                    secret.namespace().isPresent() ? secret.namespace().get() : client.namespace();
            return use.with(client, ObjectName.secret(namespace, secret.name()));
        } catch (KubernetesException e) {
            boolean isOutage = switch (e.kind()) {
                case NOT_IN_CLUSTER, UNREACHABLE, NO_ANSWER, UNAUTHORIZED -> true;
                default -> false;
            };
            outage = isOutage ? e : outage;
            throw e;
        }
    }

    private synchronized KubernetesApi api() throws KubernetesException {
        if (api == null) {
            api = new KubernetesApi(ServiceAccount.of(variable), network, pause);
        }
        return api;
    }

    /** The token of a section: that in its file, or in its Secret if it has no file. Empty if there is none. */
    public Optional<Secret> read(TokenSection section) throws KubernetesException {
        if (section.tokenPath().isPresent()) {
            return new TokenFile(section.tokenPath().get()).read();
        }
        TokenSecret secret = section.tokenSecret().orElseThrow();
        return use(secret, (client, name) -> client.get(name))
                .flatMap(object -> object.data(secret.key()))
                .map(bytes -> new String(bytes, StandardCharsets.UTF_8).strip())
                .filter(BearerToken::isValid)
                .map(Secret::of);
    }

    /**
     * Replaces the token and keeps all other content of the Secret. Returns false if the Secret has the token already, or
     * has one that may stay. Always tries, because nobody else may have the token.
     *
     * @param expiresAt empty if unknown
     * @param mayStay whether a token that is in the Secret may stay there
     */
    public boolean write(TokenSecret secret, Secret token, Optional<Instant> expiresAt, Predicate<String> mayStay)
            throws KubernetesException {
        byte[] content = token.reveal().getBytes(StandardCharsets.UTF_8);
        return useNow(secret, (client, name) -> {
            for (int i = 0; ; i++) {
                Optional<KubernetesObject> stored = client.get(name);
                byte[] old = stored.flatMap(object -> object.data(secret.key())).orElse(new byte[0]);
                if (Arrays.equals(content, old) || mayStay.test(new String(old, StandardCharsets.UTF_8))) {
                    return false;
                }
                if (stored.isPresent()) {
                    requireUsable(stored.get());
                }
                KubernetesObject changed = stored.orElseGet(() -> KubernetesObject.of(name))
                        .withData(secret.key(), content)
                        .withAnnotation(EXPIRES_AT, expiresAt.map(Rfc3339::of).orElse(""));
                try {
                    if (stored.isPresent()) {
                        client.replace(changed);
                    } else {
                        client.create(changed);
                    }
                    return true;
                } catch (KubernetesException e) {
                    if (e.kind() != Kind.CONFLICT || i >= MAX_CONFLICTS) {
                        throw e;
                    }
                }
            }
        });
    }

    /** Kubernetes itself manages the content of some types, and nobody can change an immutable Secret. */
    private static void requireUsable(KubernetesObject secret) throws KubernetesException {
        if (secret.isImmutable()) {
            throw secret.rejected("it is immutable");
        }
        if (secret.secretType().startsWith("kubernetes.io/")) {
            throw secret.rejected("it has the type " + secret.secretType() + ", not Opaque");
        }
    }

    /** Of a token that is not known yet, in bytes. */
    private static final int USUAL_SIZE = 2048;

    /** Everything that would make {@link #write} fail, as far as the API server says; changes nothing. */
    public List<KubernetesException> problems(TokenSecret secret) {
        List<KubernetesException> problems = new ArrayList<>();
        try {
            use(secret, (client, name) -> {
                problems.addAll(client.missingRights(name));
                if (problems.stream().noneMatch(e -> e.verb().equals("get"))) {
                    Optional<KubernetesObject> stored = client.get(name);
                    if (stored.isPresent()) {
                        requireUsable(stored.get());
                    }
                    if (problems.isEmpty()) {
                        rehearse(client, stored.orElseGet(() -> KubernetesObject.of(name)), secret.key());
                    }
                }
                return name;
            });
        } catch (KubernetesException e) {
            problems.add(e);
        }
        return problems;
    }

    private static void rehearse(KubernetesApi client, KubernetesObject object, String key) throws KubernetesException {
        byte[] old = object.data(key).orElse(new byte[0]);
        try {
            client.rehearse(object.withData(key, old.length == 0 ? new byte[USUAL_SIZE] : old));
        } catch (KubernetesException e) {
            boolean isUnsupported = e.getMessage().contains(" answered 400 "); // by a webhook
            if (!isUnsupported && e.kind() != Kind.CONFLICT) {
                throw e;
            }
        }
    }

    /** Call before a request whose answer only the Secret will hold. */
    public void requireWritable(TokenSecret secret) throws KubernetesException {
        List<KubernetesException> problems = problems(secret);
        if (!problems.isEmpty()) {
            throw problems.get(0);
        }
    }

    /** Call at the end of a run, in a process that goes on. */
    public synchronized void close() {
        if (api != null) {
            api.closeIdle();
        }
    }
}

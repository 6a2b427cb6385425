package org.opensciencegrid.tokenrenewer.state;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesApi;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesObject;

/** The states in Secrets of the cluster, one for each account. */
public final class KubernetesStateStore implements StateStore {
    private static final String KEY = "state.json";

    private final KubernetesApi api;
    private final AccountObjects objects;
    private final Map<String, Unwritten> unwritten = new ConcurrentHashMap<>();
    /** The versions that this process has read or written; empty if there is no Secret. */
    private final Map<String, String> versions = new ConcurrentHashMap<>();

    /** @param version of the Secret that the state is newer than */
    private record Unwritten(AccountState state, String version) {}

    public KubernetesStateStore(KubernetesApi api, AccountObjects objects) {
        this.api = api;
        this.objects = objects;
    }

    /** A state that could not be written counts until another pod has written one. */
    @Override
    public AccountState read(String account) throws IOException {
        Unwritten pending = unwritten.get(account);
        try {
            Optional<KubernetesObject> found = api.get(objects.state(account));
            String version = found.map(KubernetesObject::resourceVersion).orElse("");
            if (pending != null && pending.version().equals(version)) {
                return pending.state();
            }
            unwritten.remove(account);
            versions.put(account, version);
            return found.flatMap(secret -> secret.data(KEY))
                    .flatMap(bytes -> JsonObject.parse(new String(bytes, StandardCharsets.UTF_8)))
                    .map(AccountState::new)
                    .orElse(AccountState.UNKNOWN);
        } catch (KubernetesException e) {
            if (pending != null) {
                return pending.state();
            }
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public void write(String account, AccountState state) throws IOException {
        put(account, state.members().toJson().getBytes(StandardCharsets.UTF_8));
        unwritten.remove(account);
    }

    /** Replaces only the version that this process knows: a run that lost its lease must not undo what the next one did. */
    private void put(String account, byte[] content) throws IOException {
        try {
            Optional<KubernetesObject> found = api.get(objects.state(account));
            String version = found.map(KubernetesObject::resourceVersion).orElse("");
            if (!versions.getOrDefault(account, version).equals(version)) {
                throw KubernetesException.conflict(objects.state(account));
            }
            if (found.isPresent()) {
                KubernetesObject stored = api.replace(found.get().withData(KEY, content));
                versions.put(account, stored.resourceVersion());
            } else if (content.length > 0) {
                KubernetesObject stored = api.create(KubernetesObject.of(objects.state(account))
                        .withLabel("app.kubernetes.io/name", "osg-token-renewer")
                        .withAnnotation("osg-token-renewer/account", account)
                        .withData(KEY, content));
                versions.put(account, stored.resourceVersion());
            }
        } catch (KubernetesException e) {
            if (e.kind() == KubernetesException.Kind.CONFLICT) {
                throw new ChangedException(e);
            }
            throw new IOException(e.getMessage(), e);
        }
    }

    /** This process keeps it in memory, until the Secret has another version than this process knows. */
    @Override
    public void keepUnwritten(String account, AccountState state) {
        unwritten.put(account, new Unwritten(state, versions.getOrDefault(account, "")));
    }

    /** Does nothing: it matters only to a timer of systemd. */
    @Override
    public Optional<IOException> recordRun(Instant at) {
        return Optional.empty();
    }

    @Override
    public Optional<Instant> lastRun() {
        return Optional.empty();
    }

    @Override
    public boolean mayBeUnwritable() {
        return false;
    }

    /** None: a list of the accounts needs the right to read all Secrets of the namespace. */
    @Override
    public List<String> accounts() {
        return List.of();
    }

    /** Empties the Secret, so that no right to delete is needed. */
    @Override
    public void delete(String account) throws IOException {
        unwritten.remove(account);
        versions.remove(account); // whatever it contains
        put(account, new byte[0]);
    }
}

package org.opensciencegrid.tokenrenewer.account;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.opensciencegrid.cryptostore.AccountRecords;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesApi;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException.Kind;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesObject;
import org.opensciencegrid.tokenrenewer.kubernetes.ObjectName;
import org.opensciencegrid.tokenrenewer.state.AccountObjects;

/**
 * Accounts as Secrets of the cluster, and their locks as Leases. {@code docs/reference/account-secret.md} specifies the
 * objects. The version is the resourceVersion.
 */
public final class KubernetesRecords implements AccountRecords {
    private static final String KEY = "account";
    private static final String PREFIX = "osg-token-renewer/";
    /** A write that changes nothing keeps the version, so the time has microseconds. */
    private static final DateTimeFormatter MICRO_TIME = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private final KubernetesApi api;
    /** The store itself repeats a write, and first makes a rescue copy. A lease is renewed often. */
    private final KubernetesApi apiOfWrites;

    private final AccountObjects objects;
    private final String holder;
    private final Clock clock;
    /** As they were last read or written: a replacement keeps the members that we do not know. */
    private final Map<ObjectName, KubernetesObject> latest = new ConcurrentHashMap<>();

    /** @param holder the name of the pod */
    public KubernetesRecords(KubernetesApi api, AccountObjects objects, String holder, Clock clock) {
        this.api = api;
        this.apiOfWrites = api.withRetries(Duration.ZERO);
        this.objects = objects;
        this.holder = holder;
        this.clock = clock;
    }

    @Override
    public Optional<Stored<Entry>> read(String account) throws IOException {
        return get(objects.account(account)).map(secret -> new Stored<>(secret.resourceVersion(), entry(secret)));
    }

    private static Entry entry(KubernetesObject secret) {
        return new Entry(
                secret.data(KEY).orElse(new byte[0]),
                number(secret, "asked"),
                number(secret, "answered"),
                secret.annotation(PREFIX + "intent").flatMap(KubernetesRecords::intent));
    }

    private static long number(KubernetesObject secret, String key) {
        return secret.annotation(PREFIX + key)
                .filter(text -> text.matches("\\d{1,18}"))
                .map(Long::parseLong)
                .orElse(0L);
    }

    /** {@code HOLDER at TIME}. A text that cannot be parsed is an intent too: the answer may be lost. */
    private static Optional<Intent> intent(String text) {
        String[] words = text.split(" at ", 2);
        try {
            return Optional.of(new Intent(words[0], Instant.parse(words[words.length - 1])));
        } catch (DateTimeException e) {
            return text.isEmpty() ? Optional.empty() : Optional.of(new Intent(text, Instant.EPOCH));
        }
    }

    @Override
    public String write(String account, Optional<String> version, Entry entry) throws IOException {
        KubernetesObject secret = latest(objects.account(account), version)
                .withLabel("app.kubernetes.io/name", "osg-token-renewer")
                .withAnnotation(PREFIX + "account", account)
                .withAnnotation(PREFIX + "asked", String.valueOf(entry.asked()))
                .withAnnotation(PREFIX + "answered", String.valueOf(entry.answered()))
                .withAnnotation(
                        PREFIX + "intent",
                        entry.intent()
                                .map(intent -> intent.holder() + " at " + intent.at())
                                .orElse(""))
                .withData(KEY, entry.sealed());
        return put(secret);
    }

    @Override
    public Optional<Stored<Lease>> readLease(String account) throws IOException {
        return get(objects.lease(account)).map(lease -> new Stored<>(lease.resourceVersion(), lease(lease.spec())));
    }

    private static Lease lease(JsonObject spec) {
        return new Lease(
                spec.string("holderIdentity"),
                Duration.ofSeconds(spec.number("leaseDurationSeconds").orElse(0L)));
    }

    @Override
    public String writeLease(String account, Optional<String> version, Lease lease) throws IOException {
        KubernetesObject before = latest(objects.lease(account), version);
        JsonObject spec = before.spec();
        String now = MICRO_TIME.format(clock.instant());
        boolean isTransition = lease.holder().isPresent() && !lease.holder().equals(spec.string("holderIdentity"));
        long transitions = spec.number("leaseTransitions").orElse(0L);
        return put(before.withSpec(spec.with("holderIdentity", lease.holder())
                .with("leaseDurationSeconds", lease.duration().toSeconds())
                .with(
                        "acquireTime",
                        isTransition ? now : spec.string("acquireTime").orElse(now))
                .with("renewTime", now)
                .with("leaseTransitions", isTransition ? transitions + 1 : transitions)));
    }

    private Optional<KubernetesObject> get(ObjectName name) throws IOException {
        try {
            Optional<KubernetesObject> found = api.get(name);
            found.ifPresent(object -> latest.put(name, object));
            return found;
        } catch (KubernetesException e) {
            throw failure(e);
        }
    }

    private KubernetesObject latest(ObjectName name, Optional<String> version) throws ConflictException {
        KubernetesObject known = latest.get(name);
        if (version.isEmpty()) {
            return KubernetesObject.of(name);
        } else if (known == null || !known.resourceVersion().equals(version.get())) {
            throw new ConflictException(name + " was read again");
        }
        return known;
    }

    private String put(KubernetesObject object) throws IOException {
        try {
            KubernetesObject stored =
                    object.resourceVersion().isEmpty() ? apiOfWrites.create(object) : apiOfWrites.replace(object);
            latest.put(object.name(), stored);
            return stored.resourceVersion();
        } catch (KubernetesException e) {
            boolean isGone =
                    e.kind() == Kind.NOT_FOUND && !object.resourceVersion().isEmpty();
            if (e.kind() == Kind.CONFLICT || isGone) {
                throw new ConflictException(e.getMessage());
            }
            throw failure(e);
        }
    }

    private static IOException failure(KubernetesException e) {
        return new IOException(e.getMessage(), e);
    }

    @Override
    public String holder() {
        return holder;
    }

    /** As in commands of kubectl, with the namespace. */
    @Override
    public Path place(String account) {
        ObjectName name = objects.account(account);
        return Path.of("secret", name.namespace(), name.name());
    }
}

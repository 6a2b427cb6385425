package org.opensciencegrid.tokenrenewer.kubernetes;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.http.HTTPRequest.Method;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException.Kind;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.ProxySettings;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.net.TrustStore;
import org.opensciencegrid.tokenrenewer.util.Redactor;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Reads and writes Secrets and Leases at the API server of the cluster that this pod runs in. Trusts only the cluster's
 * CA and uses no proxy. Threads may share it.
 *
 * <p>Every request can be repeated, and is repeated if its answer is lost or the server cannot answer at the moment: a
 * change names the version that it replaces, so it cannot be made twice. If a repeated change fails with a conflict, the
 * object is read: if it has the new content, then the first attempt succeeded.
 */
public final class KubernetesApi {
    /** For one response. The API server itself gives up after a minute; a healthy one answers in milliseconds. */
    public static final Duration RESPONSE = Duration.ofSeconds(15);

    /** No repetition of a request begins later than this after the first attempt, whose answer may be lost. */
    public static final Duration RETRIES = RESPONSE.plusSeconds(10);

    /** A Secret has at most 1 MiB, which Base64 makes longer, and metadata of at most 1 MiB. */
    private static final int BODY_LIMIT = 4 << 20;

    private static final Duration FIRST_WAIT = Duration.ofMillis(250);
    private static final Duration MAX_WAIT = Duration.ofSeconds(2);

    private final ServiceAccount account;
    private final Transport transport;
    private final Sleeper sleeper;
    private final Duration retries;

    private KubernetesApi(ServiceAccount account, Transport transport, Sleeper sleeper, Duration retries) {
        this.account = account;
        this.transport = transport;
        this.sleeper = sleeper;
        this.retries = retries;
    }

    /**
     * Sends nothing yet.
     *
     * @param network only its log is used
     */
    public KubernetesApi(ServiceAccount account, Network network, Sleeper sleeper) {
        this(account, network, RESPONSE, sleeper);
    }

    KubernetesApi(ServiceAccount account, Network network, Duration response, Sleeper sleeper) {
        this(
                account,
                new Transport(
                        TrustStore.only(account.ca()),
                        new Network(ProxySettings.NONE, response, network.log()),
                        BODY_LIMIT),
                sleeper,
                RETRIES);
    }

    /** The same client, whose requests begin no repetition later than this after the first attempt. */
    public KubernetesApi withRetries(Duration time) {
        return new KubernetesApi(account, transport, sleeper, time);
    }

    /** The namespace of the pod. */
    public String namespace() throws KubernetesException {
        return account.namespace();
    }

    /** Empty if the object or its namespace does not exist. */
    public Optional<KubernetesObject> get(ObjectName name) throws KubernetesException {
        Answer answer = send(new Call(Method.GET, "get", name, name.path(), Optional.empty()));
        return answer.response.status() == 404 ? Optional.empty() : Optional.of(answer.object());
    }

    /**
     * Returns the object as stored.
     *
     * @throws KubernetesException CONFLICT if it exists, NOT_FOUND if the namespace does not exist
     */
    public KubernetesObject create(KubernetesObject object) throws KubernetesException {
        ObjectName name = object.name();
        return write(new Call(Method.POST, "create", name, name.collection(), Optional.of(object.toJson())), object);
    }

    /**
     * Replaces the version that was read, and returns the object as stored. If nothing changes, the version stays the
     * same.
     *
     * @throws KubernetesException CONFLICT if the version is no longer the current one, or the object was deleted
     */
    public KubernetesObject replace(KubernetesObject object) throws KubernetesException {
        ObjectName name = object.name();
        if (object.resourceVersion().isEmpty()) {
            throw new IllegalArgumentException(name + " was not read"); // it would overwrite any version
        }
        return write(new Call(Method.PUT, "update", name, name.path(), Optional.of(object.toJson())), object);
    }

    /**
     * Lets the API server check a creation or a replacement, also with the admission webhooks of the cluster. Changes
     * nothing.
     *
     * @throws KubernetesException like {@link #create} or {@link #replace}
     */
    public void rehearse(KubernetesObject object) throws KubernetesException {
        ObjectName name = object.name();
        boolean isNew = object.resourceVersion().isEmpty();
        Answer answer = send(new Call(
                isNew ? Method.POST : Method.PUT,
                isNew ? "create" : "update",
                name,
                (isNew ? name.collection() : name.path()) + "?dryRun=All",
                Optional.of(object.toJson())));
        if (answer.response.status() == 404 || answer.response.status() == 409) {
            throw answer.failure();
        }
    }

    private KubernetesObject write(Call call, KubernetesObject object) throws KubernetesException {
        Answer answer = send(call);
        if (answer.response.status() == 409 && answer.isAfterDoubt) {
            Optional<KubernetesObject> stored = get(object.name());
            if (stored.isPresent() && stored.get().hasContentOf(object)) {
                return stored.get();
            }
        }
        if (answer.response.status() == 404 || answer.response.status() == 409) {
            throw answer.failure();
        }
        return answer.object();
    }

    /**
     * Deletes the version that was read. An object that does not exist is deleted already.
     *
     * @throws KubernetesException CONFLICT if another client changed it
     */
    public void delete(KubernetesObject object) throws KubernetesException {
        ObjectName name = object.name();
        JsonObject options = JsonObject.NONE
                .with("apiVersion", "v1")
                .with("kind", "DeleteOptions")
                .with("preconditions", JsonObject.NONE.with("resourceVersion", object.resourceVersion()));
        Answer answer = send(new Call(Method.DELETE, "delete", name, name.path(), Optional.of(options.toJson())));
        if (answer.response.status() == 409) {
            throw answer.failure();
        }
    }

    /**
     * Whether the service account has the right. Asks with a SelfSubjectAccessReview, which every service account may
     * create and which changes nothing.
     *
     * @param verb get, create, update or delete
     */
    public boolean isAllowed(String verb, ObjectName name) throws KubernetesException {
        JsonObject attributes = JsonObject.NONE
                .with("namespace", name.namespace())
                .with("verb", verb)
                .with("group", name.type().group())
                .with("resource", name.type().resource())
                .with("name", verb.equals("create") ? "" : name.name()); // a request to create has no name
        JsonObject review = JsonObject.NONE
                .with("apiVersion", "authorization.k8s.io/v1")
                .with("kind", "SelfSubjectAccessReview")
                .with("spec", JsonObject.NONE.with("resourceAttributes", attributes));
        Answer answer = send(new Call(
                Method.POST,
                verb,
                name,
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                Optional.of(review.toJson())));
        if (answer.response.status() / 100 != 2) {
            throw answer.failure();
        }
        return Boolean.TRUE.equals(answer.json().member("status").asMap().get("allowed"));
    }

    /**
     * The rights that the service account lacks to read the object and to replace it, or to create it if it does not
     * exist. Each is an exception as if the API server had answered 403. Changes nothing.
     */
    public List<KubernetesException> missingRights(ObjectName name) throws KubernetesException {
        List<KubernetesException> missing = new ArrayList<>();
        boolean mayGet = requireRight("get", name, missing);
        if (mayGet && get(name).isEmpty()) {
            requireRight("create", name, missing);
        }
        requireRight("update", name, missing);
        return missing;
    }

    private boolean requireRight(String verb, ObjectName name, List<KubernetesException> missing)
            throws KubernetesException {
        boolean isAllowed = isAllowed(verb, name);
        if (!isAllowed) {
            missing.add(new KubernetesException(
                    Kind.FORBIDDEN, verb, Optional.of(name), account.user() + " may not " + verb + " " + name));
        }
        return isAllowed;
    }

    /** Closes the connections that wait for another request. */
    public void closeIdle() {
        transport.closeIdle();
    }

    /**
     * @param verb in RBAC rules
     * @param body JSON; contains secrets
     */
    private record Call(Method method, String verb, ObjectName name, String path, Optional<String> body) {
        KubernetesException failure(Kind kind, String message) {
            return new KubernetesException(kind, verb, Optional.of(name), message);
        }

        @Override
        public String toString() {
            return verb + " " + name;
        }
    }

    /** Success, 404 or 409. */
    private final class Answer {
        private final Call call;
        private final HttpResponse response;
        private final Redactor redactor;
        /** Whether an earlier attempt may have been processed. */
        private final boolean isAfterDoubt;

        private Answer(Call call, HttpResponse response, Redactor redactor, boolean isAfterDoubt) {
            this.call = call;
            this.response = response;
            this.redactor = redactor;
            this.isAfterDoubt = isAfterDoubt;
        }

        private JsonObject json() throws KubernetesException {
            if (!response.complete() && response.body().length() >= BODY_LIMIT) {
                throw call.failure(
                        Kind.TOO_LARGE, call.name + " is larger than the " + BODY_LIMIT + " bytes that we read");
            }
            return response.json()
                    .map(JsonObject::of)
                    .orElseThrow(() -> call.failure(
                            Kind.UNUSABLE_ANSWER,
                            server() + " answered " + response.status() + " to " + call + ", but not in JSON"));
        }

        private KubernetesObject object() throws KubernetesException {
            KubernetesObject object = new KubernetesObject(call.name, json());
            if (object.resourceVersion().isEmpty()) {
                throw call.failure(
                        Kind.UNUSABLE_ANSWER,
                        server() + " answered " + response.status() + " to " + call + ", but not with the object");
            }
            return object;
        }

        private KubernetesException failure() {
            int status = response.status();
            // The text of a 400 quotes the request.
            String reason = status == 400
                    ? ""
                    : response.json()
                            .map(JsonObject::of)
                            .flatMap(json -> json.string("message"))
                            .map(text -> ": " + redactor.clean(text))
                            .orElse("");
            Kind kind = switch (status) {
                case 401 -> Kind.UNAUTHORIZED;
                case 403 -> Kind.FORBIDDEN;
                case 404 -> Kind.NOT_FOUND;
                case 409 -> Kind.CONFLICT;
                case 413 -> Kind.TOO_LARGE;
                case 429 -> Kind.TEMPORARY;
                default -> status >= 500 ? Kind.TEMPORARY : Kind.REJECTED;
            };
            Kind exact = kind == Kind.REJECTED && reason.contains("Too long") ? Kind.TOO_LARGE : kind;
            return call.failure(exact, server() + " answered " + status + " to " + call + reason);
        }
    }

    private String server() {
        return "the Kubernetes API server " + Transport.hostAndPort(account.server());
    }

    /** Repeats the request until there is an answer or the time is over. */
    private Answer send(Call call) throws KubernetesException {
        Duration end = sleeper.elapsed().plus(retries);
        Duration wait = FIRST_WAIT;
        boolean isDoubtful = false;
        while (true) {
            KubernetesException failure;
            Duration pause = wait;
            try {
                Answer answer = sendOnce(call, isDoubtful);
                int status = answer.response.status();
                if (status / 100 == 2 || status == 404 || status == 409) {
                    return answer;
                }
                failure = answer.failure();
                isDoubtful |= status >= 500;
                pause = answer.response.retryAfter().orElse(wait);
            } catch (KubernetesException e) {
                failure = e;
                isDoubtful |= e.leavesDoubt();
            }
            if (!failure.isOutage()
                    || sleeper.elapsed().plus(pause).compareTo(end) >= 0
                    || Thread.currentThread().isInterrupted()) {
                throw failure;
            }
            sleeper.sleep(pause);
            wait = wait.multipliedBy(2).compareTo(MAX_WAIT) < 0 ? wait.multipliedBy(2) : MAX_WAIT;
        }
    }

    private Answer sendOnce(Call call, boolean isAfterDoubt) throws KubernetesException {
        Secret bearer = account.bearer();
        HTTPRequest request = new HTTPRequest(call.method, URI.create(account.server() + call.path));
        request.setAuthorization("Bearer " + bearer.reveal());
        call.body.ifPresent(body -> {
            request.setHeader("Content-Type", "application/json");
            request.setBody(body);
        });
        try {
            HttpResponse response = transport.send(request);
            return new Answer(call, response, redactor(bearer, call), isAfterDoubt);
        } catch (IssuerException e) {
            throw switch (e.kind()) {
                case UNREACHABLE, TLS, INSECURE, PROXY ->
                    e.tls() == IssuerException.Tls.CA_FILE
                            ? ServiceAccount.notInCluster(e.getMessage().replaceFirst("^ca_file ", ""))
                            : call.failure(Kind.UNREACHABLE, "the Kubernetes API server: " + e.getMessage());
                case TEMPORARY -> call.failure(Kind.TEMPORARY, "the Kubernetes API server: " + e.getMessage());
                default -> call.failure(Kind.NO_ANSWER, "the Kubernetes API server: " + e.getMessage());
            };
        }
    }

    /** The server's text may echo what we sent. */
    private static Redactor redactor(Secret bearer, Call call) {
        List<Secret> secrets = new ArrayList<>(List.of(bearer));
        call.body
                .flatMap(JsonObject::parse)
                .ifPresent(json -> json.member("data").asMap().values().forEach(value -> {
                    if (value instanceof String text && !text.isEmpty()) {
                        secrets.add(Secret.of(text));
                    }
                }));
        return new Redactor(secrets);
    }
}

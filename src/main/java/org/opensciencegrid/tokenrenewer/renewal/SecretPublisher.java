package org.opensciencegrid.tokenrenewer.renewal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.tokenrenewer.config.TokenSecret;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesApi;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException.Kind;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesObject;
import org.opensciencegrid.tokenrenewer.kubernetes.ObjectName;
import org.opensciencegrid.tokenrenewer.kubernetes.ServiceAccount;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.token.TokenFile;
import org.opensciencegrid.tokenrenewer.util.Rfc3339;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Copies the token at token_path into the Secret of its section. Every run compares them, so a Secret that was deleted
 * or changed is corrected without a request to the issuer. Keeps all other content of the Secret. Never copies an
 * expired token, and does not replace the token of another pod with one that expires earlier.
 */
final class SecretPublisher {
    /** When the token expires, RFC 3339 in UTC. */
    static final String EXPIRES_AT = "osg-token-renewer/expires-at";

    /** How often we read again when another client changes the Secret at the same time. */
    private static final int MAX_CONFLICTS = 10;

    private final AccountStore store;
    private final StateStore states;
    private final Duration lockWait;
    private final RunDeadline deadline;
    private final Network network;
    private final Function<String, Optional<String>> variable;
    private final Clock clock;
    private final Sleeper pause;
    private @Nullable KubernetesApi api;
    /** Why the API server cannot be used: the other tokens of the run do not wait for it again. */
    private Optional<Failure> outage = Optional.empty();

    /** @param variable reads an environment variable */
    SecretPublisher(
            AccountStore store,
            StateStore states,
            Duration lockWait,
            RunDeadline deadline,
            Network network,
            Function<String, Optional<String>> variable,
            Clock clock,
            Sleeper pause) {
        this.store = store;
        this.states = states;
        this.lockWait = lockWait;
        this.deadline = deadline;
        this.network = network;
        this.variable = variable;
        this.clock = clock;
        this.pause = pause;
    }

    /** Publishes the token of a section that has a Secret; returns the outcome with the result. */
    Outcome publish(TokenSection section, Outcome outcome) {
        if (section.tokenSecret().isEmpty()) {
            return outcome;
        }
        Optional<Secret> token = new TokenFile(section.tokenPath()).read();
        if (token.isEmpty()) {
            return outcome;
        }
        TokenSecret secret = section.tokenSecret().get();
        TokenState state = states.readOrUnknown(section.account()).token(section.name());
        Optional<Instant> expiresAt = Due.expiresAt(token.get(), state);
        if (expiresAt.filter(expiry -> !expiry.isAfter(clock.instant())).isPresent()) {
            return outcome; // the outcome tells why there is no better one
        }
        Optional<Failure> failure;
        boolean isWritten = false;
        try {
            if (outage.isEmpty() && deadline.left().isZero()) {
                outage = Optional.of(new Failure(
                        Failure.Kind.OUT_OF_TIME,
                        secret.toString(),
                        "the Secret was not written, as the run must end"));
            }
            failure = outage;
            isWritten = failure.isEmpty() && write(secret, token.get(), expiresAt, isRenewed(outcome));
        } catch (KubernetesException e) {
            failure = Optional.of(FailureMapper.of(e, secret.toString()));
            outage = isOutage(e) ? failure : Optional.empty();
        }
        if (failure.isPresent() || state.secretFailure().isPresent()) {
            recordResult(section, failure);
        }
        if (failure.isPresent()) {
            return new Outcome.NotPublished(outcome, failure.get());
        }
        return isWritten ? new Outcome.Published(outcome, secret) : outcome;
    }

    private static boolean isOutage(KubernetesException e) {
        return switch (e.kind()) {
            case NOT_IN_CLUSTER, UNREACHABLE, NO_ANSWER, UNAUTHORIZED -> true;
            default -> false;
        };
    }

    private static boolean isRenewed(Outcome outcome) {
        return outcome instanceof Outcome.Renewed
                || outcome instanceof Outcome.HookFailed hook && isRenewed(hook.renewal());
    }

    /**
     * Whether the token in the Secret is not worse than ours: a valid JWT with the same rights that does not expire
     * earlier. Otherwise several pods, each with a token file of its own, would replace each other's token in every run.
     */
    static boolean isFromAnotherPod(String stored, String ours, Instant now) {
        Optional<JwtClaims> theirs = JwtClaims.of(stored);
        Optional<JwtClaims> mine = JwtClaims.of(ours);
        if (theirs.isEmpty() || mine.isEmpty()) {
            return false;
        }
        Optional<Instant> end = theirs.get().expiresAt();
        Optional<Instant> ourEnd = mine.get().expiresAt();
        return end.filter(expiry -> expiry.isAfter(now)).isPresent()
                && ourEnd.filter(expiry -> !expiry.isAfter(end.get())).isPresent()
                && theirs.get().issuer().equals(mine.get().issuer())
                && theirs.get().subject().equals(mine.get().subject())
                && Set.copyOf(theirs.get().audience())
                        .equals(Set.copyOf(mine.get().audience()))
                && Set.copyOf(theirs.get().scope()).equals(Set.copyOf(mine.get().scope()));
    }

    /**
     * Returns false if the Secret has the token already, or another pod wrote a token that can stay.
     *
     * @param isNew whether this run renewed the token
     */
    private boolean write(TokenSecret secret, Secret token, Optional<Instant> expiresAt, boolean isNew)
            throws KubernetesException {
        KubernetesApi client = api();
        String namespace = secret.namespace().isPresent() ? secret.namespace().get() : client.namespace();
        ObjectName name = ObjectName.secret(namespace, secret.name());
        byte[] content = token.reveal().getBytes(StandardCharsets.UTF_8);
        for (int i = 0; ; i++) {
            Optional<KubernetesObject> stored = client.get(name);
            byte[] old = stored.flatMap(object -> object.data(secret.key())).orElse(new byte[0]);
            if (Arrays.equals(content, old)
                    || !isNew
                            && isFromAnotherPod(
                                    new String(old, StandardCharsets.UTF_8), token.reveal(), clock.instant())) {
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

    private KubernetesApi api() throws KubernetesException {
        if (api == null) {
            api = new KubernetesApi(ServiceAccount.of(variable), network, pause);
        }
        return api;
    }

    /** For status and metrics. If it cannot be written, this run reports the failure anyway. */
    private void recordResult(TokenSection section, Optional<Failure> failure) {
        try {
            LockedAccount locked = store.lock(section.account(), lockWait);
            try {
                AccountState now = states.read(section.account());
                AccountState next =
                        now.withToken(section.name(), now.token(section.name()).published(clock.instant(), failure));
                try {
                    states.write(section.account(), next);
                } catch (IOException e) {
                    states.keepUnwritten(section.account(), next);
                }
            } finally {
                locked.close();
            }
        } catch (IOException e) {
            // another run holds the account, and records what it finds
        }
    }

    /** Call at the end of a run, in a process that goes on. */
    void close() {
        if (api != null) {
            api.closeIdle();
        }
    }
}

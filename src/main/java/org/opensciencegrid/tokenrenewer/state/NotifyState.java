package org.opensciencegrid.tokenrenewer.state;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/**
 * What was found about an account for its messages, and what each target was told. Immutable. Targets are identified by
 * {@code NotifyTarget.id()}.
 */
public final class NotifyState {
    /** Issuers compute the end of an authorization from a number of seconds, so it varies a little. */
    private static final Duration JITTER = Duration.ofMinutes(1);

    private static final String RUNS = "failing_runs";
    private static final String SINCE = "failing_since";
    private static final String COUNTED_AT = "counted_at";
    private static final String COUNTED_BY = "counted_by";
    private static final String EXPIRIES = "expiries";
    private static final String TARGETS = "targets";

    private final JsonObject members;

    NotifyState(JsonObject members) {
        this.members = members;
    }

    JsonObject members() {
        return members;
    }

    public boolean isSame(NotifyState other) {
        return members.toJson().equals(other.members.toJson());
    }

    /** How many runs failed one after the other; not counted further than {@link #failed} was asked to. */
    public long failingRuns() {
        return members.number(RUNS).orElse(0L);
    }

    /** When the first of these runs failed. */
    public Optional<Instant> failingSince() {
        return members.time(SINCE);
    }

    /** The state after a run in which a token of the account failed. */
    public NotifyState failed(Instant now, long most) {
        return new NotifyState(members.with(RUNS, Math.min(failingRuns() + 1, most))
                .with(SINCE, failingSince().orElse(now)));
    }

    /**
     * Like {@link #failed(Instant, long)}, for one of several processes that renew the account. They count as one: the
     * runs of another than the one that counted last do not count, unless it has not counted for the time between two
     * runs.
     *
     * @param process such as the name of a pod
     * @param interval the time between two runs of one process
     */
    public NotifyState failed(Instant now, long most, String process, Duration interval) {
        boolean isOfAnother =
                members.string(COUNTED_BY).filter(by -> !by.equals(process)).isPresent();
        boolean isCounted = members.time(COUNTED_AT)
                .filter(at -> !at.isAfter(now) && at.plus(interval).isAfter(now))
                .isPresent();
        if (failingRuns() > 0 && isOfAnother && isCounted) {
            return this;
        }
        return new NotifyState(failed(now, most).members.with(COUNTED_AT, now).with(COUNTED_BY, process));
    }

    /** The state after a run without any failure of the account. */
    public NotifyState well() {
        return new NotifyState(members.with(RUNS, Optional.empty())
                .with(SINCE, Optional.empty())
                .with(COUNTED_AT, Optional.empty())
                .with(COUNTED_BY, Optional.empty()));
    }

    /**
     * The state with these ends, and since when each of them is known. An authorization that each renewal extends moves
     * its end, and so is never known for long.
     *
     * @param knownSince for an end that was not known before
     */
    public NotifyState withExpiries(List<Expiry> expiries, Instant knownSince) {
        JsonObject next = JsonObject.NONE;
        for (Expiry expiry : expiries) {
            JsonObject before = members.member(EXPIRIES).member(expiry.kind().word());
            next = next.with(
                    expiry.kind().word(),
                    isSame(before.time("at"), expiry)
                            ? before
                            : JsonObject.NONE.with("at", expiry.at()).with("known_since", knownSince));
        }
        return new NotifyState(members.with(EXPIRIES, next.names().isEmpty() ? Optional.empty() : next));
    }

    /** For how long the end was known in advance; empty if it is not known. */
    public Optional<Duration> notice(Expiry expiry) {
        JsonObject known = members.member(EXPIRIES).member(expiry.kind().word());
        return known.time("known_since").map(since -> Duration.between(since, expiry.at()));
    }

    private static boolean isSame(Optional<Instant> at, Expiry expiry) {
        return at.filter(known -> Duration.between(known, expiry.at()).abs().compareTo(JITTER) < 0)
                .isPresent();
    }

    /** What a target was told. */
    public Target target(String id) {
        return new Target(members.member(TARGETS).member(id));
    }

    /** Forgets all other targets: the config file does not name them any more. */
    public NotifyState withTargets(Collection<String> ids) {
        NotifyState state = this;
        for (String known : members.member(TARGETS).names()) {
            state = ids.contains(known) ? state : state.with(known, new Target(JsonObject.NONE));
        }
        return state;
    }

    public NotifyState with(String id, Target target) {
        JsonObject targets =
                members.member(TARGETS).with(id, target.members.names().isEmpty() ? Optional.empty() : target.members);
        return new NotifyState(members.with(TARGETS, targets.names().isEmpty() ? Optional.empty() : targets));
    }

    /** One target. Immutable. */
    public static final class Target {
        private static final String FAILING_AT = "failing_at";
        private static final String FAILING_OPEN = "failing_open";
        private static final String WELL_AT = "well_at";
        private static final String TOLD = "told";
        private static final String CLAIMED_AT = "claimed_at";
        private static final String REASON = "reason";
        private static final String UNDELIVERED_SINCE = "undelivered_since";
        private static final String RETRY_AT = "retry_at";

        private final JsonObject members;

        private Target(JsonObject members) {
            this.members = members;
        }

        /** When it was last told that renewals fail. */
        public Optional<Instant> failingAt() {
            return members.time(FAILING_AT);
        }

        /** When it was last told that all is well. */
        public Optional<Instant> wellAt() {
            return members.time(WELL_AT);
        }

        /** Whether it was told of failures and not yet that they are over. */
        public boolean isToldOfFailure() {
            return members.time(FAILING_OPEN).isPresent();
        }

        /** Whether it was told of an end that has been moved since. */
        public boolean isToldOfMovedExpiry(List<Expiry> expiries) {
            return current(expiries).names().size()
                    < members.member(TOLD).names().size();
        }

        /** What it was told of ends that have not been moved since. */
        private JsonObject current(List<Expiry> expiries) {
            JsonObject told = members.member(TOLD);
            JsonObject current = told;
            for (String kind : told.names()) {
                boolean isCurrent = expiries.stream()
                        .anyMatch(expiry -> expiry.kind().word().equals(kind)
                                && isSame(told.member(kind).time("at"), expiry));
                current = isCurrent ? current : current.with(kind, Optional.empty());
            }
            return current;
        }

        /** How many days before this end it was told; empty if it was not. */
        public Optional<Long> told(Expiry expiry) {
            JsonObject told = members.member(TOLD).member(expiry.kind().word());
            return isSame(told.time("at"), expiry) ? told.number("days") : Optional.empty();
        }

        /** When a run began to deliver a message; empty if its result is known. */
        public Optional<Instant> claimedAt() {
            return members.time(CLAIMED_AT);
        }

        /** Since when no message could be delivered; empty if the last one was delivered. */
        public Optional<Instant> undeliveredSince() {
            return members.time(UNDELIVERED_SINCE);
        }

        /** When to try again; empty if the last message was delivered. */
        public Optional<Instant> retryAt() {
            return members.time(RETRY_AT);
        }

        /** Why the last message could not be delivered. */
        public String reason() {
            return members.string(REASON).orElse("");
        }

        public Target claimed(Instant now) {
            return new Target(members.with(CLAIMED_AT, now));
        }

        public Target toldOfFailure(Instant now) {
            return new Target(delivered().members.with(FAILING_AT, now).with(FAILING_OPEN, now));
        }

        public Target toldOf(Expiry expiry, long days) {
            JsonObject told = members.member(TOLD)
                    .with(
                            expiry.kind().word(),
                            JsonObject.NONE.with("at", expiry.at()).with("days", days));
            return new Target(delivered().members.with(TOLD, told));
        }

        /** Keeps what it was told of these ends, so that it is not told again. */
        public Target toldThatAllIsWell(Instant now, List<Expiry> expiries) {
            JsonObject current = current(expiries);
            return new Target(delivered()
                    .members
                    .with(WELL_AT, now)
                    .with(FAILING_OPEN, Optional.empty())
                    .with(TOLD, current.names().isEmpty() ? Optional.empty() : current));
        }

        /** The state after a message was delivered, or if there is none to deliver any more. */
        public Target delivered() {
            return new Target(members.with(CLAIMED_AT, Optional.empty())
                    .with(REASON, Optional.empty())
                    .with(RETRY_AT, Optional.empty())
                    .with(UNDELIVERED_SINCE, Optional.empty()));
        }

        /** @param wait before the next attempt */
        public Target undelivered(Instant now, String reason, Duration wait) {
            return new Target(members.with(CLAIMED_AT, Optional.empty())
                    .with(REASON, reason)
                    .with(RETRY_AT, now.plus(wait))
                    .with(UNDELIVERED_SINCE, undeliveredSince().orElse(now)));
        }
    }
}

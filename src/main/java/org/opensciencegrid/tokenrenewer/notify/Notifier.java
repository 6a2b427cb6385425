package org.opensciencegrid.tokenrenewer.notify;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.config.NotifyTarget;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Expiry;
import org.opensciencegrid.tokenrenewer.state.NotifyState;
import org.opensciencegrid.tokenrenewer.state.StateStore;

/**
 * The messages of one run, after its renewals. Decides which are due and records the messages that each target got, so that no
 * message is sent twice a day, also if two runs end at the same time. A message that cannot be delivered is due again after
 * an hour, and then after longer times. Never takes longer than {@link Limits#NOTIFY}.
 */
public final class Notifier {
    /** The same message is repeated after this time. */
    static final Duration REPEAT = Duration.ofDays(1);

    /** Messages are sent this many days before something ends; the last one first. */
    private static final long[] DAYS = {1, 7};

    /** A delivery that failed is tried again after this time, then after twice that, and so on. */
    private static final Duration RETRY = Duration.ofHours(1);

    private static final Duration LONGEST_RETRY = Duration.ofHours(8);

    /** After this time, a delivery without a recorded result counts as failed. */
    private static final Duration CLAIM = RETRY;

    /** Afterwards everything is left to the next run. Locks are free after the renewals of a run. */
    private static final Duration LOCK_WAIT = Duration.ofSeconds(1);

    /** How often the result of a message is recorded again because another run changed the state. */
    private static final int MOST_CHANGES = 3;

    private final AccountStore store;
    private final StateStore states;
    private final Delivery delivery;
    private final Composer composer;
    private final Clock clock;
    private final Optional<Replica> replica;
    private final long end = System.nanoTime() + Limits.NOTIFY.toNanos();
    private final Map<String, DeliveryException> unreachable = new HashMap<>();

    /** What a run found about an account. */
    public enum Finding {
        /** A token of it failed, and the run too. */
        FAILED,
        /** Every token of it was renewed or is fresh. */
        WELL,
        /** The issuer did not answer, but the tokens last until it probably does again. */
        WAITING
    }

    /**
     * One of several processes that may renew the same account.
     *
     * @param name such as that of the pod
     * @param interval the time between two runs of it
     */
    public record Replica(String name, Duration interval) {}

    /** Writes the messages. */
    @FunctionalInterface
    public interface Composer {
        Message compose(String account, Event event, NotifyOptions options, AccountState state);
    }

    /** One message and what became of it. {@code failure} is empty if it is known to be delivered. */
    public record Attempt(Message message, NotifyTarget target, Optional<DeliveryException> failure) {}

    private record Due(NotifyTarget target, Event event) {}

    /** @param replica empty if this process alone renews its accounts */
    public Notifier(
            AccountStore store,
            StateStore states,
            Delivery delivery,
            Composer composer,
            Clock clock,
            Optional<Replica> replica) {
        this.store = store;
        this.states = states;
        this.delivery = delivery;
        this.composer = composer;
        this.clock = clock;
        this.replica = replica;
    }

    /**
     * Sends what is due for one account.
     *
     * @param isForced do not wait after a delivery that failed
     */
    public List<Attempt> send(String account, NotifyOptions options, Finding finding, boolean isForced) {
        if (!hasTime()) {
            return List.of(); // the next run looks at this account again
        }
        Instant now = clock.instant();
        List<Due> due = new ArrayList<>();
        AccountState state;
        try {
            state = states.read(account);
        } catch (IOException e) {
            return List.of(); // the earlier messages are unknown
        }
        if (next(state, options, finding, isForced, now, due).isSame(state.notifyState())) {
            return List.of(); // almost always: no lock, no write
        }
        Optional<AccountState> written = update(
                account, LOCK_WAIT, fresh -> fresh.withNotifyState(next(fresh, options, finding, isForced, now, due)));
        if (written.isEmpty()) {
            return List.of(); // the next run sends it
        }
        AccountState claimed = written.get();
        // Those that failed before are last, so that a slow server does not delay the others in every run.
        due.sort(Comparator.comparing((Due one) -> claimed.notifyState()
                .target(one.target().id())
                .undeliveredSince()
                .isPresent()));
        List<Attempt> attempts = new ArrayList<>();
        for (Due one : due) {
            attempts.add(deliver(account, one, options, claimed));
        }
        if (!attempts.isEmpty()) {
            // If this fails, the claim stays, and the messages are sent again after an hour.
            record(account, attempts);
        }
        return attempts;
    }

    private void record(String account, List<Attempt> attempts) {
        for (int i = 0; i < MOST_CHANGES; i++) {
            Optional<AccountState> written = update(account, timeLeft(), fresh -> {
                NotifyState notify = fresh.notifyState();
                for (Attempt attempt : attempts) {
                    String id = attempt.target().id();
                    notify = notify.with(id, after(notify.target(id), attempt, fresh.expiries()));
                }
                return fresh.withNotifyState(notify);
            });
            if (written.isPresent()) {
                return;
            }
        }
    }

    /** The state with what this run found, and with a claim on each message that is due. */
    private NotifyState next(
            AccountState state, NotifyOptions options, Finding finding, boolean isForced, Instant now, List<Due> due) {
        due.clear();
        Optional<Instant> authorized = state.authorizedAt().filter(at -> state.rotations() == 0);
        List<Expiry> expiries = state.expiries();
        NotifyState before = state.notifyState().withExpiries(expiries, authorized.orElse(now));
        NotifyState next = switch (finding) {
            case FAILED ->
                replica.isPresent()
                        ? before.failed(
                                now,
                                options.after(),
                                replica.get().name(),
                                replica.get().interval())
                        : before.failed(now, options.after());
            case WELL -> before.well();
            case WAITING -> before;
        };
        Set<String> ids = new HashSet<>();
        options.targets().forEach(target -> ids.add(target.id()));
        next = next.withTargets(ids);
        for (NotifyTarget target : options.targets()) {
            NotifyState.Target known = next.target(target.id());
            if (known.claimedAt()
                    .filter(at -> !at.isAfter(now) && at.plus(CLAIM).isAfter(now))
                    .isPresent()) {
                continue;
            }
            List<Event> events = events(next, known, expiries, options, finding, now);
            boolean mustWait = !isForced
                    && known.retryAt()
                            .filter(at ->
                                    at.isAfter(now) && !at.minus(LONGEST_RETRY).isAfter(now))
                            .isPresent();
            if (!events.isEmpty() && !mustWait) {
                for (Event event : events) {
                    due.add(new Due(target, event));
                }
                next = next.with(target.id(), known.claimed(now));
            } else if (events.isEmpty() && finding == Finding.WELL) {
                next = next.with(target.id(), known.delivered());
            }
        }
        return next;
    }

    /** What is due for one target. */
    private static List<Event> events(
            NotifyState state,
            NotifyState.Target target,
            List<Expiry> expiries,
            NotifyOptions options,
            Finding finding,
            Instant now) {
        List<Event> events = new ArrayList<>();
        boolean isFailing = state.failingRuns() >= options.after();
        if (isFailing && finding == Finding.FAILED && isPast(target.failingAt(), now)) {
            events.add(Event.of(Event.Kind.FAILING));
        }
        boolean hasOpenExpiry = false;
        for (Expiry expiry : expiries) {
            Optional<Long> told = target.told(expiry);
            hasOpenExpiry |= told.isPresent() && now.isBefore(expiry.at());
            for (long days : DAYS) {
                Duration before = Duration.ofDays(days);
                boolean isReached = !now.isBefore(expiry.at().minus(before)) && now.isBefore(expiry.at());
                // Something that always lasts for less time needs no attention: each renewal extends it.
                boolean wasLonger = state.notice(expiry)
                        .filter(notice -> notice.compareTo(before) > 0)
                        .isPresent();
                if (isReached && wasLonger) {
                    if (told.isEmpty() || told.get() > days) {
                        events.add(Event.expires(expiry, days));
                    }
                    break;
                }
            }
        }
        boolean isOver = target.isToldOfFailure()
                ? state.failingRuns() == 0
                : target.isToldOfMovedExpiry(expiries) && !hasOpenExpiry && finding == Finding.WELL;
        if (events.isEmpty() && isOver && isPast(target.wellAt(), now)) {
            events.add(Event.of(Event.Kind.WELL));
        }
        return events;
    }

    private static boolean isPast(Optional<Instant> last, Instant now) {
        return last.filter(at -> at.plus(REPEAT).isAfter(now) && !at.isAfter(now)) // else the clock was set back
                .isEmpty();
    }

    private Attempt deliver(String account, Due due, NotifyOptions options, AccountState state) {
        Message message = composer.compose(account, due.event(), options, state);
        String server = Delivery.server(due.target(), options);
        DeliveryException known = unreachable.get(server);
        if (known != null) {
            return new Attempt(message, due.target(), Optional.of(known));
        }
        if (!hasTime()) {
            DeliveryException late =
                    new DeliveryException(DeliveryException.Kind.NOT_TRIED, "other messages of this run took too long");
            return new Attempt(message, due.target(), Optional.of(late));
        }
        try {
            delivery.send(due.target(), options, message, Limits.ONE_NOTIFICATION);
            return new Attempt(message, due.target(), Optional.empty());
        } catch (DeliveryException e) {
            if (e.kind() == DeliveryException.Kind.UNREACHABLE) {
                unreachable.put(server, e);
            }
            return new Attempt(message, due.target(), Optional.of(e));
        }
    }

    /** To record what was sent. */
    private Duration timeLeft() {
        Duration left = Duration.ofNanos(end - System.nanoTime());
        return left.compareTo(LOCK_WAIT) > 0 ? left : LOCK_WAIT;
    }

    /** Whether another message ends in time. */
    private boolean hasTime() {
        return System.nanoTime()
                        - end
                        + Limits.ONE_NOTIFICATION.plus(Delivery.GRACE).toNanos()
                < 0;
    }

    private NotifyState.Target after(NotifyState.Target target, Attempt attempt, List<Expiry> expiries) {
        Instant now = clock.instant();
        DeliveryException failure = attempt.failure().orElse(null);
        if (failure != null && !failure.isPerhapsDelivered()) {
            boolean isTried = failure.kind() != DeliveryException.Kind.NOT_TRIED;
            return target.undelivered(now, failure.reason(), isTried ? wait(target, now) : Duration.ZERO);
        }
        Event event = attempt.message().event();
        return switch (event.kind()) {
            case FAILING -> target.toldOfFailure(now);
            case EXPIRES -> target.toldOf(event.expiry().orElseThrow(), event.days());
            case WELL -> target.toldThatAllIsWell(now, expiries);
            case TEST -> target.delivered();
        };
    }

    /** One, two, four, eight hours, if it began to fail just now, an hour, three hours, seven hours ago. */
    private static Duration wait(NotifyState.Target target, Instant now) {
        Duration failing = Duration.between(target.undeliveredSince().orElse(now), now);
        Duration wait = failing.isNegative() ? RETRY : failing.plus(RETRY);
        return wait.compareTo(LONGEST_RETRY) < 0 ? wait : LONGEST_RETRY;
    }

    /**
     * Changes the state under the account's lock. Like a renewal, this goes on if the state cannot be written: that is
     * when a message matters most.
     *
     * @return empty if nothing was changed, because another run holds the lock or changed the state, or because it cannot
     *     be read
     */
    private Optional<AccountState> update(String account, Duration wait, UnaryOperator<AccountState> change) {
        LockedAccount held;
        try {
            held = store.lock(account, wait);
        } catch (StoreException e) {
            return e.kind() == StoreException.Kind.UNWRITABLE ? keep(account, change) : Optional.empty();
        }
        try {
            AccountState next = change.apply(states.read(account));
            write(account, next);
            return Optional.of(next);
        } catch (IOException e) {
            return Optional.empty();
        } finally {
            held.close();
        }
    }

    private Optional<AccountState> keep(String account, UnaryOperator<AccountState> change) {
        try {
            AccountState next = change.apply(states.read(account));
            states.keepUnwritten(account, next);
            return Optional.of(next);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private void write(String account, AccountState state) throws StateStore.ChangedException {
        try {
            states.write(account, state);
        } catch (StateStore.ChangedException e) {
            throw e; // what another run has recorded decides
        } catch (IOException e) {
            states.keepUnwritten(account, state);
        }
    }
}

package org.opensciencegrid.tokenrenewer.cli.output;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.notify.Event;
import org.opensciencegrid.tokenrenewer.notify.Message;
import org.opensciencegrid.tokenrenewer.renewal.Outcome;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Expiry;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Writes the messages to the owners of accounts, with the texts and commands of {@link Messages}.
 *
 * @param host the name of this host
 */
public record NotificationText(Messages messages, RepairCommands commands, String host) {
    /** Tokens that a message describes; it counts the others. */
    private static final int MOST_TOKENS = 20;

    private static final String INDENT = "    ";

    /**
     * @param outcomes of the account's tokens in this run
     * @param now the time of the message
     */
    public Message of(
            String account,
            Event event,
            NotifyOptions options,
            AccountState state,
            List<Outcome> outcomes,
            Instant now) {
        String owner = options.owner().map(Printable::of).orElse("");
        List<String> lines = new ArrayList<>();
        JsonObject json = JsonObject.NONE
                .with("schema", 1L)
                .with("event", event.kind().word())
                .with("account", account)
                .with("owner", owner)
                .with("host", host)
                .with("time", now);
        String subject;
        switch (event.kind()) {
            case FAILING -> {
                subject = failing(lines, account, state, outcomes, now);
                json = json.with("failing_since", state.notifyState().failingSince())
                        .with("tokens", tokens(outcomes, account));
            }
            case EXPIRES -> {
                Expiry expiry = event.expiry().orElseThrow();
                subject = expires(lines, account, expiry, now);
                json = json.with("ends", expiry.kind().word()).with("ends_at", expiry.at());
            }
            case WELL -> {
                subject = "account " + account + " is OK again";
                wrap(lines, "", "Account " + account + " on " + host + " works again: its tokens are renewed.");
            }
            case TEST -> {
                subject = "test message for account " + account;
                wrap(lines, "", "This is a test. Messages about account " + account + " on " + host + " arrive here.");
            }
            default -> throw new IllegalStateException(event.kind().word());
        }
        lines.add("");
        wrap(lines, "", footer(event, owner));
        lines.add(ShellQuote.line(commands.status()));
        String title = "[osg-token-renewer] " + host + ": " + subject;
        String text = String.join("\n", lines) + "\n";
        return new Message(
                event, account, title, text, json.with("subject", title).with("text", text));
    }

    private String failing(
            List<String> lines, String account, AccountState state, List<Outcome> outcomes, Instant now) {
        List<String> names = new ArrayList<>();
        Map<String, List<String>> byFailure = new LinkedHashMap<>();
        Map<String, Failure> failures = new LinkedHashMap<>();
        for (Outcome outcome : outcomes) {
            for (Failure failure : failures(outcome)) {
                String what = messages.what(failure);
                failures.put(what, failure);
                byFailure.computeIfAbsent(what, text -> new ArrayList<>()).add(Printable.of(outcome.token()));
                if (!names.contains(outcome.token())) {
                    names.add(outcome.token());
                }
            }
        }
        String since = state.notifyState()
                .failingSince()
                .map(at -> " since " + HumanFormat.time(at) + " (" + HumanFormat.ago(at, now) + ")")
                .orElse("");
        wrap(lines, "", "The renewals of account " + account + " on " + host + " fail in every run" + since + ".");
        int described = 0;
        for (Map.Entry<String, List<String>> one : byFailure.entrySet()) {
            if (++described > MOST_TOKENS) {
                lines.add("");
                lines.add((byFailure.size() - MOST_TOKENS) + " more");
                break;
            }
            Failure failure = Objects.requireNonNull(failures.get(one.getKey()));
            lines.add("");
            lines.add((one.getValue().size() == 1 ? "token " : "tokens ")
                    + HumanFormat.some(one.getValue(), MOST_TOKENS) + ":");
            wrap(lines, INDENT, one.getKey());
            lines.addAll(messages.repair(failure, account).lines(INDENT, Colors.NONE));
        }
        return HumanFormat.count(names.size(), "token") + " of account " + account
                + (names.size() == 1 ? " is" : " are") + " not renewed";
    }

    private String expires(List<String> lines, String account, Expiry expiry, Instant now) {
        String what = Messages.what(expiry.kind());
        Repair repair = messages.renew(expiry.kind(), account);
        String ends = what + " of account " + account + " ends " + HumanFormat.ago(expiry.at(), now);
        wrap(
                lines,
                "",
                "On " + host + ", " + ends + ", at " + HumanFormat.time(expiry.at())
                        + ". After that, the issuer rejects every renewal.");
        lines.add("");
        lines.addAll(repair.lines("", Colors.NONE));
        return ends;
    }

    private static String footer(Event event, String owner) {
        String to = owner.isEmpty()
                ? "You get this message because config.ini names you for this account."
                : "You get this message because config.ini names you for this account, whose owner is " + owner + ".";
        String then = event.kind() == Event.Kind.FAILING
                ? " It is repeated once a day, and one more message follows when this is over."
                : "";
        return to + then + " To see everything, run on that host:";
    }

    private static void wrap(List<String> lines, String indent, String text) {
        LineWrapper.wrap(lines, indent, text);
    }

    private List<Map<String, Object>> tokens(List<Outcome> outcomes, String account) {
        List<Map<String, Object>> tokens = new ArrayList<>();
        for (Outcome outcome : outcomes) {
            for (Failure failure : failures(outcome)) {
                if (tokens.size() < MOST_TOKENS) {
                    tokens.add(JsonObject.NONE
                            .with("token", Printable.of(outcome.token()))
                            .with("seconds_left", left(outcome).map(Duration::toSeconds))
                            .with("failure", messages.members(failure, account))
                            .asMap());
                }
            }
        }
        return tokens;
    }

    private static Optional<Duration> left(Outcome outcome) {
        return outcome instanceof Outcome.Failed failed ? failed.left() : Optional.empty();
    }

    private static List<Failure> failures(Outcome outcome) {
        List<Failure> failures = new ArrayList<>();
        if (outcome instanceof Outcome.Failed failed) {
            failures.add(failed.failure());
        } else if (outcome instanceof Outcome.HookFailed hook) {
            failures.addAll(failures(hook.renewal()));
            failures.add(hook.failure());
        } else if (outcome instanceof Outcome.NotPublished secret) {
            failures.addAll(failures(secret.renewal()));
            failures.add(secret.failure());
        } else if (outcome instanceof Outcome.Published published) {
            failures.addAll(failures(published.renewal()));
        }
        return failures;
    }
}

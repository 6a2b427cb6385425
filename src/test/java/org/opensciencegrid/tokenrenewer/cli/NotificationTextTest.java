package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.cli.output.Messages;
import org.opensciencegrid.tokenrenewer.cli.output.NotificationText;
import org.opensciencegrid.tokenrenewer.config.ConfigFile;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.notify.Event;
import org.opensciencegrid.tokenrenewer.notify.Message;
import org.opensciencegrid.tokenrenewer.renewal.Outcome;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Expiry;

/** Every message to the owner of an account, in a golden file. */
class NotificationTextTest {
    private static final Instant NOW = Instant.parse("2026-11-26T10:00:00Z");

    @TempDir
    Path directory;

    private final List<String> texts = new ArrayList<>();

    private void add(Message message) {
        assertEquals(message.text(), message.json().string("text").orElseThrow());
        assertTrue(JsonObject.parse(message.json().toJson()).isPresent());
        texts.add("Subject: " + message.subject() + "\n\n" + message.text() + "\n"
                + message.json().toJson() + "\n");
    }

    @Test
    void allMessages() throws Exception {
        NotifyOptions owned = options("owner = grid operations");
        NotifyOptions unowned = options("owner =");
        NotificationText text = new NotificationText(new Messages(Host.COMMANDS), Host.COMMANDS, "ap1.example.org");
        AccountState state = AccountState.UNKNOWN.withNotifyState(
                AccountState.UNKNOWN.notifyState().failed(NOW.minus(Duration.ofMinutes(24)), 3));
        Failure dead = new Failure(
                Failure.Kind.AUTHORIZATION_DEAD,
                "https://idp.example.org",
                "https://idp.example.org answered invalid_grant (Invalid refresh token)");
        Failure hook = new Failure(Failure.Kind.HOOK_FAILED, "/usr/local/bin/push", "exit status 1, without a word");
        add(text.of(
                "acct",
                Event.of(Event.Kind.FAILING),
                owned,
                state,
                List.of(
                        new Outcome.Failed(
                                "acct", "one", dead, Optional.empty(), true, Optional.of(Duration.ofMinutes(40))),
                        new Outcome.Failed("acct", "two", dead, Optional.empty(), true, Optional.empty()),
                        new Outcome.HookFailed(new Outcome.Fresh("acct", "three", Duration.ofHours(1)), hook)),
                NOW));
        List<Outcome> many = new ArrayList<>();
        for (int i = 0; i < 22; i++) {
            Failure full = new Failure(Failure.Kind.TOKEN_DISK_FULL, "/srv/" + i, "No space left on device");
            many.add(new Outcome.Failed("acct", "t" + i, full, Optional.empty(), true, Optional.empty()));
        }
        Message ofMany = text.of("acct", Event.of(Event.Kind.FAILING), unowned, AccountState.UNKNOWN, many, NOW);
        assertTrue(ofMany.text().contains("\n\n2 more\n"), ofMany.text());
        assertEquals(20, ofMany.json().list("tokens").size());
        for (Expiry.Kind kind : Expiry.Kind.values()) {
            Expiry expiry = new Expiry(kind, NOW.plus(Duration.ofDays(7)));
            add(text.of(
                    "acct",
                    new Event(Event.Kind.EXPIRES, Optional.of(expiry), 7),
                    unowned,
                    AccountState.UNKNOWN,
                    List.of(),
                    NOW));
        }
        add(text.of("acct", Event.of(Event.Kind.WELL), owned, state, many, NOW));
        add(text.of("acct", Event.of(Event.Kind.TEST), owned, state, List.of(), NOW));
        Golden.hold("notifications.txt", String.join("\n----------\n\n", texts));
    }

    private NotifyOptions options(String line) throws Exception {
        Path file = directory.resolve("config.ini");
        Files.writeString(file, "[account acct]\npassword_file = /p\nnotify = mailto:root\n" + line + "\n");
        return ConfigFile.read(file).notifications().get("acct");
    }
}

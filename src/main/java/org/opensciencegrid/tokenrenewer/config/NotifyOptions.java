package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;

/**
 * Whom to notify of problems with an account, and how.
 *
 * @param owner who is responsible for the account, in words
 * @param targets where messages go; empty if nobody is notified
 * @param after how many consecutive runs must fail first
 * @param relay the mail server
 * @param from the sender's address of mails; empty for the user and host of this process
 * @param caFile the CA of the account, which is trusted for webhooks too
 * @param networkOptions the route to webhooks
 */
public record NotifyOptions(
        Optional<String> owner,
        List<NotifyTarget> targets,
        long after,
        Relay relay,
        Optional<String> from,
        Optional<Path> caFile,
        NetworkOptions networkOptions) {
    static final String OPTION = "notify";

    static final long DEFAULT_AFTER = 3;

    public NotifyOptions {
        targets = List.copyOf(targets);
    }

    /** A mail server that takes mails for others. */
    public record Relay(String host, int port) {
        private static final int SMTP = 25;
        private static final Pattern TEXT =
                Pattern.compile("([A-Za-z0-9._-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}])(?::(\\d{1,5}))?");

        static final Relay LOCAL = new Relay("localhost", SMTP);

        static Optional<Relay> parse(String text) {
            Matcher parts = TEXT.matcher(text);
            if (!parts.matches()) {
                return Optional.empty();
            }
            int port = parts.group(2) == null ? SMTP : Integer.parseInt(parts.group(2));
            return port < 1 || port > 65_535 ? Optional.empty() : Optional.of(new Relay(parts.group(1), port));
        }

        @Override
        public String toString() {
            return host + ":" + port;
        }
    }
}

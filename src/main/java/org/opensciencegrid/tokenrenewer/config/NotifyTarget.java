package org.opensciencegrid.tokenrenewer.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * A place for messages: a mail address, a program or a webhook.
 *
 * @param value the address, path or URL. Everyone who knows the URL of a webhook can write there, so it is a secret
 */
public record NotifyTarget(Kind kind, Secret value) {
    /** How a message is delivered. */
    public enum Kind {
        MAIL,
        EXEC,
        WEBHOOK
    }

    private static final String MAIL = "mailto:";
    private static final String EXEC = "exec:";

    /** An address without quotes and comments (RFC 5321 section 4.1.2), or the name of a local user. */
    private static final Pattern ADDRESS = Pattern.compile("[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
            + "(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*(@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*)?");

    private static final int LONGEST_ADDRESS = 254;

    /** Empty if the word is not a target. */
    static Optional<NotifyTarget> parse(String word) {
        if (word.startsWith(MAIL)) {
            return of(Kind.MAIL, word.substring(MAIL.length()), isMailAddress(word.substring(MAIL.length())));
        }
        if (word.startsWith(EXEC)) {
            return of(Kind.EXEC, word.substring(EXEC.length()), isPath(word.substring(EXEC.length())));
        }
        try {
            return of(Kind.WEBHOOK, word, Transport.isSafe(new URI(word)));
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    private static Optional<NotifyTarget> of(Kind kind, String value, boolean isValid) {
        return isValid ? Optional.of(new NotifyTarget(kind, Secret.of(value))) : Optional.empty();
    }

    private static boolean isPath(String text) {
        try {
            return Path.of(text).isAbsolute();
        } catch (InvalidPathException e) { // in the C locale, a character outside ASCII
            return false;
        }
    }

    static boolean isMailAddress(String text) {
        return text.length() <= LONGEST_ADDRESS && ADDRESS.matcher(text).matches();
    }

    /** For a mail address. */
    public String address() {
        return value.reveal();
    }

    /** For a program. */
    public Path program() {
        return Path.of(value.reveal());
    }

    /** For a webhook. */
    public URI url() {
        return URI.create(value.reveal());
    }

    /** Identifies it in a state file, without its value. */
    public String id() {
        try {
            byte[] text = (kind + value.reveal()).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has SHA-256
        }
    }

    /** For people: without the path of a webhook. */
    @Override
    public String toString() {
        return switch (kind) {
            case MAIL -> MAIL + address();
            case EXEC -> EXEC + program();
            case WEBHOOK -> url().getScheme() + "://" + Transport.hostAndPort(url());
        };
    }
}

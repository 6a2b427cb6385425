package org.opensciencegrid.cryptostore;

import java.util.regex.Pattern;

/**
 * The rule for account names: 1 to 100 characters, {@code [A-Za-z0-9][A-Za-z0-9._@+-]*}, without "..".
 *
 * <p>A name becomes part of file names, so nothing that passes can leave a directory, be hidden or look like an option.
 */
public final class AccountName {
    /** The permitted characters, for messages to people. */
    public static final String RULE =
            "1 to 100 of the characters A-Z a-z 0-9 . _ @ + -, starting with a letter or digit, without \"..\"";

    private static final Pattern PATTERN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}");

    private AccountName() {}

    /** Returns the name if it is one. The message of the refusal does not repeat the name: it may hold anything. */
    public static String check(String name) {
        if (!PATTERN.matcher(name).matches() || name.contains("..")) {
            throw new IllegalArgumentException("not an account name: it must be " + RULE);
        }
        return name;
    }
}

package org.opensciencegrid.cryptostore;

/**
 * The rule for account names: 1 to 100 characters, {@code [A-Za-z0-9][A-Za-z0-9._@+-]*}, without "..".
 *
 * <p>A name becomes part of file names, so nothing that passes can leave a directory, be hidden or look like an option.
 */
public final class AccountName {
    /** The permitted characters, for messages to people. */
    public static final String RULE =
            "1 to 100 of the characters A-Z a-z 0-9 . _ @ + -, starting with a letter or digit, without \"..\"";

    private static final int LONGEST = 100;

    private AccountName() {}

    /** By hand, as a pattern would be compiled by each run. */
    public static boolean isOne(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean isAlphanumeric = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
            if (!isAlphanumeric && (i == 0 || "._@+-".indexOf(c) < 0)) {
                return false;
            }
        }
        return !name.isEmpty() && name.length() <= LONGEST && !name.contains("..");
    }

    /** Returns the name if it is one. The message of the refusal does not repeat the name: it may hold anything. */
    public static String check(String name) {
        if (!isOne(name)) {
            throw new IllegalArgumentException("not an account name: it must be " + RULE);
        }
        return name;
    }
}

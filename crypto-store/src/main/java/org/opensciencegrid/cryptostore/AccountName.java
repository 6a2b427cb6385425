package org.opensciencegrid.cryptostore;

/**
 * The rule for account names: 1 to 100 characters, {@code [A-Za-z0-9][A-Za-z0-9._@+-]*}, without "..".
 *
 * <p>A name becomes part of file names. A valid name cannot leave the directory, be hidden or look like an option.
 */
public final class AccountName {
    /** The permitted characters, for messages. */
    public static final String RULE =
            "1 to 100 of the characters A-Z a-z 0-9 . _ @ + -, starting with a letter or digit, without \"..\"";

    private static final int LONGEST = 100;

    private AccountName() {}

    /** Whether the name is valid. Not a regular expression, because each run would compile it. */
    public static boolean isValid(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean isAlphanumeric = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
            if (!isAlphanumeric && (i == 0 || "._@+-".indexOf(c) < 0)) {
                return false;
            }
        }
        return !name.isEmpty() && name.length() <= LONGEST && !name.contains("..");
    }

    /** Returns the name if it is valid. The exception does not contain the name, because it may be any text. */
    public static String check(String name) {
        if (!isValid(name)) {
            throw new IllegalArgumentException("not an account name: it must be " + RULE);
        }
        return name;
    }
}

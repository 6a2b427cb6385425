package org.opensciencegrid.tokenrenewer.config;

/** An {@code [account NAME]} section that a token uses. */
public sealed interface AccountSection permits StoredAccount, ClientCredentialsAccount {
    /** Safe as part of a file name: letters, digits and {@code ._@+-}, without {@code ..}, at most 100 characters. */
    String name();

    /** The line of the section's header. */
    int line();
}

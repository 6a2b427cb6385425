package org.opensciencegrid.tokenrenewer.config;

import org.opensciencegrid.tokenrenewer.net.NetworkOptions;

/** An {@code [account NAME]} section that a token uses. */
public sealed interface AccountSection permits StoredAccount, ClientCredentialsAccount {
    /** Safe as part of a file name: letters, digits and {@code ._@+-}, without {@code ..}, at most 100 characters. */
    String name();

    /** The line number of the section header. */
    int line();

    /** For a client that has no secret. */
    ClientFiles clientFiles();

    /** The options {@code proxy}, {@code no_proxy} and {@code answer_timeout}. */
    NetworkOptions networkOptions();
}

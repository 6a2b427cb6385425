package org.opensciencegrid.tokenrenewer.cli.output;

/** The exit statuses, the same for every command. */
public final class ExitStatus {
    /** Success, or nothing was due. */
    public static final int OK = 0;

    /** Something failed; for status: something needs attention. */
    public static final int FAILED = 1;

    /** The command line or the config file must be corrected. Tokens in correct sections were renewed. */
    public static final int USAGE = 2;

    /** A bug in this program; the only case with a stack trace. */
    public static final int BUG = 70;

    private ExitStatus() {}
}

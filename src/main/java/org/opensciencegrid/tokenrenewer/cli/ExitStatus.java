package org.opensciencegrid.tokenrenewer.cli;

/** The exit statuses, the same for every command. */
final class ExitStatus {
    /** All well, or nothing due. */
    static final int OK = 0;

    /** Something failed; for status: something needs a person. */
    static final int FAILED = 1;

    /** Usage or configuration; nothing was attempted. */
    static final int USAGE = 2;

    /** A bug in this program; the only case with a stack trace. */
    static final int BUG = 70;

    private ExitStatus() {}
}

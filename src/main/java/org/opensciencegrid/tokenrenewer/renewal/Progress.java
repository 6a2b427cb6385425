package org.opensciencegrid.tokenrenewer.renewal;

/** Receives the progress on accounts, from the threads that work on them. */
public interface Progress {
    /** Ignores the progress. */
    Progress NONE = new Progress() {
        @Override
        public void update(String account, int done, int due) {}
    };

    /**
     * Called before the first due token of an account, and after each token.
     *
     * @param done how many tokens of the account were tried; equal to {@code due} at the end
     */
    void update(String account, int done, int due);
}

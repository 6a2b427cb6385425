package org.opensciencegrid.tokenrenewer.renewal;

/** Told while accounts are worked on, by the threads that do it. */
public interface Progress {
    /** Nobody looks. */
    Progress UNSEEN = new Progress() {
        @Override
        public void at(String account, int done, int due) {}
    };

    /**
     * Called when work on an account's due tokens begins, and after each of them.
     *
     * @param done tokens of the account that have been tried; equal to {@code due} at its end
     */
    void at(String account, int done, int due);
}

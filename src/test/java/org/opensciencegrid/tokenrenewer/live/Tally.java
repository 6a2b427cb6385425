package org.opensciencegrid.tokenrenewer.live;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Counts what happened to the refresh tokens of all cases of an issuer. */
final class Tally {
    private long given;
    private int alive;
    private int ended;
    private final List<String> lost = new ArrayList<>();

    /**
     * @param tokens number of tokens that the account received; the last one is stored
     * @param isAlive whether the issuer accepted the stored one at the end
     * @param end why it may be invalid
     * @param status the status of the issuer's response
     */
    synchronized void count(long tokens, boolean isAlive, Optional<String> end, int status) {
        given += tokens;
        if (isAlive) {
            alive++;
        } else if (end.isPresent()) {
            ended++;
        } else {
            lost.add("the stored refresh token is answered " + status);
        }
    }

    /** Adds the counts of another tally. */
    synchronized void add(Tally other) {
        synchronized (other) {
            given += other.given;
            alive += other.alive;
            ended += other.ended;
            lost.addAll(other.lost);
        }
    }

    synchronized List<String> lost() {
        return List.copyOf(lost);
    }

    /** For the matrix: how many were lost, of how many. */
    synchronized String word() {
        return lost.size() + " of " + given;
    }

    @Override
    public synchronized String toString() {
        return "refresh tokens: " + given + " given to " + (alive + ended + lost.size()) + " accounts; in the end "
                + alive + " of these work, " + ended + " were ended by their case, " + lost.size() + " lost";
    }
}

package org.opensciencegrid.tokenrenewer.live;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What became of the refresh tokens that an issuer gave to the accounts of all cases. */
final class Tally {
    private long given;
    private int alive;
    private int ended;
    private final List<String> lost = new ArrayList<>();

    /**
     * @param tokens that the account got, of which the last is stored
     * @param isAlive whether the issuer took the stored one in the end
     * @param end why it may not be alive
     * @param status what the issuer answered
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

    /** Everything that was counted in another tally, too. */
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

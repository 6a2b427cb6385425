package org.opensciencegrid.tokenrenewer.state;

import java.nio.file.Path;

/**
 * The directories of the program.
 *
 * @param accounts encrypted account files
 * @param registrations clients registered for accounts that are not set up yet
 * @param state one state file for each account
 * @param spareState receives the files that cannot be written to {@code state}
 * @param rescue receives a rotated refresh token if {@code accounts} fails after the issuer's response; on another file
 *     system if possible
 */
public record StateLayout(Path accounts, Path registrations, Path state, Path spareState, Path rescue) {
    /**
     * @param stateDirectory such as /var/lib/osg-token-renewer
     * @param runtimeDirectory such as /run/osg-token-renewer
     */
    public static StateLayout of(Path stateDirectory, Path runtimeDirectory) {
        return new StateLayout(
                stateDirectory.resolve("accounts"),
                stateDirectory.resolve("registrations"),
                stateDirectory.resolve("state"),
                runtimeDirectory.resolve("state"),
                runtimeDirectory);
    }
}

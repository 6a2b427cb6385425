package org.opensciencegrid.tokenrenewer.state;

import java.nio.file.Path;

/**
 * Where things lie.
 *
 * @param accounts encrypted account files
 * @param registrations clients that were registered for accounts that are not set up yet
 * @param state one state file per account
 * @param rescue where a rotated refresh token goes when {@code accounts} fails after the issuer answered; another file
 *     system where possible
 */
public record Places(Path accounts, Path registrations, Path state, Path rescue) {
    /**
     * @param stateDirectory such as /var/lib/osg-token-renewer
     * @param runtimeDirectory such as /run/osg-token-renewer
     */
    public static Places of(Path stateDirectory, Path runtimeDirectory) {
        return new Places(
                stateDirectory.resolve("accounts"),
                stateDirectory.resolve("registrations"),
                stateDirectory.resolve("state"),
                runtimeDirectory);
    }
}

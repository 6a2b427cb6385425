package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * {@code post_renewal}: the command to run after a new token is in place.
 *
 * @param command an absolute path and arguments; no shell is involved
 * @param timeout the command is killed after this time
 */
public record PostRenewal(List<String> command, Duration timeout) {
    public PostRenewal {
        command = List.copyOf(command);
    }

    public Path program() {
        return Path.of(command.get(0));
    }
}

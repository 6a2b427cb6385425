package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * {@code post_renewal}: what is to be run when a new token is at its path.
 *
 * @param command an absolute path and arguments; no shell reads them
 * @param timeout it is ended after that
 */
public record PostRenewal(List<String> command, Duration timeout) {
    public PostRenewal {
        command = List.copyOf(command);
    }

    public Path program() {
        return Path.of(command.get(0));
    }
}

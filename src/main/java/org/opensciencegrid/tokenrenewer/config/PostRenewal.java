package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * {@code post_renewal}: the command to run after a new token is in place.
 *
 * @param command an absolute path and arguments; no shell is involved
 * @param timeout the command is killed after this time
 * @param when in which runs
 * @param environment names of variables of the service's environment that the command gets too
 */
public record PostRenewal(List<String> command, Duration timeout, When when, List<String> environment) {
    /** Variables that the program sets for the command. */
    static final Set<String> OWN_VARIABLES =
            Set.of("PATH", "TOKEN_NAME", "EACH", "TOKEN_PATH", "TOKEN_SECRET", "EXPIRES_AT", "POST_RENEWAL_ID");

    /** In which runs the command is called. A command that failed is called again in the next run in any case. */
    public enum When {
        /** After the token was renewed. */
        RENEWED,
        /** In every run that finds a valid token, renewed or not. */
        EVERY_RUN
    }

    public PostRenewal {
        command = List.copyOf(command);
        environment = List.copyOf(environment);
    }

    public Path program() {
        return Path.of(command.get(0));
    }

    /** Whether it is a program of this package. These copy the file at token_path. */
    public boolean isShipped() {
        return program().toString().contains("/libexec/osg-token-renewer/hooks/");
    }

    /** The same command, with another timeout. */
    public PostRenewal withTimeout(Duration other) {
        return new PostRenewal(command, other, when, environment);
    }
}

package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.opensciencegrid.tokenrenewer.systemd.Sandbox;
import org.opensciencegrid.tokenrenewer.systemd.ServiceEnvironment;
import org.opensciencegrid.tokenrenewer.systemd.Timer;

/**
 * The environment of the installed service.
 *
 * @param user the user that renews; empty if unknown
 * @param hasSystemd whether the timer can start runs; without systemd there is no timer and no sandbox
 * @param variables names of the environment variables that the unit sets; empty if there is no unit
 * @param classArchives where make-archive writes its files
 */
public record ServiceMachine(
        Optional<User> user,
        boolean hasSystemd,
        Optional<Timer> timer,
        Optional<Sandbox> sandbox,
        Optional<Set<String>> variables,
        Path classArchives) {
    /**
     * Reads the state of this machine.
     *
     * @param stateDirectory belongs to the user that renews
     */
    public static ServiceMachine read(Path stateDirectory, boolean hasSystemd) {
        Path root = Path.of("/");
        Optional<User> user;
        try {
            user = Optional.of(User.ownerOf(stateDirectory, root.resolve("etc/group")));
        } catch (IOException e) {
            user = Optional.empty();
        }
        return new ServiceMachine(
                user,
                hasSystemd,
                hasSystemd ? Timer.ask() : Optional.empty(),
                hasSystemd ? Sandbox.read(root) : Optional.empty(),
                hasSystemd ? ServiceEnvironment.read(root).map(Map::keySet) : Optional.empty(),
                root.resolve("var/cache/osg-token-renewer"));
    }
}

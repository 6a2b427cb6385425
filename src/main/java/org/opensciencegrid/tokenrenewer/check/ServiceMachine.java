package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.systemd.Sandbox;
import org.opensciencegrid.tokenrenewer.systemd.Timer;

/**
 * The environment of the installed service.
 *
 * @param user the user that renews; empty if unknown
 * @param classArchives where make-archive writes its files
 */
public record ServiceMachine(
        Optional<User> user, Optional<Timer> timer, Optional<Sandbox> sandbox, Path classArchives) {
    /**
     * Reads the state of this machine.
     *
     * @param stateDirectory belongs to the user that renews
     */
    public static ServiceMachine read(Path stateDirectory) {
        Path root = Path.of("/");
        Optional<User> user;
        try {
            user = Optional.of(User.ownerOf(stateDirectory, root.resolve("etc/group")));
        } catch (IOException e) {
            user = Optional.empty();
        }
        return new ServiceMachine(user, Timer.ask(), Sandbox.read(root), root.resolve("var/cache/osg-token-renewer"));
    }
}

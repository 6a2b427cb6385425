package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.systemd.Sandbox;
import org.opensciencegrid.tokenrenewer.systemd.Timer;

/**
 * What surrounds the installed service.
 *
 * @param user that renews; empty where it cannot be told
 * @param classArchives where make-archive puts its files
 */
public record Machine(Optional<User> user, Optional<Timer> timer, Optional<Sandbox> sandbox, Path classArchives) {
    /**
     * Looks at this one.
     *
     * @param root /
     * @param stateDirectory it belongs to the user that renews
     */
    public static Machine read(Path root, Path stateDirectory) {
        Optional<User> user;
        try {
            user = Optional.of(User.ownerOf(stateDirectory, root.resolve("etc/group")));
        } catch (IOException e) {
            user = Optional.empty();
        }
        return new Machine(user, Timer.read(root), Sandbox.read(root), root.resolve("var/cache/osg-token-renewer"));
    }
}

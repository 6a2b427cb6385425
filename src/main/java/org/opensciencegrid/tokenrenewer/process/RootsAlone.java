package org.opensciencegrid.tokenrenewer.process;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Whether only root can change what a path leads to, as {@code roots_alone} of the launcher decides it. */
public final class RootsAlone {
    private static final int MOST_LINKS = 40;
    private static final int OTHERS_WRITE = 022;
    private static final int STICKY = 01000;
    private static final Path ROOT = Path.of("/");

    private RootsAlone() {}

    /**
     * Finds the first file or directory on the way that users other than root can change. A sticky directory of root is
     * safe: others can write to it, but cannot replace root's files.
     *
     * @param path absolute; there is something
     * @return empty if only root can change where the path leads and what is there
     */
    public static Optional<Path> unsafe(Path path) throws IOException {
        Deque<Path> rest = new ArrayDeque<>();
        path.forEach(rest::add);
        Path at = ROOT;
        for (int links = 0; ; ) {
            Map<String, Object> found = Files.readAttributes(at, "unix:uid,mode", LinkOption.NOFOLLOW_LINKS);
            int mode = (Integer) Objects.requireNonNull(found.get("mode"));
            boolean isLink = Files.isSymbolicLink(at);
            boolean isShared =
                    !isLink && (mode & OTHERS_WRITE) != 0 && !(Files.isDirectory(at) && (mode & STICKY) != 0);
            if (!Integer.valueOf(0).equals(found.get("uid")) || isShared) {
                return Optional.of(at);
            }
            if (isLink) {
                if (++links > MOST_LINKS) {
                    throw new FileSystemLoopException(path.toString());
                }
                Path target = Files.readSymbolicLink(at);
                for (int i = target.getNameCount() - 1; i >= 0; i--) {
                    rest.push(target.getName(i));
                }
                at = target.isAbsolute() ? ROOT : parent(at);
            }
            if (rest.isEmpty()) {
                return Optional.empty();
            }
            Path name = rest.pop();
            at = switch (name.toString()) {
                case "", "." -> at;
                case ".." -> parent(at);
                default -> at.resolve(name);
            };
        }
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        return parent == null ? ROOT : parent;
    }
}

package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.opensciencegrid.cryptostore.Owners;

/**
 * The user that renews, and its rights on files: from their modes, or also from their ACLs if this process runs as that
 * user.
 *
 * @param uid 0 has all rights
 * @param group of new files
 * @param groups every group of the user
 */
public record User(int uid, int group, Set<Integer> groups) {
    /** The owner of the file. */
    static User ownerOf(Path file, Path groupFile) throws IOException {
        int uid = (Integer) Files.getAttribute(file, "unix:uid");
        int group = (Integer) Files.getAttribute(file, "unix:gid");
        Set<Integer> groups = new HashSet<>();
        groups.add(group);
        String name = Files.getOwner(file).getName();
        for (String line : Files.readAllLines(groupFile)) {
            String[] fields = line.split(":", -1); // group(5)
            if (fields.length == 4 && List.of(fields[3].split(",")).contains(name) && fields[2].matches("[0-9]{1,9}")) {
                groups.add(Integer.valueOf(fields[2]));
            }
        }
        return new User(uid, group, Set.copyOf(groups));
    }

    boolean mayRead(Path file) throws IOException {
        return may(file, Files::isReadable, "READ");
    }

    boolean mayWrite(Path file) throws IOException {
        return may(file, Files::isWritable, "WRITE");
    }

    boolean mayExecute(Path file) throws IOException {
        return may(file, Files::isExecutable, "EXECUTE");
    }

    /** The topmost directory above the file that the user cannot search. */
    Optional<Path> closedParent(Path file) throws IOException {
        Optional<Path> closed = Optional.empty();
        for (Path above = file.toAbsolutePath().getParent(); above != null; above = above.getParent()) {
            if (Files.exists(above) && !mayExecute(above)) {
                closed = Optional.of(above);
            }
        }
        return closed;
    }

    /** @param right as in the names of {@link PosixFilePermission} */
    private boolean may(Path file, Predicate<Path> test, String right) throws IOException {
        if (uid == 0) {
            return true;
        }
        if (uid == Owners.CURRENT.user()) {
            return test.test(file); // the system also checks ACLs
        }
        boolean isMember = groups.contains((Integer) Files.getAttribute(file, "unix:gid"));
        String who = Files.getAttribute(file, "unix:uid").equals(uid) ? "OWNER_" : isMember ? "GROUP_" : "OTHERS_";
        return Files.getPosixFilePermissions(file).contains(PosixFilePermission.valueOf(who + right));
    }
}

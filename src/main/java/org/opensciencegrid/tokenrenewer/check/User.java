package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The user that renews, and what the modes of files let it do. ACLs are not seen by Java: they can only give more.
 *
 * @param uid 0 may do everything
 * @param group that new files have
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
        return may(
                file, PosixFilePermission.OWNER_READ, PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ);
    }

    boolean mayWrite(Path file) throws IOException {
        return may(
                file,
                PosixFilePermission.OWNER_WRITE,
                PosixFilePermission.GROUP_WRITE,
                PosixFilePermission.OTHERS_WRITE);
    }

    boolean mayExecute(Path file) throws IOException {
        return may(
                file,
                PosixFilePermission.OWNER_EXECUTE,
                PosixFilePermission.GROUP_EXECUTE,
                PosixFilePermission.OTHERS_EXECUTE);
    }

    /** Whether it may go through every directory above the file. */
    boolean mayReach(Path file) throws IOException {
        for (Path above = file.toAbsolutePath().getParent(); above != null; above = above.getParent()) {
            if (!mayExecute(above)) {
                return false;
            }
        }
        return true;
    }

    private boolean may(Path file, PosixFilePermission owner, PosixFilePermission group, PosixFilePermission others)
            throws IOException {
        if (uid == 0) {
            return true;
        }
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
        if (Files.getAttribute(file, "unix:uid").equals(uid)) {
            return mode.contains(owner);
        }
        return mode.contains(groups.contains((Integer) Files.getAttribute(file, "unix:gid")) ? group : others);
    }
}

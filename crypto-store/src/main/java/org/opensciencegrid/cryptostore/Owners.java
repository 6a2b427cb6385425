package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The trusted owners of directories and links: root and the user that runs the service.
 *
 * @param user the user of the service
 * @param users includes root
 * @param groups that may also write. ACLs are not read, except that the group mode is then the ACL's mask
 */
public record Owners(int user, Set<Integer> users, Set<Integer> groups) {
    /** Root and the user of this process. A JVM does not change its user. */
    public static final Owners CURRENT = read();

    /** Root and another user. Root uses it to check what the service will find. */
    public static Owners of(int user, Set<Integer> groups) {
        Set<Integer> all = new HashSet<>(groups);
        all.add(0);
        return new Owners(user, user == 0 ? Set.of(0) : Set.of(0, user), Set.copyOf(all));
    }

    /** Whether this is a directory, and not a link to one, that belongs to the user of this process. */
    static boolean isOwnDirectory(Path directory) {
        try {
            return Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                    && Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                            .equals(CURRENT.user());
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    boolean own(Inode inode) {
        return users.contains(inode.user());
    }

    /** Whether no other user can change the content of the directory. */
    boolean areOnlyWritersOf(Inode directory) {
        return own(directory)
                && !directory.isWorldWritable()
                && (!directory.isGroupWritable() || groups.contains(directory.group()));
    }

    /** Java has no call for the user id. user.name is empty if passwd has no entry. */
    private static Owners read() {
        int user = -1;
        Set<Integer> groups = new HashSet<>();
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.ISO_8859_1)) {
                List<String> words = List.of(line.split("\\s+"));
                if (line.startsWith("Uid:")) {
                    user = Integer.parseUnsignedInt(words.get(2));
                } else if (line.startsWith("Gid:")) {
                    groups.add(Integer.parseUnsignedInt(words.get(2)));
                } else if (line.startsWith("Groups:")) {
                    for (String number : words.subList(1, words.size())) {
                        groups.add(Integer.parseUnsignedInt(number));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return of(user, groups);
    }
}

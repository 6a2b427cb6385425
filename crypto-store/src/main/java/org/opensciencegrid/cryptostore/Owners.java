package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.StringTokenizer;

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
                if (line.startsWith("Uid:")) {
                    user = numbers(line).get(1);
                } else if (line.startsWith("Gid:")) {
                    groups.add(numbers(line).get(1));
                } else if (line.startsWith("Groups:")) {
                    groups.addAll(numbers(line));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return of(user, groups);
    }

    /** Those after the name; of users and groups the real, effective, saved and file system's. */
    private static List<Integer> numbers(String line) {
        List<Integer> numbers = new ArrayList<>();
        StringTokenizer words = new StringTokenizer(line.substring(line.indexOf(':') + 1));
        while (words.hasMoreTokens()) {
            numbers.add(Integer.parseUnsignedInt(words.nextToken()));
        }
        return numbers;
    }
}

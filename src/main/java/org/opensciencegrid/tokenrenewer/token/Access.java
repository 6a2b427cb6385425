package org.opensciencegrid.tokenrenewer.token;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;
import org.opensciencegrid.tokenrenewer.token.TokenFileException.Kind;

/**
 * A {@link TokenAccess} whose names are those of this machine.
 *
 * @param owner null to leave it
 * @param group null to leave it
 */
record Access(
        TokenAccess asked,
        @Nullable UserPrincipal owner,
        @Nullable GroupPrincipal group) {
    static Access of(TokenAccess asked, Path target) throws TokenFileException {
        if (asked.isAsItWas()) {
            return new Access(asked, null, null);
        }
        UserPrincipalLookupService names = target.getFileSystem().getUserPrincipalLookupService();
        return new Access(
                asked,
                found(asked.owner(), names::lookupPrincipalByName, target),
                found(asked.group(), names::lookupPrincipalByGroupName, target));
    }

    @FunctionalInterface
    private interface Lookup<P> {
        P of(String name) throws IOException;
    }

    private static <P> @Nullable P found(Optional<String> name, Lookup<P> lookup, Path target)
            throws TokenFileException {
        if (name.isEmpty()) {
            return null;
        }
        try {
            return lookup.of(name.get());
        } catch (UserPrincipalNotFoundException e) {
            throw new TokenFileException(Kind.NO_SUCH_NAME, target, name.get()); // Java 25 does not tell it
        } catch (IOException e) {
            throw new TokenFileException(Kind.OTHER, target, String.valueOf(e.getMessage()));
        }
    }

    /**
     * Gives the file what is asked for, if it can be had.
     *
     * @param target what the file is to become
     */
    void give(Path file, Path target) throws IOException, TokenFileException {
        if (asked.isAsItWas()) {
            return;
        }
        PosixFileAttributeView view =
                Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        PosixFileAttributes now = view.readAttributes();
        // The owner last: after that, nothing else may be changed by us.
        if (group != null && !group.equals(now.group())) {
            try {
                view.setGroup(group);
            } catch (IOException e) {
                throw new TokenFileException(Kind.GROUP_NOT_OURS, target, group.getName());
            }
        }
        if (asked.mode().isPresent()) {
            view.setPermissions(asked.mode().get());
        }
        if (owner != null && !owner.equals(now.owner())) {
            try {
                view.setOwner(owner);
            } catch (IOException e) {
                throw new TokenFileException(Kind.OWNER_NOT_US, target, owner.getName());
            }
        }
    }

    /**
     * Who a file belongs to, and who may do what with it.
     *
     * @param user a principal where an owner is asked for, else a number: the JDK looks each name up, which for each token of
     *     each run would ask sssd or LDAP four times
     * @param group likewise
     */
    record Status(Object user, Object group, Set<PosixFilePermission> permissions) {}

    /** As far as {@link #isLike} needs it. */
    @SuppressWarnings("unchecked")
    Status status(Path file) throws IOException {
        String user = owner == null ? "uid" : "owner";
        String members = group == null ? "gid" : "group";
        Map<String, Object> attributes =
                Files.readAttributes(file, "unix:permissions," + user + "," + members, LinkOption.NOFOLLOW_LINKS);
        return new Status(
                Objects.requireNonNull(attributes.get(user)),
                Objects.requireNonNull(attributes.get(members)),
                (Set<PosixFilePermission>) Objects.requireNonNull(attributes.get("permissions")));
    }

    /** Whether a file has all that is asked for. */
    boolean isThat(Status file) {
        return isLike(file, file);
    }

    /** Whether the file has all that is asked for, and else what the other one has. */
    boolean isLike(Status file, Status other) {
        return file.user().equals(owner != null ? owner : other.user())
                && file.group().equals(group != null ? group : other.group())
                && file.permissions().equals(asked.mode().orElse(other.permissions()));
    }
}

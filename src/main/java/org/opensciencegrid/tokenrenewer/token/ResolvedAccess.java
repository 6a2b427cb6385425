package org.opensciencegrid.tokenrenewer.token;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;
import org.opensciencegrid.tokenrenewer.token.TokenFileException.Kind;

/**
 * A {@link TokenAccess} with its names resolved on this machine.
 *
 * @param owner null to keep the owner
 * @param group null to keep the group
 */
record ResolvedAccess(
        TokenAccess requested,
        @Nullable UserPrincipal owner,
        @Nullable GroupPrincipal group) {
    static ResolvedAccess of(TokenAccess requested, Path target) throws TokenFileException {
        if (requested.isUnchanged()) {
            return new ResolvedAccess(requested, null, null);
        }
        UserPrincipalLookupService names = target.getFileSystem().getUserPrincipalLookupService();
        return new ResolvedAccess(
                requested,
                resolve(requested.owner(), names::lookupPrincipalByName, target),
                resolve(requested.group(), names::lookupPrincipalByGroupName, target));
    }

    @FunctionalInterface
    private interface Lookup<P> {
        P of(String name) throws IOException;
    }

    private static <P> @Nullable P resolve(Optional<String> name, Lookup<P> lookup, Path target)
            throws TokenFileException {
        if (name.isEmpty()) {
            return null;
        }
        try {
            return lookup.of(name.get());
        } catch (UserPrincipalNotFoundException e) {
            // The exception of Java 25 does not contain the name.
            throw new TokenFileException(Kind.NO_SUCH_NAME, target, name.get());
        } catch (IOException e) {
            throw new TokenFileException(Kind.OTHER, target, String.valueOf(e.getMessage()));
        }
    }

    /** Copies owner, group and mode of another file, except those that are requested; false if not permitted. */
    @SuppressWarnings("unchecked")
    boolean copyUnrequested(Path from, Path file) throws IOException {
        Map<String, Object> source = Files.readAttributes(from, "unix:uid,gid,permissions");
        Map<String, Object> current = Files.readAttributes(file, "unix:uid,gid");
        try {
            for (String name : List.of("gid", "uid")) {
                Object principal = name.equals("gid") ? group : owner;
                Object value = Objects.requireNonNull(source.get(name));
                if (principal == null && !value.equals(current.get(name))) {
                    Files.setAttribute(file, "unix:" + name, value);
                }
            }
            setMode(file, (Set<PosixFilePermission>) Objects.requireNonNull(source.get("permissions")));
            return true;
        } catch (FileSystemException e) {
            return false;
        }
    }

    /** Sets the mode only if it differs: some file systems do not let anyone set it. */
    static void setMode(Path file, Set<PosixFilePermission> mode) throws IOException {
        if (!Files.getPosixFilePermissions(file).equals(mode)) {
            Files.setPosixFilePermissions(file, mode);
        }
    }

    /**
     * Applies the requested owner, group and mode.
     *
     * @param file a path in /proc/self/fd
     * @param target the path that the file will get
     */
    void apply(Path file, Path target) throws IOException, TokenFileException {
        if (requested.isUnchanged()) {
            return;
        }
        PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        PosixFileAttributes current = view.readAttributes();
        // Change the owner last: after that, this process can change nothing else.
        if (group != null && !group.equals(current.group())) {
            try {
                view.setGroup(group);
            } catch (IOException e) {
                throw new TokenFileException(Kind.GROUP_NOT_OURS, target, group.getName());
            }
        }
        if (requested.mode().isPresent()) {
            view.setPermissions(requested.mode().get());
        }
        if (owner != null && !owner.equals(current.owner())) {
            try {
                view.setOwner(owner);
            } catch (IOException e) {
                throw new TokenFileException(Kind.OWNER_NOT_US, target, owner.getName());
            }
        }
    }

    /**
     * Owner and permissions of a file.
     *
     * @param user a principal if an owner is requested, otherwise a number. The JDK looks up each name, which would
     *     query sssd or LDAP four times for each token of each run
     * @param group likewise
     */
    record Status(Object user, Object group, Set<PosixFilePermission> permissions) {}

    /** Reads what {@link #isLike} needs. */
    @SuppressWarnings("unchecked")
    Status status(Path file) throws IOException {
        String user = owner == null ? "uid" : "owner";
        String members = group == null ? "gid" : "group";
        Map<String, Object> attributes = Files.readAttributes(file, "unix:permissions," + user + "," + members);
        return new Status(
                Objects.requireNonNull(attributes.get(user)),
                Objects.requireNonNull(attributes.get(members)),
                (Set<PosixFilePermission>) Objects.requireNonNull(attributes.get("permissions")));
    }

    /** Whether the file has everything that is requested. */
    boolean matches(Status file) {
        return isLike(file, file);
    }

    /** Whether the file has everything that is requested, and otherwise the same as the other file. */
    boolean isLike(Status file, Status other) {
        return file.user().equals(owner != null ? owner : other.user())
                && file.group().equals(group != null ? group : other.group())
                && file.permissions().equals(requested.mode().orElse(other.permissions()));
    }
}

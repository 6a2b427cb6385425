package org.opensciencegrid.tokenrenewer.token;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Optional;
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

    /** Whether a file with these attributes has all that is asked for. */
    boolean isThat(PosixFileAttributes file) {
        return isLike(file, file);
    }

    /** Whether the file has all that is asked for, and else what the other one has. */
    boolean isLike(PosixFileAttributes file, PosixFileAttributes other) {
        return file.owner().equals(owner != null ? owner : other.owner())
                && file.group().equals(group != null ? group : other.group())
                && file.permissions().equals(asked.mode().orElse(other.permissions()));
    }
}

package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.attribute.PosixFilePermission;
import java.util.Optional;
import java.util.Set;

/**
 * The permissions of a token file: {@code token_mode}, {@code token_owner} and {@code token_group}. An empty value
 * keeps the current one.
 *
 * @param owner name or number of a user
 * @param group name or number of a group
 */
public record TokenAccess(Optional<Set<PosixFilePermission>> mode, Optional<String> owner, Optional<String> group) {
    /** Keeps the current permissions. A new file is readable only by its owner. */
    public static final TokenAccess UNCHANGED = new TokenAccess(Optional.empty(), Optional.empty(), Optional.empty());

    public TokenAccess {
        mode = mode.isPresent() ? Optional.of(Set.copyOf(mode.get())) : mode;
    }

    public boolean isUnchanged() {
        return mode.isEmpty() && owner.isEmpty() && group.isEmpty();
    }
}

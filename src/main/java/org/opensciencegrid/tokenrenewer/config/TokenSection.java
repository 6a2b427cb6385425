package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A {@code [token NAME]} section.
 *
 * @param line the line of the section's header
 * @param tokenPath as written: a relative path starts at the working directory
 * @param audience empty if none is asked for
 * @param scope empty if none is asked for
 * @param minLifetime in seconds
 * @param strict whether a token that is good for more than was asked is refused
 * @param access of the token file
 * @param postRenewal empty if nothing is to be run
 */
public record TokenSection(
        String name,
        int line,
        String account,
        Path tokenPath,
        List<String> audience,
        List<String> scope,
        OptionalLong minLifetime,
        boolean strict,
        TokenAccess access,
        Optional<PostRenewal> postRenewal) {
    public TokenSection {
        audience = List.copyOf(audience);
        scope = List.copyOf(scope);
    }
}

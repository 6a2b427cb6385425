package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * A {@code [token NAME]} section.
 *
 * @param line the line of the section's header
 * @param tokenPath as written: a relative path starts at the working directory
 * @param audience empty if none is asked for
 * @param scope empty if none is asked for
 * @param minLifetime in seconds
 */
public record TokenSection(
        String name,
        int line,
        String account,
        Path tokenPath,
        List<String> audience,
        List<String> scope,
        OptionalLong minLifetime) {
    public TokenSection {
        audience = List.copyOf(audience);
        scope = List.copyOf(scope);
    }
}

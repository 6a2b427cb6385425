package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A {@code [token NAME]} section, or one token of a section with {@code for_each}.
 *
 * @param name NAME, or NAME@WORD for the token of a word of {@code for_each}
 * @param section NAME
 * @param line the line number of the section header
 * @param tokenPath an absolute path, as written; empty if only the Secret has the token
 * @param audience empty to request none
 * @param scope empty to request none
 * @param exchange the resources to request by a token exchange; empty if the token is not exchanged
 * @param minLifetime in seconds
 * @param strict whether to reject a token that allows more than was requested
 * @param access permissions of the token file
 * @param postRenewal empty to run nothing
 * @param tokenSecret a Kubernetes Secret that gets the token; empty for none, then there is a tokenPath
 */
public record TokenSection(
        String name,
        String section,
        int line,
        String account,
        Optional<Path> tokenPath,
        List<String> audience,
        List<String> scope,
        Optional<List<String>> exchange,
        OptionalLong minLifetime,
        boolean strict,
        TokenAccess access,
        Optional<PostRenewal> postRenewal,
        Optional<TokenSecret> tokenSecret) {
    public TokenSection {
        audience = List.copyOf(audience);
        scope = List.copyOf(scope);
        exchange = exchange.isPresent() ? Optional.of(List.copyOf(exchange.get())) : exchange;
    }

    /** Where the token is: the path of its file; without one, its Secret. For messages and state files. */
    public String place() {
        return tokenPath.isPresent() ? tokenPath.get().toString() : "Secret " + tokenSecret.orElseThrow();
    }

    /** The Secret, if the token has no file; otherwise empty. */
    public Optional<TokenSecret> onlySecret() {
        return tokenPath.isPresent() ? Optional.empty() : tokenSecret;
    }

    /** The word of {@code for_each}; empty for a section without it. */
    public Optional<String> each() {
        return name.equals(section) ? Optional.empty() : Optional.of(name.substring(section.length() + 1));
    }
}

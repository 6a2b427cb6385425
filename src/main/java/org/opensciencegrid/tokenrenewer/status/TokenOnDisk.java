package org.opensciencegrid.tokenrenewer.status;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.status.TokenStatus.OnDisk;
import org.opensciencegrid.tokenrenewer.token.TokenSecrets;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * The token at the path of a section, or in its Secret if it has no path.
 *
 * @param onDisk whether there is a token
 * @param claims empty for an opaque token
 * @param expiresAt from the token, otherwise from the issuer's response; empty if unknown
 */
public record TokenOnDisk(
        OnDisk onDisk, Optional<Secret> token, Optional<JwtClaims> claims, Optional<Instant> expiresAt) {
    /** @param state what the last run recorded about the token */
    public static TokenOnDisk read(TokenSection section, TokenState state, TokenSecrets secrets) {
        Optional<Secret> token = Optional.empty();
        OnDisk absent = OnDisk.UNREADABLE;
        try {
            token = secrets.read(section);
            absent = section.tokenPath().map(TokenOnDisk::withoutToken).orElse(OnDisk.NOTHING);
        } catch (KubernetesException e) {
            // not in a pod, or a failure that the last run has recorded
        }
        OnDisk onDisk = token.isPresent() ? OnDisk.TOKEN : absent;
        Optional<JwtClaims> claims = token.flatMap(value -> JwtClaims.of(value.reveal()));
        Optional<Instant> expiresAt = claims.flatMap(JwtClaims::expiresAt)
                .or(() -> onDisk == OnDisk.NOTHING ? Optional.empty() : state.expiresAt());
        return new TokenOnDisk(onDisk, token, claims, expiresAt);
    }

    private static OnDisk withoutToken(Path path) {
        return Files.notExists(path) || Files.isReadable(path) ? OnDisk.NOTHING : OnDisk.UNREADABLE;
    }
}

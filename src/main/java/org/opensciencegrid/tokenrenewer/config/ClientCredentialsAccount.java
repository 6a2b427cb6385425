package org.opensciencegrid.tokenrenewer.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.oidc.AssertionAudience;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * An account that requests tokens with the client's own credentials. Nothing about it is stored.
 *
 * @param issuer to find the token endpoint again if it moved; empty if only the token endpoint is known
 * @param clientSecret present if there are neither {@code clientSecretFile} nor {@code clientFiles}
 * @param clientSecretFile a file whose first line is the secret
 * @param clientFiles for a client that has no secret
 * @param caFile a PEM file, or a directory of PEM files
 */
public record ClientCredentialsAccount(
        String name,
        int line,
        URI tokenRequestUrl,
        Optional<String> issuer,
        String clientId,
        Optional<Secret> clientSecret,
        Optional<Path> clientSecretFile,
        AudienceParameter audienceParameter,
        ClientAuth clientAuth,
        ClientFiles clientFiles,
        Optional<Path> caFile,
        NetworkOptions networkOptions)
        implements AccountSection {
    private static final String HOST = "host:";

    /** The client id of a host's own credentials (WLCG token profile 1.3, section 2.2.4). */
    public static String hostClientId(String host) {
        return HOST + host;
    }

    /** Whether the client signs assertions whose {@code aud} is {@link #issuer}. */
    public boolean signsForIssuer() {
        return issuer.isPresent()
                && clientAuth.usesAssertion()
                && clientFiles.assertion().isEmpty()
                && clientFiles.audience().orElse(AssertionAudience.ISSUER) == AssertionAudience.ISSUER;
    }

    /** Whether the client is a host, so that its id must be the subject of its tokens. */
    public boolean isHost() {
        return clientId.startsWith(HOST);
    }
}

package org.opensciencegrid.tokenrenewer.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.text.Secret;

/**
 * An account whose tokens are requested with the client's own credentials; nothing of it is stored.
 *
 * @param clientSecret present if and only if {@code clientSecretFile} is not
 * @param clientSecretFile a file whose first line is the secret
 * @param caFile a PEM file, or a directory of them
 */
public record ClientCredentialsAccount(
        String name,
        int line,
        URI tokenRequestUrl,
        String clientId,
        Optional<Secret> clientSecret,
        Optional<Path> clientSecretFile,
        AudienceParameter audienceParameter,
        ClientAuth clientAuth,
        Optional<Path> caFile)
        implements AccountSection {}

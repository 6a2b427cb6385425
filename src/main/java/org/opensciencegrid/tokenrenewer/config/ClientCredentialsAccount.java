package org.opensciencegrid.tokenrenewer.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * An account that requests tokens with the client's own credentials. Nothing about it is stored.
 *
 * @param clientSecret present if and only if {@code clientSecretFile} is empty
 * @param clientSecretFile a file whose first line is the secret
 * @param caFile a PEM file, or a directory of PEM files
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
        Optional<Path> caFile,
        NetworkOptions networkOptions)
        implements AccountSection {}

package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;

/**
 * An account that a person authorized. Setup stored its client and refresh token in an encrypted file.
 *
 * @param clientFiles for a client that has no secret
 * @param caFile a PEM file, or a directory of PEM files
 */
public record StoredAccount(
        String name,
        int line,
        Path passwordFile,
        Optional<AudienceParameter> audienceParameter,
        Optional<ClientAuth> clientAuth,
        ClientFiles clientFiles,
        Optional<Path> caFile,
        NetworkOptions networkOptions)
        implements AccountSection {}

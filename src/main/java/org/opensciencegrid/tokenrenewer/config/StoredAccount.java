package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;

/**
 * An account that a person authorized: its client and refresh token are in an encrypted file that setup wrote.
 *
 * @param caFile a PEM file, or a directory of them
 */
public record StoredAccount(
        String name,
        int line,
        Path passwordFile,
        Optional<AudienceParameter> audienceParameter,
        Optional<ClientAuth> clientAuth,
        Optional<Path> caFile)
        implements AccountSection {}

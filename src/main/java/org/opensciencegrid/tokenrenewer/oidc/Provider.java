package org.opensciencegrid.tokenrenewer.oidc;

import java.net.URI;
import java.util.List;
import java.util.Optional;

/**
 * What an issuer says of itself (RFC 8414, OpenID Discovery). Only what is used here; unlike the SDK's type it needs no
 * jwks_uri or subject_types_supported, which several issuers leave out.
 *
 * @param issuer as the issuer spells it: with its trailing slash, if it has one
 * @param documentation a page for people who want a client there ({@code service_documentation} of RFC 8414)
 * @param scopesSupported empty when the issuer does not say
 * @param grantTypesSupported empty when the issuer does not say
 */
public record Provider(
        String issuer,
        URI tokenEndpoint,
        Optional<URI> deviceAuthorizationEndpoint,
        Optional<URI> registrationEndpoint,
        Optional<URI> revocationEndpoint,
        Optional<URI> documentation,
        List<String> scopesSupported,
        List<String> grantTypesSupported) {
    public Provider {
        scopesSupported = List.copyOf(scopesSupported);
        grantTypesSupported = List.copyOf(grantTypesSupported);
    }
}

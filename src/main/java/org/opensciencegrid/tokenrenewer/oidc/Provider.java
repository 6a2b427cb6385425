package org.opensciencegrid.tokenrenewer.oidc;

import java.net.URI;
import java.util.List;
import java.util.Optional;

/**
 * The metadata of an issuer (RFC 8414, OpenID Discovery) that is used here. The SDK's type would require jwks_uri and
 * subject_types_supported, which several issuers omit.
 *
 * @param issuer as the issuer writes it: with its trailing slash, if it has one
 * @param documentation a page about how to get a client ({@code service_documentation} of RFC 8414)
 * @param scopesSupported empty if not in the metadata
 * @param grantTypesSupported empty if not in the metadata
 * @param certificateEndpoints {@code mtls_endpoint_aliases} of RFC 8705; empty if not in the metadata
 * @param clientAuthMethods {@code token_endpoint_auth_methods_supported}; empty if not in the metadata
 */
public record Provider(
        String issuer,
        URI tokenEndpoint,
        Optional<URI> deviceAuthorizationEndpoint,
        Optional<URI> registrationEndpoint,
        Optional<URI> revocationEndpoint,
        Optional<URI> documentation,
        List<String> scopesSupported,
        List<String> grantTypesSupported,
        List<String> clientAuthMethods,
        Optional<Endpoints> certificateEndpoints) {
    /** Other endpoints for clients that authenticate with a certificate. */
    public record Endpoints(
            Optional<URI> tokenEndpoint, Optional<URI> deviceAuthorizationEndpoint, Optional<URI> revocationEndpoint) {}

    /** Without other endpoints for clients with a certificate. */
    public Provider(
            String issuer,
            URI tokenEndpoint,
            Optional<URI> deviceAuthorizationEndpoint,
            Optional<URI> registrationEndpoint,
            Optional<URI> revocationEndpoint,
            Optional<URI> documentation,
            List<String> scopesSupported,
            List<String> grantTypesSupported,
            List<String> clientAuthMethods) {
        this(
                issuer,
                tokenEndpoint,
                deviceAuthorizationEndpoint,
                registrationEndpoint,
                revocationEndpoint,
                documentation,
                scopesSupported,
                grantTypesSupported,
                clientAuthMethods,
                Optional.empty());
    }

    /** The metadata for a client with this authentication method: some have other endpoints. */
    public Provider forAuthentication(ClientAuth auth) {
        if (!auth.usesCertificate() || certificateEndpoints.isEmpty()) {
            return this;
        }
        Endpoints other = certificateEndpoints.get();
        return new Provider(
                issuer,
                other.tokenEndpoint().orElse(tokenEndpoint),
                other.deviceAuthorizationEndpoint().or(() -> deviceAuthorizationEndpoint),
                registrationEndpoint,
                other.revocationEndpoint().or(() -> revocationEndpoint),
                documentation,
                scopesSupported,
                grantTypesSupported,
                clientAuthMethods);
    }

    public Provider {
        scopesSupported = List.copyOf(scopesSupported);
        grantTypesSupported = List.copyOf(grantTypesSupported);
        clientAuthMethods = List.copyOf(clientAuthMethods);
    }
}

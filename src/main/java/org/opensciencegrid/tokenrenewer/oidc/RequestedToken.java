package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.Scope;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The scope and audience to request for a token.
 *
 * @param scope empty to omit the parameter; then the issuer grants what was authorized. Some issuers reject an empty
 *     parameter
 * @param audience empty for the issuer's default
 */
public record RequestedToken(List<String> scope, List<String> audience, AudienceParameter audienceParameter) {
    /** The scope that requests an id_token, which shows who approved. */
    public static final String OPENID = "openid";

    /** Scopes for the grant itself. The access token need not contain them. */
    public static final List<String> GRANT_SCOPES = List.of(OPENID, "offline_access");

    public RequestedToken {
        scope = List.copyOf(scope);
        audience = List.copyOf(audience);
    }

    /** The same request with another audience parameter. */
    public RequestedToken by(AudienceParameter parameter) {
        return new RequestedToken(scope, audience, parameter);
    }

    /** The scope for the SDK's builders; null if there is none. */
    @Nullable
    Scope nimbusScope() {
        return scope.isEmpty() ? null : new Scope(scope.toArray(new String[0]));
    }

    /**
     * The audience parameters. A value that RFC 8707 does not permit as {@code resource} is sent as {@code audience}.
     */
    Map<String, String[]> audienceParameters() {
        Map<String, String[]> parameters = new LinkedHashMap<>();
        boolean asResource = audienceParameter == AudienceParameter.RESOURCE;
        List<String> resources = new ArrayList<>();
        List<String> audiences = new ArrayList<>();
        for (String value : audience) {
            (asResource && isResource(value) ? resources : audiences).add(value);
        }
        if (!resources.isEmpty()) {
            parameters.put("resource", resources.toArray(new String[0]));
        }
        if (!audiences.isEmpty()) {
            parameters.put("audience", new String[] {String.join(" ", audiences)});
        }
        return parameters;
    }

    /** RFC 8707 section 2: an absolute URI without a fragment. host:port qualifies, ANY does not. */
    private static boolean isResource(String value) {
        try {
            URI uri = new URI(value);
            return uri.isAbsolute() && uri.getRawFragment() == null;
        } catch (URISyntaxException e) {
            return false;
        }
    }
}

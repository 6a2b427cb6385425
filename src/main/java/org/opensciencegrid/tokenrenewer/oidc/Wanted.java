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
 * What a token shall be good for.
 *
 * @param scope none means the parameter is left out, and the issuer gives what was authorized; a blank or empty parameter
 *     is refused by some issuers
 * @param audience none means the issuer's default
 */
public record Wanted(List<String> scope, List<String> audience, AudienceParameter audienceParameter) {
    /** Asks who approved. */
    public static final String OPENID = "openid";

    /** Scopes that steer what is granted beside the access token: it need not list them. */
    public static final List<String> OF_THE_GRANT = List.of(OPENID, "offline_access");

    public Wanted {
        scope = List.copyOf(scope);
        audience = List.copyOf(audience);
    }

    /** The same, asked for by this parameter. */
    public Wanted by(AudienceParameter parameter) {
        return new Wanted(scope, audience, parameter);
    }

    /** The same less one scope. */
    public Wanted without(String word) {
        return new Wanted(scope.stream().filter(other -> !other.equals(word)).toList(), audience, audienceParameter);
    }

    /** The scope for the SDK's builders; null, as they take it, for none. */
    @Nullable
    Scope nimbusScope() {
        return scope.isEmpty() ? null : new Scope(scope.toArray(String[]::new));
    }

    /** The audience parameters. What RFC 8707 does not allow as a {@code resource} goes as {@code audience}. */
    Map<String, String[]> audienceParameters() {
        Map<String, String[]> parameters = new LinkedHashMap<>();
        boolean asResource = audienceParameter == AudienceParameter.RESOURCE;
        List<String> resources = new ArrayList<>();
        List<String> audiences = new ArrayList<>();
        for (String value : audience) {
            (asResource && isResource(value) ? resources : audiences).add(value);
        }
        if (!resources.isEmpty()) {
            parameters.put("resource", resources.toArray(String[]::new));
        }
        if (!audiences.isEmpty()) {
            parameters.put("audience", new String[] {String.join(" ", audiences)});
        }
        return parameters;
    }

    /** RFC 8707 section 2: an absolute URI without a fragment. host:port passes, ANY does not. */
    private static boolean isResource(String value) {
        try {
            URI uri = new URI(value);
            return uri.isAbsolute() && uri.getRawFragment() == null;
        } catch (URISyntaxException e) {
            return false;
        }
    }
}

package org.opensciencegrid.testkit;

import java.util.ArrayList;
import java.util.List;

/** Reads `resource` (RFC 8707) and `audience` according to the policy. */
final class Audiences {
    private final Policy policy;
    private final Rules rules;

    Audiences(Policy policy, Rules rules) {
        this.policy = policy;
        this.rules = rules;
    }

    /** The requested audiences; empty if there are none, or this issuer ignores the parameter. */
    List<String> requested(Seen request, FormBody form) {
        List<String> resources = rules.resources(request, form);
        String audience = form.get("audience");
        List<String> audiences = audience == null ? List.of() : new ArrayList<>(Rules.words(audience));
        if (policy.resourceIsInvalidRequest && !resources.isEmpty()) {
            throw OAuthError.invalidRequest("AADSTS901002: The 'resource' request parameter is not supported.");
        }
        return switch (policy.audienceParameter) {
            case RESOURCE -> resources;
            case AUDIENCE -> audiences;
            case BOTH -> resources.isEmpty() ? audiences : resources;
            case REFUSED -> {
                if (!resources.isEmpty() || !audiences.isEmpty()) {
                    throw OAuthError.badRequest("invalid_target", "resource indicator is missing, or unknown");
                }
                yield List.of();
            }
            default -> List.of();
        };
    }
}

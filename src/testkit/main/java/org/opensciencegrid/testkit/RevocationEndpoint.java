package org.opensciencegrid.testkit;

import java.util.Set;

/** RFC 7009: revoking a refresh token revokes its family; an unknown token also returns 200. */
final class RevocationEndpoint implements Endpoint {
    private static final Set<String> KNOWN = Set.of(
            "token", "token_type_hint", "client_id", "client_secret", "client_assertion", "client_assertion_type");

    private final State state;
    private final Rules rules;
    private final ClientAuthentication authentication;

    RevocationEndpoint(State state, Rules rules, ClientAuthentication authentication) {
        this.state = state;
        this.rules = rules;
        this.authentication = authentication;
    }

    @Override
    public Answer answer(Seen request) {
        FormBody form = rules.form(request, KNOWN);
        Client client = authentication.authenticate(request, form);
        TokenFamily family = state.families.get(rules.required(request, form, "token"));
        if (family != null) {
            if (!family.client.id().equals(client.id())) {
                throw rules.fatal(
                        request, "token of another client", OAuthError.badRequest("invalid_grant", "wrong client"));
            }
            family.dead = true;
        }
        return Answer.empty(200);
    }
}

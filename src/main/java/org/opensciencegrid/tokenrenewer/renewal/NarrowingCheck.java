package org.opensciencegrid.tokenrenewer.renewal;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.oidc.RequestedToken;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.TokenState;

/**
 * Whether an issuer narrows the refresh token itself to the scope of one request, so that all later requests of the
 * account get no more (against RFC 6749 section 6). No issuer announces this, but a later response shows it.
 */
final class NarrowingCheck {
    private NarrowingCheck() {}

    /**
     * What a response shows after requests for other tokens of the account; empty if it shows nothing.
     *
     * @param authorizedScope the scope of the account
     * @param requested the scope of this request; empty if it named none
     */
    static Optional<Boolean> detect(
            AccountState state, List<String> authorizedScope, List<String> requested, List<String> granted) {
        List<String> expected = requested.isEmpty() ? authorizedScope : common(requested, authorizedScope);
        List<String> missing = without(expected, granted);
        for (List<String> other : narrowerRequests(state, expected)) {
            if (missing.isEmpty()) {
                return Optional.of(false);
            }
            if (!without(granted, List.of()).isEmpty()
                    && without(granted, other).isEmpty()
                    && common(missing, other).isEmpty()) {
                return Optional.of(true);
            }
        }
        return Optional.empty();
    }

    /** Whether narrowing explains why the issuer rejected an approved scope. */
    static boolean explainsRefusal(AccountState state, List<String> authorizedScope, List<String> requested) {
        return authorizedScope.containsAll(requested)
                && !narrowerRequests(state, requested).isEmpty();
    }

    /** The scopes of earlier requests that lack a part of this scope. */
    private static List<List<String>> narrowerRequests(AccountState state, List<String> scope) {
        List<List<String>> narrower = new ArrayList<>();
        for (TokenState token : state.tokens()) {
            boolean isOfRefresh = token.renewedAt().isPresent()
                    && token.requestedExchange().isEmpty() // its scope was not that of a refresh
                    && !Due.hasFailed(token);
            List<String> requested = token.requestedScope();
            if (isOfRefresh
                    && !requested.isEmpty()
                    && !without(scope, requested).isEmpty()) {
                narrower.add(requested);
            }
        }
        return narrower;
    }

    /** Removes those, and scopes that only control the grant. */
    static List<String> without(List<String> all, List<String> excluded) {
        List<String> rest = new ArrayList<>();
        for (String word : all) {
            if (!excluded.contains(word) && !RequestedToken.GRANT_SCOPES.contains(word)) {
                rest.add(word);
            }
        }
        return List.copyOf(rest);
    }

    private static List<String> common(List<String> scope, List<String> other) {
        List<String> common = new ArrayList<>(scope);
        common.retainAll(other);
        return common;
    }
}

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
     * @param approved the scope of the account
     * @param asked the scope of this request; empty if it named none
     */
    static Optional<Boolean> shownBy(
            AccountState state, List<String> approved, List<String> asked, List<String> granted) {
        List<String> expected = asked.isEmpty() ? approved : common(asked, approved);
        List<String> missing = without(expected, granted);
        for (List<String> other : narrower(state, expected)) {
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
    static boolean explainsRefusal(AccountState state, List<String> approved, List<String> asked) {
        return approved.containsAll(asked) && !narrower(state, asked).isEmpty();
    }

    /** The scopes of earlier requests that lack a part of this scope. */
    private static List<List<String>> narrower(AccountState state, List<String> scope) {
        return state.tokens().stream()
                .filter(token -> token.renewedAt().isPresent())
                .filter(token -> token.failure()
                        .filter(why -> !why.kind().isHookFailure())
                        .isEmpty())
                .map(TokenState::askedScope)
                .filter(asked -> !asked.isEmpty() && !without(scope, asked).isEmpty())
                .toList();
    }

    /** Removes those, and scopes that only control the grant. */
    static List<String> without(List<String> all, List<String> those) {
        List<String> rest = new ArrayList<>();
        for (String word : all) {
            if (!those.contains(word) && !RequestedToken.OF_THE_GRANT.contains(word)) {
                rest.add(word);
            }
        }
        return List.copyOf(rest);
    }

    private static List<String> common(List<String> these, List<String> those) {
        return these.stream().filter(those::contains).toList();
    }
}

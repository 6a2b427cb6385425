package org.opensciencegrid.tokenrenewer.oidc;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Finds the new refresh token in any kind of response, because it may be the only valid one. But replacing a valid
 * token with a wrong text would lose the authorization. So only a complete text in a member with the right name counts.
 * If two texts differ, neither is used: then the old token is the better choice.
 */
final class RefreshTokenFinder {
    private static final String NAME = "refresh_token";

    /** Members that contain the token if refresh_token is an object. */
    private static final List<String> WITHIN = List.of("token", NAME, "value");

    /** All quantifiers are possessive: otherwise a long text would cause deep recursion and a stack overflow. */
    private static final Pattern MEMBER =
            Pattern.compile("\"refresh_token\"\\s*+:\\s*+(\"(?:[^\"\\\\\\p{Cntrl}]++|\\\\.)++\")");

    /** One line of form parameters and nothing else. */
    private static final Pattern FORM = Pattern.compile("\\w++=[^\\s<>\"{}]*+");

    /** Placeholders for an empty value, and masked values. */
    private static final Pattern NOTHING =
            Pattern.compile("(?i)null|nil|none|undefined|false|n/a|[\\s*.-]*+|[(\\[{<]\\w++[)\\]}>]");

    private static final int DEEPEST = 8;

    private final Set<String> found = new LinkedHashSet<>();

    private RefreshTokenFinder() {}

    /** The refresh token of a complete JSON object. */
    static Optional<Secret> of(Map<String, Object> json) {
        RefreshTokenFinder rescue = new RefreshTokenFinder();
        rescue.search(json, 0);
        return rescue.one();
    }

    /** The refresh token of a response that may be truncated or may not be JSON. */
    static Optional<Secret> of(HttpResponse answer) {
        Optional<Map<String, Object>> json = answer.json();
        if (json.isPresent()) {
            return of(json.get());
        }
        String body = answer.body();
        RefreshTokenFinder rescue = new RefreshTokenFinder();
        if (FORM.matcher(body.strip()).matches()) {
            rescue.searchForm(body, answer.complete());
        } else {
            // An array, or a string that contains JSON: wrapping it in a member makes it an object.
            Json.object("{\"body\":" + body + "}").ifPresent(wrapped -> rescue.search(wrapped, 0));
            rescue.searchText(body);
            if (rescue.found.isEmpty()) { // JSON in an HTML page
                rescue.searchText(
                        body.replace("&quot;", "\"").replace("&#34;", "\"").replace("&amp;", "&"));
            }
        }
        return rescue.one();
    }

    private Optional<Secret> one() {
        return found.size() == 1 ? Optional.of(Secret.of(found.iterator().next())) : Optional.empty();
    }

    /** The outermost member counts, because an inner one may belong to something else. */
    private void search(Object value, int depth) {
        if (depth > DEEPEST) {
            return;
        }
        if (value instanceof Map<?, ?> map) {
            if (map.containsKey(NAME)) {
                take(map.get(NAME));
            } else {
                map.values().forEach(one -> search(one, depth + 1));
            }
        } else if (value instanceof Collection<?> many) {
            many.forEach(one -> search(one, depth + 1));
        } else if (value instanceof String text && text.stripLeading().startsWith("{")) {
            Json.object(text).ifPresent(json -> search(json, depth + 1));
        }
    }

    private void take(Object value) {
        if (value instanceof String text) {
            if (!NOTHING.matcher(text.strip()).matches()) {
                found.add(text);
            }
        } else if (value instanceof Map<?, ?> map) {
            for (String name : WITHIN) {
                if (map.get(name) instanceof String text) {
                    take(text);
                }
            }
        } else if (value instanceof Collection<?> many && many.size() == 1) {
            take(many.iterator().next());
        }
    }

    private void searchText(String text) {
        for (Matcher matcher = MEMBER.matcher(text); matcher.find(); ) {
            Json.object("{\"refresh_token\":" + matcher.group(1) + "}").ifPresent(json -> search(json, 0));
        }
    }

    /** The last value of a truncated form may be truncated. */
    private void searchForm(String body, boolean isComplete) {
        String[] pairs = body.strip().split("&");
        for (int i = 0; i < pairs.length; i++) {
            if (pairs[i].startsWith(NAME + "=") && (isComplete || i < pairs.length - 1)) {
                try {
                    take(URLDecoder.decode(pairs[i].substring(NAME.length() + 1), StandardCharsets.UTF_8));
                } catch (IllegalArgumentException e) {
                    // not form-encoded
                }
            }
        }
    }
}

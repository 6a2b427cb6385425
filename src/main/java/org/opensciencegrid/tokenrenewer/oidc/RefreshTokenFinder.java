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
    private static final List<String> NESTED_NAMES = List.of("token", NAME, "value");

    /** All quantifiers are possessive: otherwise a long text would cause deep recursion and a stack overflow. */
    private static final Pattern MEMBER =
            Pattern.compile("\"refresh_token\"\\s*+:\\s*+(\"(?:[^\"\\\\\\p{Cntrl}]++|\\\\.)++\")");

    /** One line of form parameters and nothing else. */
    private static final Pattern FORM = Pattern.compile("\\w++=[^\\s<>\"{}]*+");

    /** Placeholders for an empty value, and masked values. */
    private static final Pattern PLACEHOLDER =
            Pattern.compile("(?i)null|nil|none|undefined|false|n/a|[\\s*.-]*+|[(\\[{<]\\w++[)\\]}>]");

    private static final int MAX_DEPTH = 8;

    private final Set<String> found = new LinkedHashSet<>();

    private RefreshTokenFinder() {}

    /** The refresh token of a complete JSON object. */
    static Optional<Secret> of(Map<String, Object> json) {
        RefreshTokenFinder finder = new RefreshTokenFinder();
        finder.search(json, 0);
        return finder.onlyMatch();
    }

    /** The refresh token of a response that may be truncated or may not be JSON. */
    static Optional<Secret> of(HttpResponse response) {
        Optional<Map<String, Object>> json = response.json();
        if (json.isPresent()) {
            return of(json.get());
        }
        String body = response.body();
        RefreshTokenFinder finder = new RefreshTokenFinder();
        if (FORM.matcher(body.strip()).matches()) {
            finder.searchForm(body, response.complete());
        } else {
            // An array, or a string that contains JSON: wrapping it in a member makes it an object.
            Json.object("{\"body\":" + body + "}").ifPresent(wrapped -> finder.search(wrapped, 0));
            finder.searchText(body);
            if (finder.found.isEmpty()) { // JSON in an HTML page
                finder.searchText(
                        body.replace("&quot;", "\"").replace("&#34;", "\"").replace("&amp;", "&"));
            }
        }
        return finder.onlyMatch();
    }

    private Optional<Secret> onlyMatch() {
        return found.size() == 1 ? Optional.of(Secret.of(found.iterator().next())) : Optional.empty();
    }

    /** The outermost member counts, because an inner one may belong to something else. */
    private void search(Object value, int depth) {
        if (depth > MAX_DEPTH) {
            return;
        }
        if (value instanceof Map<?, ?> map) {
            if (map.containsKey(NAME)) {
                add(map.get(NAME));
            } else {
                map.values().forEach(member -> search(member, depth + 1));
            }
        } else if (value instanceof Collection<?> list) {
            list.forEach(member -> search(member, depth + 1));
        } else if (value instanceof String text && text.stripLeading().startsWith("{")) {
            Json.object(text).ifPresent(json -> search(json, depth + 1));
        }
    }

    private void add(Object value) {
        if (value instanceof String text) {
            if (!PLACEHOLDER.matcher(text.strip()).matches()) {
                found.add(text);
            }
        } else if (value instanceof Map<?, ?> map) {
            for (String name : NESTED_NAMES) {
                if (map.get(name) instanceof String text) {
                    add(text);
                }
            }
        } else if (value instanceof Collection<?> list && list.size() == 1) {
            add(list.iterator().next());
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
                    add(URLDecoder.decode(pairs[i].substring(NAME.length() + 1), StandardCharsets.UTF_8));
                } catch (IllegalArgumentException e) {
                    // not form-encoded
                }
            }
        }
    }
}

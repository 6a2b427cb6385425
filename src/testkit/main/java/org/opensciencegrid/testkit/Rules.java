package org.opensciencegrid.testkit;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** The rules for every request. The texts of violations contain names but never values, because values are secrets. */
final class Rules {
    private static final String JSON = "application/json";
    private static final String FORM = "application/x-www-form-urlencoded";

    private final Policy policy;
    private final Consumer<String> violations;

    Rules(Policy policy, Consumer<String> violations) {
        this.policy = policy;
        this.violations = violations;
    }

    /** Records the violation and, if strict, rejects the request. */
    void breach(Seen request, String rule, OAuthError refusal) {
        note(request, rule);
        if (policy.strict) {
            throw refusal;
        }
    }

    /** Records the violation. */
    void note(Seen request, String rule) {
        violations.accept(request.method() + " " + request.path() + ": " + rule);
    }

    /** Records the violation. The request cannot be answered, whatever the policy. */
    OAuthError fatal(Seen request, String rule, OAuthError refusal) {
        note(request, rule);
        return refusal;
    }

    void method(Seen request, String... allowed) {
        if (!List.of(allowed).contains(request.method())) {
            Answer answer = Answer.text(405, "text/plain", "Method Not Allowed\n");
            throw fatal(
                    request, "method not allowed", OAuthError.with(answer.with("Allow", String.join(", ", allowed))));
        }
    }

    /** RFC 9110 section 12.5.1: a server may send HTML to a client without Accept, and oidc-provider does. */
    void acceptsJson(Seen request) {
        List<String> accept = request.headers().getOrDefault("Accept", List.of());
        for (String range : String.join(",", accept).split(",")) {
            String[] parts = range.strip().toLowerCase(Locale.ROOT).split("\\s*;\\s*");
            if (parts[0].equals(JSON) && Arrays.stream(parts).noneMatch(p -> p.matches("q=0(\\.0*)?"))) {
                return;
            }
        }
        breach(
                request,
                "Accept does not contain application/json",
                OAuthError.of(406, "invalid_request", "Accept must contain application/json"));
    }

    /** RFC 6749 section 2.3.1 and 3.2: parameters, especially secrets, must not be in the URI. */
    void noQuery(Seen request) {
        if (request.query() != null) {
            breach(request, "query in the URI", OAuthError.invalidRequest("parameters belong into the body"));
        }
    }

    void jsonBody(Seen request) {
        mediaType(request, JSON);
    }

    private void mediaType(Seen request, String wanted) {
        String value = request.header("Content-Type");
        String[] parts = value == null
                ? new String[] {""}
                : value.strip().toLowerCase(Locale.ROOT).split("\\s*;\\s*");
        boolean charsetFits = Arrays.stream(parts).skip(1).allMatch(p -> p.matches("charset=\"?utf-8\"?"));
        if (!parts[0].equals(wanted) || !charsetFits) {
            breach(
                    request,
                    "Content-Type is not " + wanted,
                    OAuthError.invalidRequest("Content-Type must be " + wanted));
        }
    }

    /**
     * RFC 6749 section 3.2: well-formed and without duplicate parameters. Unknown parameters are ignored but recorded.
     */
    FormBody form(Seen request, Set<String> known) {
        method(request, "POST");
        acceptsJson(request);
        noQuery(request);
        mediaType(request, FORM);
        FormBody form = FormBody.parse(request.body());
        for (String defect : form.defects()) {
            breach(request, "form: " + defect, OAuthError.invalidRequest("malformed form"));
        }
        for (Map.Entry<String, List<String>> parameter : form.parameters().entrySet()) {
            String name = parameter.getKey();
            // RFC 8707 section 2 allows `resource` several times, RFC 8693 section 2.1 also `audience`.
            boolean mayRepeat = name.equals("resource")
                    || name.equals("audience") && Policy.TOKEN_EXCHANGE.equals(form.get("grant_type"));
            if (parameter.getValue().size() > 1 && !mayRepeat) {
                breach(request, "duplicate parameter " + name, OAuthError.invalidRequest("duplicated parameter"));
            }
            if (!known.contains(name)) {
                note(request, "unknown parameter " + name);
            }
            if (parameter.getValue().contains("") && !name.equals("scope")) {
                note(request, "parameter " + name + " without a value");
            }
        }
        return form;
    }

    String required(Seen request, FormBody form, String name) {
        String value = form.get(name);
        if (value == null) {
            throw fatal(
                    request,
                    "missing parameter " + name,
                    OAuthError.invalidRequest("missing required parameter '" + name + "'"));
        }
        return value;
    }

    /** RFC 6749 section 3.3; null if there is no such parameter. */
    Set<String> scope(Seen request, FormBody form) {
        if (!form.has("scope")) {
            return null;
        }
        String value = form.all("scope").get(0);
        if (!isScope(value)) {
            breach(
                    request,
                    value.isBlank() ? "empty scope" : "malformed scope",
                    OAuthError.badRequest("invalid_scope", "scope contains invalid characters"));
        }
        Set<String> scopes = words(value);
        return scopes.isEmpty() ? null : scopes;
    }

    /** One or more scope-tokens with one space between them. */
    static boolean isScope(String value) {
        return value.matches("[\\x21\\x23-\\x5B\\x5D-\\x7E]+( [\\x21\\x23-\\x5B\\x5D-\\x7E]+)*");
    }

    static Set<String> words(String text) {
        Set<String> words = new LinkedHashSet<>(Arrays.asList(text.strip().split("\\s+")));
        words.remove("");
        return words;
    }

    /**
     * RFC 8707 section 2: an absolute URI without a fragment. `ce.example.org:9619` qualifies: a scheme and the rest.
     */
    List<String> resources(Seen request, FormBody form) {
        for (String resource : form.all("resource")) {
            if (!isAbsoluteWithoutFragment(resource)) {
                breach(
                        request,
                        "resource is not an absolute URI without fragment",
                        OAuthError.badRequest("invalid_target", "resource must be an absolute URI without fragment"));
            }
        }
        return form.all("resource");
    }

    static boolean isAbsoluteWithoutFragment(String text) {
        try {
            URI uri = new URI(text);
            return uri.isAbsolute() && uri.getRawFragment() == null;
        } catch (URISyntaxException e) {
            return false;
        }
    }

    /** Whether every scope of `wanted` is in `granted`, or below a granted path if the policy supports paths. */
    boolean covers(Set<String> granted, Set<String> wanted) {
        return wanted.stream().allMatch(scope -> covers(granted, scope));
    }

    boolean covers(Set<String> granted, String wanted) {
        if (granted.contains(wanted)) {
            return true;
        }
        return policy.pathScopes && granted.stream().anyMatch(scope -> isBelow(scope, wanted));
    }

    private static boolean isBelow(String scope, String wanted) {
        String folder = scope.endsWith("/") ? scope : scope + "/";
        return scope.contains(":/") && wanted.startsWith(folder);
    }
}

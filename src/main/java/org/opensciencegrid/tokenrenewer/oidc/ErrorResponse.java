package org.opensciencegrid.tokenrenewer.oidc;

import java.net.URI;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Redactor;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Interprets an error response of an issuer. The codes and statuses are those of real servers. */
public final class ErrorResponse {
    private static final int EXCERPT_CHARS = 120;
    private static final Pattern PLAIN_ERROR = Pattern.compile("^error=\"?([a-z_]{1,40})\"?\\s*$", Pattern.MULTILINE);
    private static final Pattern CHALLENGE = Pattern.compile("\\b(error|error_description)=\"?([^\",]{1,300}+)");

    /** Frameworks put HTTP phrases in the same member: {@code Unauthorized}, {@code Not Found}. */
    private static final Pattern CODE = Pattern.compile("[a-z_]{1,60}|[A-Za-z]{1,30}(_[A-Za-z]{1,30}){1,4}");

    /** The refresh token is invalid, in the words of many servers. */
    private static final Pattern DEAD_TOKEN = Pattern.compile(
            "(invalid|bad|expired|inactive|revoked)_(refresh_)?token|(refresh_)?token_(invalid|expired|inactive|revoked)");

    private static final Set<String> DEAD_GRANT = Set.of(
            "invalid_grant",
            // OpenID Connect Core section 3.1.2.6: a user must log in, as at Microsoft Entra
            "interaction_required",
            "login_required",
            "account_selection_required",
            "consent_required");

    /** Codes that a server may use for the user instead of the refresh token. */
    private static final Set<String> USER_CODES = Set.of("access_denied", "unauthorized", "invalid_grant");

    /** INDIGO IAM: "User test is not active.", "User test needs to sign AUP"; Keycloak: "User disabled". */
    private static final Pattern USER_PROBLEM = Pattern.compile(
            "\\b(user|account)\\b(?! session)[^.]{0,80}\\b(not active|inactive|not enabled|disabled|locked|suspended|blocked)\\b"
                    + "|\\bAUP\\b|acceptable use|terms (of|and)\\b",
            Pattern.CASE_INSENSITIVE);

    private static final Pattern REFRESH_TOKEN = Pattern.compile("refresh[ _-]?token", Pattern.CASE_INSENSITIVE);
    private static final Pattern MISSING = Pattern.compile("\\b(missing|required)\\b", Pattern.CASE_INSENSITIVE);

    /** Keycloak names an unknown audience with invalid_client or invalid_request. */
    private static final Pattern AUDIENCE_PROBLEM = Pattern.compile(
            "^(audience not found|requested audience not available|client disabled$)", Pattern.CASE_INSENSITIVE);

    /** The client may not exchange: Keycloak says so with invalid_request or invalid_client, INDIGO IAM with a 401. */
    private static final Pattern NO_EXCHANGE = Pattern.compile(
            "\\bgrant[ _-]?type\\b|\\bexchange\\b.{0,40}\\bnot (enabled|allowed|supported|permitted)\\b"
                    + "|\\bnot (enabled|allowed|supported|permitted)\\b.{0,40}\\bexchange\\b",
            Pattern.CASE_INSENSITIVE);

    private ErrorResponse() {}

    /** @param secrets the secrets of the request, which the response may echo */
    static IssuerException of(URI endpoint, HttpResponse response, Collection<Secret> secrets) {
        return of(Transport.hostAndPort(endpoint), response, secrets);
    }

    /** @param endpoint for messages */
    static IssuerException of(String endpoint, HttpResponse response, Collection<Secret> secrets) {
        return of(endpoint, response, secrets, Request.OTHER);
    }

    /** Like {@link #of}, for a request with a refresh token, where some codes have another meaning. */
    static IssuerException ofRefresh(URI endpoint, HttpResponse response, Collection<Secret> secrets) {
        return of(Transport.hostAndPort(endpoint), response, secrets, Request.REFRESH);
    }

    /**
     * Like {@link #of}, for a token exchange (RFC 8693 section 2.2.2). GRANT_REFUSED and REFUSED may be about the
     * exchanged token; another one may then be accepted.
     */
    static IssuerException ofExchange(URI endpoint, HttpResponse response, Collection<Secret> secrets) {
        return of(Transport.hostAndPort(endpoint), response, secrets, Request.EXCHANGE);
    }

    /** Requests for which some codes have another meaning. */
    private enum Request {
        REFRESH,
        EXCHANGE,
        OTHER
    }

    private static IssuerException of(
            String endpoint, HttpResponse response, Collection<Secret> secrets, Request request) {
        Redactor redactor = new Redactor(secrets);
        Map<String, Object> json = errorMembers(response);
        String code = redactor.clean(code(Json.string(json, "error").orElse("")));
        Kind kind = kind(response, code);
        if (request == Request.REFRESH) {
            kind = ofRefresh(kind, code, description(json).orElse(""));
        } else if (request == Request.EXCHANGE) {
            kind = ofExchange(kind, response, code, description(json).orElse(""));
        }
        return new IssuerException(
                takesOneAudience(json) ? Kind.AUDIENCE_REFUSED : kind,
                endpoint + " answered " + text(response, json, code, redactor, request),
                response.status(),
                code,
                response.retryAfter());
    }

    /** The error members, from the body or the header. */
    private static Map<String, Object> errorMembers(HttpResponse response) {
        Optional<Map<String, Object>> json = response.json();
        if (json.isPresent()) {
            return json.get();
        }
        if (response.body().isBlank()) {
            Matcher challenge = CHALLENGE.matcher(response.challenge());
            return challenge
                    .results()
                    .collect(Collectors.toMap(part -> part.group(1), part -> part.group(2), (first, second) -> first));
        }
        // OA4MP sends errors as plain text: error="unauthorized_client"
        Matcher plain = PLAIN_ERROR.matcher(response.body());
        return response.status() == 400 && plain.find() ? Map.of("error", plain.group(1)) : Map.of();
    }

    /** The text if it is an OAuth code, otherwise empty. */
    private static String code(String text) {
        return CODE.matcher(text.strip()).matches() ? text.strip().toLowerCase(Locale.ROOT) : "";
    }

    /**
     * Keycloak returns invalid_grant for this. Only {@code resource} is ever sent more than once (RFC 8707 section 2).
     */
    private static boolean takesOneAudience(Map<String, Object> json) {
        return Json.string(json, "error_description")
                .filter("duplicated parameter"::equals)
                .isPresent();
    }

    private static Kind kind(HttpResponse response, String code) {
        int status = response.status();
        if (!response.complete()) {
            return Kind.NO_ANSWER;
        }
        if (DEAD_GRANT.contains(code) || DEAD_TOKEN.matcher(code).matches()) {
            return Kind.GRANT_REFUSED; // with any status: Ory Hydra has used 500
        }
        if (status == 408 || status == 429 || status >= 500) {
            return Kind.TEMPORARY;
        }
        boolean isRedirect = status >= 300 && status <= 399;
        if (code.isEmpty()
                && !isRedirect
                && response.isPage()
                && TokenResponse.rescueRefreshToken(response).isEmpty()) {
            return Kind.WEB_PAGE;
        }
        if (response.isSuccess() && code.isEmpty()) {
            return Kind.UNUSABLE_ANSWER;
        }
        return switch (code) {
            case "invalid_client",
                    "unauthorized_client", // Keycloak, OA4MP
                    "unauthorized" -> Kind.CLIENT_REFUSED; // INDIGO IAM, MITREid
            case "invalid_scope" -> Kind.SCOPE_REFUSED;
            case "invalid_target" -> Kind.AUDIENCE_REFUSED;
            case "temporarily_unavailable", "server_error" -> Kind.TEMPORARY;
            // Without a code, only these two come from an authorization server; all others come from a gateway.
            case "" ->
                switch (status) {
                    case 401 -> Kind.CLIENT_REFUSED; // some servers reject a client without a body
                    case 400 -> Kind.REFUSED;
                    default -> Kind.TEMPORARY;
                };
            default ->
                switch (status) {
                    case 404, 405, 410 -> Kind.TEMPORARY; // the location is wrong, not the request
                    // GitHub reports errors with status 200.
                    default -> response.isSuccess() ? Kind.UNUSABLE_ANSWER : Kind.REFUSED;
                };
        };
    }

    private static Kind ofRefresh(Kind kind, String code, String description) {
        if (kind == Kind.NO_ANSWER || kind == Kind.TEMPORARY) {
            return kind;
        }
        // The issuer identified the user, so the refresh token may still be valid. One server means a wrong secret.
        if (code.equals("access_denied")
                || USER_CODES.contains(code)
                        && USER_PROBLEM.matcher(description).find()) {
            return Kind.PERSON_REFUSED;
        }
        boolean isDead = code.equals("invalid_request") // dex and others
                && REFRESH_TOKEN.matcher(description).find()
                && !MISSING.matcher(description).find();
        return isDead ? Kind.GRANT_REFUSED : kind;
    }

    private static Kind ofExchange(Kind kind, HttpResponse response, String code, String description) {
        if (kind == Kind.UNUSABLE_ANSWER) {
            return TokenResponse.isOfOtherType(response) ? Kind.EXCHANGE_REFUSED : kind;
        }
        boolean isOfAnswer = kind == Kind.NO_ANSWER || kind == Kind.TEMPORARY || kind == Kind.WEB_PAGE;
        if (isOfAnswer || kind == Kind.SCOPE_REFUSED || kind == Kind.AUDIENCE_REFUSED) {
            return kind;
        }
        if (USER_CODES.contains(code) && USER_PROBLEM.matcher(description).find()) {
            return Kind.PERSON_REFUSED;
        }
        if (AUDIENCE_PROBLEM.matcher(description).find()) {
            return Kind.AUDIENCE_REFUSED;
        }
        // With 401 the client did not prove itself: Keycloak.
        boolean isForbidden = code.equals("unauthorized_client") && response.status() != 401;
        return isForbidden
                        || code.equals("unsupported_grant_type")
                        || code.equals("access_denied") // INDIGO IAM: its policies for exchanges
                        || NO_EXCHANGE.matcher(description).find()
                ? Kind.EXCHANGE_REFUSED
                : kind;
    }

    private static String text(
            HttpResponse response, Map<String, Object> json, String code, Redactor redactor, Request request) {
        StringBuilder text = new StringBuilder().append(response.status());
        if (response.status() >= 300 && response.status() <= 399) {
            return text.append(", a redirect to '")
                    .append(redactor.clean(response.location()))
                    .append("', which is not followed")
                    .toString();
        }
        if (!response.complete()) {
            return text.append(", cut short").toString();
        }
        if (!code.isEmpty()) {
            text.append(' ').append(code);
            description(json)
                    .map(redactor::clean)
                    .filter(clean -> !clean.isBlank())
                    .ifPresent(clean -> text.append(": ").append(clean));
            Json.string(json, "scope")
                    .ifPresent(scope -> text.append(" (scope ")
                            .append(redactor.clean(scope))
                            .append(')'));
            return text.toString();
        }
        if (response.body().isBlank()) {
            return text.append(" without a body").toString();
        }
        if (response.isPage()) {
            String title = Printable.of(redactor.clean(response.title()), EXCERPT_CHARS);
            return text.append(" with a web page")
                    .append(title.isEmpty() ? " without a title" : " titled '" + title + "'")
                    .append(", as a gateway or a login page sends")
                    .toString();
        }
        String size = response.body().length() + " characters that are not what was asked for";
        if (response.isSuccess()) { // never quoted: it may contain new tokens that the redactor does not know
            return text.append(" with ")
                    .append(
                            request == Request.OTHER
                                    ? size
                                    : invalidReason(response, request).orElse(size))
                    .toString();
        }
        String excerpt = Printable.of(redactor.clean(response.body().strip()), EXCERPT_CHARS);
        String type = response.contentType().isEmpty() ? "no content type" : redactor.clean(response.contentType());
        return text.append(" (").append(type).append("): ").append(excerpt).toString();
    }

    private static Optional<String> invalidReason(HttpResponse response, Request request) {
        Optional<String> otherType =
                request == Request.EXCHANGE ? TokenResponse.otherIssuedType(response) : Optional.empty();
        return otherType.isPresent() ? otherType : TokenResponse.invalidReason(response);
    }

    private static Optional<String> description(Map<String, Object> json) {
        return Json.string(json, "error_description").or(() -> Json.string(json, "message"));
    }
}

package org.opensciencegrid.tokenrenewer.oidc;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.oidc.OidcException.Kind;
import org.opensciencegrid.tokenrenewer.text.Json;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Redactor;
import org.opensciencegrid.tokenrenewer.text.Secret;

/**
 * Reads what a refusing issuer meant. The codes and statuses are those of real servers.
 */
final class Refusal {
    private static final int EXCERPT = 120;
    private static final Pattern PLAIN_ERROR = Pattern.compile("^error=\"?([a-z_]{1,40})\"?\\s*$", Pattern.MULTILINE);

    private Refusal() {}

    /**
     * @param where the endpoint as shown in messages
     * @param secrets what the request carried, and so what the answer may echo
     */
    static OidcException of(String where, Answer answer, Collection<Secret> secrets) {
        Redactor redactor = new Redactor(secrets);
        Map<String, Object> json = answer.json().orElse(Map.of());
        String code = redactor.clean(Json.string(json, "error").orElseGet(() -> plainError(answer)));
        return new OidcException(
                takesOneAudience(json) ? Kind.AUDIENCE_REFUSED : kind(answer, code),
                where + " answered " + text(answer, json, code, redactor),
                answer.status(),
                code,
                answer.retryAfter());
    }

    /** Keycloak calls it invalid_grant. Nothing but {@code resource} is sent more than once (RFC 8707 section 2). */
    private static boolean takesOneAudience(Map<String, Object> json) {
        return Json.string(json, "error_description")
                .filter("duplicated parameter"::equals)
                .isPresent();
    }

    /** OA4MP refuses in plain text: {@code error="unauthorized_client"}. */
    private static String plainError(Answer answer) {
        Matcher matcher = PLAIN_ERROR.matcher(answer.body());
        return answer.status() == 400 && matcher.find() ? matcher.group(1) : "";
    }

    private static Kind kind(Answer answer, String code) {
        int status = answer.status();
        if (!answer.complete()) {
            return Kind.NO_ANSWER;
        }
        if (answer.isSuccess() && code.isEmpty()) {
            return Kind.UNUSABLE_ANSWER;
        }
        if (status == 408 || status == 429 || status >= 500) {
            return Kind.TEMPORARY;
        }
        return switch (code) {
            case "invalid_grant",
                    "invalid_token", // INDIGO IAM, MITREid, OA4MP
                    "interaction_required", // Microsoft Entra
                    "bad_refresh_token" -> Kind.GRANT_REFUSED; // GitHub
            case "invalid_client",
                    "unauthorized_client", // Keycloak, OA4MP
                    "unauthorized" -> Kind.CLIENT_REFUSED; // INDIGO IAM, MITREid
            case "invalid_scope" -> Kind.SCOPE_REFUSED;
            case "invalid_target" -> Kind.AUDIENCE_REFUSED;
            case "temporarily_unavailable", "server_error" -> Kind.TEMPORARY;
            // Without a code only these two are an authorization server's own; the rest is a gateway's noise.
            case "" ->
                switch (status) {
                    case 401 -> Kind.CLIENT_REFUSED; // some refuse a client with no body at all
                    case 400 -> Kind.REFUSED;
                    default -> Kind.TEMPORARY;
                };
            default -> answer.isSuccess() ? Kind.UNUSABLE_ANSWER : Kind.REFUSED; // GitHub refuses with 200
        };
    }

    private static String text(Answer answer, Map<String, Object> json, String code, Redactor redactor) {
        StringBuilder text = new StringBuilder().append(answer.status());
        if (answer.status() >= 300 && answer.status() <= 399) {
            return text.append(", a redirect to '")
                    .append(redactor.clean(answer.location()))
                    .append("', which is not followed")
                    .toString();
        }
        if (!answer.complete()) {
            return text.append(", cut short").toString();
        }
        if (!code.isEmpty()) {
            text.append(' ').append(code);
            described(json, redactor).ifPresent(words -> text.append(": ").append(words));
            Json.string(json, "scope")
                    .ifPresent(scope -> text.append(" (scope ")
                            .append(redactor.clean(scope))
                            .append(')'));
            return text.toString();
        }
        if (answer.body().isBlank()) {
            return text.append(" without a body").toString();
        }
        if (answer.isSuccess()) { // never quoted: it may hold tokens that nobody knows as secrets yet
            return text.append(" with ")
                    .append(answer.body().length())
                    .append(" characters that are not what was asked for")
                    .toString();
        }
        String excerpt = Printable.of(redactor.clean(answer.body().strip()), EXCERPT);
        String type = answer.contentType().isEmpty() ? "no content type" : redactor.clean(answer.contentType());
        return text.append(" (").append(type).append("): ").append(excerpt).toString();
    }

    private static Optional<String> described(Map<String, Object> json, Redactor redactor) {
        return Json.string(json, "error_description").map(redactor::clean).filter(words -> !words.isBlank());
    }
}

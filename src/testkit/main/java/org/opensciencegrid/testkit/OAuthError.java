package org.opensciencegrid.testkit;

import java.util.LinkedHashMap;
import java.util.Map;

/** An OAuth error response (RFC 6749 section 5.2). */
final class OAuthError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Answer answer;

    private OAuthError(Answer answer) {
        super(Integer.toString(answer.status()), null, false, false);
        this.answer = answer;
    }

    static OAuthError of(int status, String error, String description) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("error", error);
        if (description != null) {
            members.put("error_description", description);
        }
        return new OAuthError(Answer.json(status, members));
    }

    /**
     * Status 400 with the given error code, which RFC 6749 section 5.2 requires for all codes except invalid_client.
     */
    static OAuthError badRequest(String error, String description) {
        return of(400, error, description);
    }

    static OAuthError invalidRequest(String description) {
        return badRequest("invalid_request", description);
    }

    static OAuthError with(Answer answer) {
        return new OAuthError(answer);
    }

    OAuthError header(String name, String value) {
        answer.with(name, value);
        return this;
    }

    Answer answer() {
        return answer;
    }
}

package org.opensciencegrid.testkit;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An HTTP response of an endpoint. The body is a map (a JSON object that a {@link Fault} may still edit), a string, or
 * null.
 */
record Answer(int status, Map<String, String> headers, Object body) {
    static final String CONTENT_TYPE = "Content-Type";
    static final String WWW_AUTHENTICATE = "WWW-Authenticate";

    static Answer json(int status, Map<String, Object> members) {
        Answer answer = new Answer(status, new LinkedHashMap<>(), new LinkedHashMap<>(members));
        answer.headers.put(CONTENT_TYPE, "application/json");
        // RFC 6749 section 5.1
        answer.headers.put("Cache-Control", "no-store");
        answer.headers.put("Pragma", "no-cache");
        return answer;
    }

    static Answer text(int status, String contentType, String text) {
        Answer answer = new Answer(status, new LinkedHashMap<>(), text);
        if (contentType != null) {
            answer.headers.put(CONTENT_TYPE, contentType);
        }
        return answer;
    }

    static Answer empty(int status) {
        return new Answer(status, new LinkedHashMap<>(), null);
    }

    Answer with(String header, String value) {
        headers.put(header, value);
        return this;
    }

    Answer withStatus(int other) {
        return new Answer(other, headers, body);
    }

    @SuppressWarnings("unchecked")
    Map<String, Object> members() {
        return body instanceof Map<?, ?> map ? (Map<String, Object>) map : null;
    }

    byte[] bytes() {
        if (body == null) {
            return new byte[0];
        }
        String text = body instanceof Map<?, ?> map ? Json.write(map) : body.toString();
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

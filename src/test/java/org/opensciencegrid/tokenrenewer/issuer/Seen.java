package org.opensciencegrid.tokenrenewer.issuer;

import java.util.List;
import java.util.Map;

/**
 * A request as it arrived, also one that a {@link Fault} kept from being processed.
 *
 * @param query the raw query, or null
 * @param headers looked up without regard to case
 * @param form the decoded form, empty when the body is not a form
 * @param body the raw body
 */
public record Seen(
        String method,
        String path,
        String query,
        Map<String, List<String>> headers,
        Map<String, List<String>> form,
        String body) {

    /** The first value of a header, or null. */
    public String header(String name) {
        List<String> values = headers.get(name);
        return values == null || values.isEmpty() ? null : values.get(0);
    }

    /** The first value of a form parameter, or null. */
    public String parameter(String name) {
        List<String> values = form.get(name);
        return values == null ? null : values.get(0);
    }

    /** The form's grant_type, or null. */
    public String grantType() {
        return parameter("grant_type");
    }

    /** Method, path and the names of the parameters; the values are secrets. */
    @Override
    public String toString() {
        return method + " " + path + " " + form.keySet();
    }
}

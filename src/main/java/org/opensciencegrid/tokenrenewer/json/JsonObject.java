package org.opensciencegrid.tokenrenewer.json;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.util.Rfc3339;

/**
 * An immutable JSON object. Reading is lenient, and setting a member returns a copy. Unknown members are kept, so an
 * older program writes back what a newer one added. Times are RFC 3339 in UTC to the second, to be readable for people.
 */
public final class JsonObject {
    public static final JsonObject NONE = new JsonObject(Map.of());

    private final Map<String, Object> values;

    private JsonObject(Map<String, Object> values) {
        this.values = values;
    }

    public static JsonObject of(Map<String, Object> values) {
        return new JsonObject(new LinkedHashMap<>(values));
    }

    /** Parses an object; empty if the text is anything else. */
    public static Optional<JsonObject> parse(String json) {
        Optional<Map<String, Object>> values = Json.object(json);
        return values.isPresent() ? Optional.of(new JsonObject(values.get())) : Optional.empty();
    }

    public String toJson() {
        return Json.write(values);
    }

    /**
     * A copy with the member set to a text, number, time, object, or list of texts or objects. An empty Optional, list
     * or text removes the member.
     */
    public JsonObject with(String name, Object value) {
        Object json = value instanceof Optional<?> optional ? optional.orElse(null) : value;
        Map<String, Object> copy = new LinkedHashMap<>(values);
        if (json == null || json.equals("") || json instanceof Collection<?> collection && collection.isEmpty()) {
            copy.remove(name);
        } else if (json instanceof Instant time) {
            copy.put(name, Rfc3339.of(time));
        } else {
            copy.put(name, json instanceof JsonObject members ? members.values : json);
        }
        return new JsonObject(copy);
    }

    public Optional<String> string(String name) {
        return Json.string(values, name);
    }

    public Optional<Long> number(String name) {
        return Json.number(values, name);
    }

    public List<String> words(String name) {
        return Json.words(values, name);
    }

    public Optional<Instant> time(String name) {
        Optional<String> text = string(name);
        try {
            return text.isPresent() ? Optional.of(Rfc3339.parse(text.get())) : Optional.empty();
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /** The member if it is an object, otherwise an object without members. */
    public JsonObject member(String name) {
        return new JsonObject(Json.member(values, name));
    }

    /** The objects in the member if it is a list; other elements are ignored. */
    public List<JsonObject> list(String name) {
        List<JsonObject> list = new ArrayList<>();
        if (values.get(name) instanceof Collection<?> collection) {
            for (Object element : collection) {
                if (element instanceof Map) {
                    list.add(new JsonObject(Json.member(Map.of(name, element), name)));
                }
            }
        }
        return list;
    }

    public Collection<String> names() {
        return List.copyOf(values.keySet());
    }

    public Map<String, Object> asMap() {
        return Collections.unmodifiableMap(values);
    }

    /** Shows names only: a value may be a secret. */
    @Override
    public String toString() {
        return "JsonObject" + values.keySet();
    }
}

package org.opensciencegrid.tokenrenewer.text;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An immutable JSON object with members read leniently and set by copying. What its user does not know stays in it, so
 * that an older program writes back what a newer one added. Times are RFC 3339 in UTC to the second, for people to read.
 */
public final class Members {
    public static final Members NONE = new Members(Map.of());

    private final Map<String, Object> values;

    private Members(Map<String, Object> values) {
        this.values = values;
    }

    public static Members of(Map<String, Object> values) {
        return new Members(new LinkedHashMap<>(values));
    }

    /** The object that the text is, or empty when it is anything else. */
    public static Optional<Members> parse(String json) {
        return Json.object(json).map(Members::new);
    }

    public String toJson() {
        return Json.write(values);
    }

    /**
     * A copy with the member set to a text, number, time, object, or list of texts or objects; an empty Optional, list or text takes
     * the member away.
     */
    public Members with(String name, Object value) {
        Object plain = value instanceof Optional<?> optional ? optional.orElse(null) : value;
        Map<String, Object> copy = new LinkedHashMap<>(values);
        if (plain == null || plain.equals("") || plain instanceof Collection<?> many && many.isEmpty()) {
            copy.remove(name);
        } else if (plain instanceof Instant time) {
            copy.put(name, Rfc3339.of(time));
        } else {
            copy.put(name, plain instanceof Members members ? members.values : plain);
        }
        return new Members(copy);
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
        try {
            return string(name).map(Rfc3339::parse);
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /** The member if it is an object, else an object without members. */
    public Members member(String name) {
        return new Members(Json.member(values, name));
    }

    /** The objects in the member if it is a list; what else is in it is passed over. */
    public List<Members> list(String name) {
        List<Members> list = new ArrayList<>();
        if (values.get(name) instanceof Collection<?> many) {
            for (Object one : many) {
                list.add(new Members(Json.member(Collections.singletonMap(name, one), name)));
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

    /** Names only: a value may be a secret. */
    @Override
    public String toString() {
        return "Members" + values.keySet();
    }
}

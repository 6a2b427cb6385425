package org.opensciencegrid.tokenrenewer.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonObjectTest {
    private static JsonObject parse(String json) {
        return JsonObject.parse(json).orElseThrow();
    }

    @Test
    void whatIsNotKnownSurvives() {
        String json = "{\"format\":1,\"later\":{\"deep\":[1,{\"x\":null}],\"t\":true},\"name\":\"a\"}";
        assertEquals(json, parse(json).toJson());
        assertEquals(
                "{\"format\":1,\"later\":{\"deep\":[1,{\"x\":null}],\"t\":true},\"name\":\"b\"}",
                parse(json).with("name", "b").toJson());
    }

    @Test
    void isSetByCopying() {
        JsonObject first = JsonObject.NONE.with("a", "1");
        JsonObject second = first.with("a", "2").with("b", 3L);
        assertEquals("{}", JsonObject.NONE.toJson());
        assertEquals("{\"a\":\"1\"}", first.toJson());
        assertEquals("{\"a\":\"2\",\"b\":3}", second.toJson());
        assertThrows(UnsupportedOperationException.class, () -> second.asMap().put("c", "4"));
        assertThrows(UnsupportedOperationException.class, () -> second.names().add("c"));
    }

    @Test
    void theMapThatItWasMadeOfIsCopied() {
        Map<String, Object> map = new HashMap<>(Map.of("a", "1"));
        JsonObject members = JsonObject.of(map);
        map.put("a", "2");
        assertEquals(Optional.of("1"), members.string("a"));
    }

    @Test
    void everyKindOfValue() {
        Instant time = Instant.parse("2026-03-01T12:34:56.789Z");
        JsonObject members = JsonObject.NONE
                .with("text", "t")
                .with("optional", Optional.of("o"))
                .with("number", 5)
                .with("time", time)
                .with("list", List.of("a", "b"))
                .with("object", JsonObject.NONE.with("x", "y"));
        assertEquals(
                "{\"text\":\"t\",\"optional\":\"o\",\"number\":5,\"time\":\"2026-03-01T12:34:56Z\","
                        + "\"list\":[\"a\",\"b\"],\"object\":{\"x\":\"y\"}}",
                members.toJson());
        JsonObject again = parse(members.toJson());
        assertEquals(Optional.of("t"), again.string("text"));
        assertEquals(Optional.of(5L), again.number("number"));
        assertEquals(Optional.of(Instant.parse("2026-03-01T12:34:56Z")), again.time("time"));
        assertEquals(List.of("a", "b"), again.words("list"));
        assertEquals(Optional.of("y"), again.member("object").string("x"));
        assertEquals(List.of("text", "optional", "number", "time", "list", "object"), List.copyOf(again.names()));
    }

    @Test
    void nothingTakesTheMemberAway() {
        for (Object nothing : new Object[] {null, "", Optional.empty(), List.of()}) {
            assertEquals(
                    "{\"b\":1}",
                    parse("{\"a\":\"x\",\"b\":1}").with("a", nothing).toJson());
        }
        assertEquals("{\"a\":0}", JsonObject.NONE.with("a", 0).toJson());
        assertEquals("{\"a\":false}", JsonObject.NONE.with("a", false).toJson());
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "2026-03-01T12:34:56Z, 2026-03-01T12:34:56Z",
                "1970-01-01T00:00:00Z, 1970-01-01T00:00:00Z",
                "2026-03-01 12:34:56, -",
                "2026-02-30T00:00:00Z, -",
                "soon, -",
                "1772368496, -",
            })
    void times(String text, Instant time) {
        assertEquals(Optional.ofNullable(time), JsonObject.NONE.with("t", text).time("t"));
    }

    @Test
    void whatIsOfAnotherKindReadsAsAbsent() {
        JsonObject members = parse("{\"n\":1772368496,\"s\":\"x\",\"l\":[],\"o\":{}}");
        assertEquals(Optional.empty(), members.time("n"));
        assertEquals(Optional.empty(), members.string("n"));
        assertEquals(Optional.empty(), members.number("s"));
        assertEquals("{}", members.member("s").toJson());
        assertEquals("{}", members.member("absent").toJson());
        assertEquals(Optional.empty(), JsonObject.parse("[]"));
    }

    @Test
    void printsNamesOnly() {
        JsonObject members = parse("{\"refresh_token\":\"secret-value\",\"deep\":{\"x\":\"secret-value\"}}");
        assertFalse(members.toString().contains("secret-value"));
        assertEquals("JsonObject[refresh_token, deep]", members.toString());
    }
}

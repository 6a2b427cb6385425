package org.opensciencegrid.tokenrenewer.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "null",
                "1",
                "\"text\"",
                "[]",
                "[{}]",
                "{",
                "}",
                "{}x",
                "{} {}",
                "{\"a\"}",
                "{\"a\":}",
                "{\"a\":1,}",
                "{\"a\":+1}",
                "{a:1}",
                "{'a':1}",
                "{\"a\":'b'}",
                "{\"a\":b}",
                "{\"a\":01}",
                "{\"a\":NaN}",
                "{\"a\":\"b}",
                "{\"a\":\"b\nc\"}",
                "{\"a\":\"\u0000\"}",
                "{\"a\":\"\\x\"}",
                "{\"a\":\"\\u12\"}",
                "{\"a\":1 /* comment */}",
                "{\"a\":[1,2}",
                "{\"a\":tru}",
                "<html>{}</html>",
                "\uFEFF{}",
            })
    void anythingElseIsEmpty(String text) {
        assertEquals(Optional.empty(), Json.object(text));
    }

    /** Where the parser is more lenient than RFC 8259. */
    @Test
    void lenient() {
        assertEquals(Map.of("a", 1L), numbers(Json.object("{,\"a\":1}").orElseThrow()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{}", " {} ", "\r\n\t{\n}\n", "{\"\":1}", "{\"a\":[{\"b\":[null,true,false,-1.5e3,\"\"]}]}"})
    void objects(String text) {
        assertTrue(Json.object(text).isPresent());
    }

    private static List<String> bombs() {
        int deep = 100_000;
        return List.of(
                "{\"a\":".repeat(deep) + "1" + "}".repeat(deep),
                "{\"a\":".repeat(deep),
                "{\"a\":" + "[".repeat(deep) + "]".repeat(deep) + "}",
                "{\"a\":" + "[".repeat(deep),
                "{\"a\":" + "9".repeat(1 << 20) + "}",
                "{\"a\":-" + "9".repeat(1 << 20) + ".5}",
                "{\"a\":1e" + "9".repeat(1 << 20) + "}");
    }

    @Test
    void bombsAreRefusedAtOnce() {
        bombs().forEach(JsonTest::isRefusedAtOnce);
    }

    private static void isRefusedAtOnce(String bomb) {
        assertTimeout(Duration.ofSeconds(1), () -> assertTrue(Json.object(bomb).isEmpty()));
    }

    @Test
    void longNumbersAreRead() {
        Map<String, Object> object = Json.object("{\"a\":" + "9".repeat(1000) + ",\"b\":\"" + "9".repeat(1000) + "\"}")
                .orElseThrow();
        assertEquals(Optional.empty(), Json.number(object, "a"));
        assertEquals(Optional.of("9".repeat(1000)), Json.string(object, "b"));
    }

    @Test
    void ofARepeatedNameTheLastValueWins() {
        assertEquals(Map.of("a", 2L), numbers(Json.object("{\"a\":1,\"a\":2}").orElseThrow()));
    }

    private static Map<String, Long> numbers(Map<String, Object> object) {
        Map<String, Long> numbers = new LinkedHashMap<>();
        object.keySet()
                .forEach(name -> numbers.put(name, Json.number(object, name).orElseThrow()));
        return numbers;
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "3600,3600",
                "0,0",
                "-1,-1",
                "\"3600\",3600",
                "\"-5\",-5",
                "3600.0,3600",
                "3.6e3,3600",
                "9223372036854775807,9223372036854775807",
                "9223372036854775808,",
                "18446744073709555216,", // 2^64 + 3600
                "1e300,",
                "-1e300,",
                "1e999,",
                "3600.5,",
                "\"3600.0\",",
                "\" 3600\",",
                "\"9999999999999999999\",",
                "\"soon\",",
                "\"\",",
                "null,",
                "true,",
                "[1],",
                "{},",
            })
    void numbers(String json, Long number) {
        Map<String, Object> object = Json.object("{\"n\":" + json + "}").orElse(Map.of());
        assertEquals(Optional.ofNullable(number), Json.number(object, "n"));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {"\"text\",text", "\" \",` `", "\"\",", "1,", "null,", "[\"text\"],", "{},", "\"\\u00e9\",\u00e9"})
    void strings(String json, String text) {
        Map<String, Object> object = Json.object("{\"s\":" + json + "}").orElseThrow();
        assertEquals(Optional.ofNullable(text), Json.string(object, "s"));
        assertEquals(Optional.empty(), Json.string(object, "S"));
    }

    @Test
    void words() {
        Map<String, Object> object = Json.object(
                        "{\"s\":\" a  b\\tc \",\"l\":[\"a b\",1,null,\"c\"],\"e\":\" \",\"n\":1,\"z\":[]}")
                .orElseThrow();
        assertEquals(List.of("a", "b", "c"), Json.words(object, "s"));
        assertEquals(List.of("a b", "c"), Json.words(object, "l"));
        assertEquals(List.of(), Json.words(object, "e"));
        assertEquals(List.of(), Json.words(object, "n"));
        assertEquals(List.of(), Json.words(object, "z"));
        assertEquals(List.of(), Json.words(object, "absent"));
        assertEquals(List.of(), Json.split(""));
        assertEquals(List.of(), Json.split(" \u2003\n"));
        assertEquals(List.of("a", "b", "c", "d\u00a0e"), Json.split("\u2003a\u000bb\t\r\n c\f d\u00a0e "));
    }

    @Test
    void writesOneLineThatPeopleCanRead() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("url", "https://issuer.example.org/a?b=c&d");
        object.put("list", List.of("x", 1, true));
        object.put("text", "a\n\"b\"\\c\u001b<>'\u00e9");
        assertEquals(
                "{\"url\":\"https://issuer.example.org/a?b=c&d\",\"list\":[\"x\",1,true],"
                        + "\"text\":\"a\\n\\\"b\\\"\\\\c\\u001B<>'\u00e9\"}",
                Json.write(object));
    }

    /** Reading returns what was written, for every character, as a value and as a name. */
    @Tag("slow")
    @Test
    void thereAndBack() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
                continue;
            }
            String text = "a" + Character.toString(c) + "z";
            Map<String, Object> object = Map.of(text, text);
            int code = c;
            assertEquals(Optional.of(object), Json.object(Json.write(object)), () -> "U+" + Integer.toHexString(code));
        }
    }

    /**
     * Characters that move the cursor, are invisible, or change the text direction: format characters of all planes,
     * separators, half surrogate pairs.
     */
    @ParameterizedTest
    @ValueSource(
            ints = {
                0x7f, 0x85, 0x9b, 0xad, 0x600, 0x61c, 0x180e, 0x200b, 0x202e, 0x2028, 0x2029, 0x2066, 0xfeff, 0xfff9,
                0xd800, 0xdc00, 0xe0041, 0x1d173, 0x110bd
            })
    void whatCannotBeSeenIsEscaped(int c) {
        String text = "a" + Character.toString(c) + "b";
        String json = Json.write(Map.of("t" + text, List.of(text)));
        assertTrue(json.chars().allMatch(one -> one >= 0x20 && one < 0x7f), json);
        assertEquals(Map.of("t" + text, List.of(text)), Json.object(json).orElseThrow());
    }

    @Test
    void whatCanBeSeenStays() {
        assertEquals("{\"a\":\"\u00e9/\u65e5\ud83d\ude00\"}", Json.write(Map.of("a", "\u00e9/\u65e5\ud83d\ude00")));
    }
}

package org.opensciencegrid.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import net.minidev.json.parser.JSONParser;
import net.minidev.json.parser.ParseException;
import org.junit.jupiter.api.Test;

class JsonTest {
    @Test
    void everyCharacterSurvives() throws ParseException {
        StringBuilder all = new StringBuilder();
        for (int c = 0; c < 0xD800; c++) {
            all.append((char) c);
        }
        String text = all.append("\ud83d\ude00").toString();
        Map<String, Object> object = Map.of("text", text);
        assertEquals(object, new JSONParser(JSONParser.MODE_RFC4627).parse(Json.write(object)));
    }

    @Test
    void values() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("array", Arrays.asList(1, true, null, Map.of(), "x"));
        object.put("raw", Json.raw("01e"));
        assertEquals("{\"array\":[1,true,null,{},\"x\"],\"raw\":01e}", Json.write(object));
    }
}

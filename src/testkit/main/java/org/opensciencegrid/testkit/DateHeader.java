package org.opensciencegrid.testkit;

import com.sun.net.httpserver.Headers;
import java.lang.reflect.Field;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The JDK's server always sends the time of this machine as Date. A simulated issuer sends its own. */
final class DateHeader {
    private static final String NAME = "Date";

    private DateHeader() {}

    static String of(Instant time) {
        return DateTimeFormatter.RFC_1123_DATE_TIME.format(time.atOffset(ZoneOffset.UTC));
    }

    /** Keeps the first value of Date that is set after this. */
    static void keepFirst(Headers headers) {
        try {
            Field map = Headers.class.getDeclaredField("map");
            map.setAccessible(true);
            map.set(headers, new KeepsFirst(headers));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class KeepsFirst extends HashMap<String, List<String>> {
        private static final long serialVersionUID = 1;

        KeepsFirst(Map<String, List<String>> headers) {
            super(headers);
        }

        @Override
        public List<String> put(String name, List<String> values) {
            return name.equals(NAME) ? putIfAbsent(name, values) : super.put(name, values);
        }
    }
}

package org.opensciencegrid.tokenrenewer.config;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Generates files like those that people write, with all features of configparser. Some are then damaged, so that they
 * are nearly valid instead of noise.
 */
final class IniGenerator {
    private static final String[] HEADERS = {
        "account a",
        "account b.example+1",
        "token t",
        "token u",
        "  token   v ",
        "account a/b",
        "Account a",
        "default",
        "x",
        "token a]b",
        "account\u00a0n",
        "token %(name)s",
        "token \ud83d\ude00"
    };
    private static final String[] OPTIONS = {
        "account",
        "token_path",
        "audience",
        "scope",
        "min_lifetime",
        "password_file",
        "Client_ID",
        "client secret",
        "NAME",
        "x",
        "y",
        "k1",
        "k2",
        "k3",
        "\u0130x",
        "\u00df",
        "\u00c4",
        "a[b",
        "50%",
        "x\u00a0y",
        "-"
    };
    private static final String[] WORDS = {
        "/etc/osg/tokens/a.pw",
        "compute.read",
        "ce.example.org:9619",
        "https://h.example.org:8443/t?x=y#f",
        "a=b",
        "#",
        ";",
        "! no",
        "\"q\"",
        "\\n",
        "${HOME}",
        "%%",
        "%%(x)s",
        "100%%",
        "[x]",
        "]",
        "\u00fc",
        "\u2028",
        "\ud83d\ude00",
        "a\u0085b",
        "\u0000",
        "\u001cz",
        "\u0001",
        "1 ; one",
        "'",
        "rem",
        "\u3000z",
        "\ufeff"
    };
    private static final String[] BLANKS = {
        "", "", "", " ", " ", "  ", "\t", "\u00a0", "\u000b", "\u001c", "\u2003", "\u3000"
    };
    private static final String[] LINE_ENDS = {"\n", "\n", "\n", "\r\n", "\r"};
    private static final String[] COMMENTS = {
        "# note", "; note", "#", "  # deeper", "\t; deeper = 1", "\u00a0# nbsp", "#[x]"
    };
    private static final String[] BREAKS = {
        "%",
        "%(",
        "%(x)",
        "%()s",
        "%(nothing)s",
        "%(X)s",
        "%h",
        "[",
        "]",
        "[]",
        "[[]",
        "=",
        ":",
        "= x",
        "!",
        "\ufeff",
        " ",
        "\n",
        "\n ",
        "\n\t",
        "\r",
        "\u000c",
        "\u0085",
        "\u0000",
        "[token t]\n",
        "[DEFAULT]\n",
        "\nx = 1\n",
        "\nX : 2\n",
        "no value\n",
        "  deeper = 1\n",
        "#",
        ";",
        "\n#",
        "%(k1)s",
        "\n[x] # y\n",
        "\ny = %(y)s\n"
    };

    private final Random random;
    private final StringBuilder out = new StringBuilder();
    private String lineEnd;
    private String margin = "";

    IniGenerator(Random random) {
        this.random = random;
        lineEnd = pick(LINE_ENDS);
    }

    byte[] file() {
        fillers();
        if (chance(20)) {
            section("DEFAULT", new ArrayList<>());
        }
        List<String> headers = new ArrayList<>(Arrays.asList(HEADERS));
        for (int i = random.nextInt(5); i >= 0; i--) {
            section(headers.remove(random.nextInt(headers.size())), new ArrayList<>());
        }
        if (chance(5)) {
            section("DEFAULT", new ArrayList<>());
        }
        if (chance(40)) {
            for (int i = random.nextInt(3); i >= 0; i--) {
                damage();
            }
        }
        byte[] bytes = out.toString().getBytes(StandardCharsets.UTF_8);
        return chance(2) ? withWrongByte(bytes) : bytes;
    }

    private void section(String header, List<String> used) {
        margin = chance(15) ? pick(BLANKS) : "";
        line(margin + "[" + header + "]" + (chance(10) ? " # hi" : ""));
        fillers();
        List<String> free = new ArrayList<>(Arrays.asList(OPTIONS));
        for (int i = random.nextInt(6); i > 0; i--) {
            String option = free.remove(random.nextInt(free.size()));
            option(option, used);
            used.add(option);
        }
        if (chance(8)) {
            chain();
        }
    }

    private void option(String option, List<String> used) {
        // At the margin of the section or less: a deeper line would continue the value above.
        String indent = chance(90) ? margin : "";
        line(indent
                + anyCase(option)
                + pick(BLANKS)
                + (chance(70) ? "=" : ":")
                + pick(BLANKS)
                + value(used)
                + pick(BLANKS));
        while (chance(20)) {
            fillers();
            line(margin + (chance(50) ? " " : "\t  ") + pick(BLANKS) + value(used));
        }
        fillers();
    }

    /** References to each other, near the limit of ten. */
    private void chain() {
        int length = 7 + random.nextInt(5);
        for (int i = 0; i < length; i++) {
            line(margin + "c" + i + " = " + i + "%(C" + (i + 1) + ")s");
        }
        line(margin + "c" + length + (chance(50) ? " = end" : " = 1%%"));
    }

    private String value(List<String> used) {
        StringBuilder value = new StringBuilder();
        for (int i = random.nextInt(4); i > 0; i--) {
            boolean reference = !used.isEmpty() && chance(15);
            value.append(reference ? "%(" + anyCase(used.get(random.nextInt(used.size()))) + ")s" : pick(WORDS));
            value.append(pick(BLANKS));
        }
        return value.toString();
    }

    private void fillers() {
        while (chance(15)) {
            line(chance(50) ? pick(COMMENTS) : pick(BLANKS));
        }
    }

    private void damage() {
        int at = random.nextInt(out.length() + 1);
        switch (random.nextInt(4)) {
            case 0 -> out.delete(at, Math.min(out.length(), at + 1 + random.nextInt(3)));
            case 1 -> {
                int from = random.nextInt(out.length() + 1);
                out.insert(at, out.substring(from, Math.min(out.length(), from + random.nextInt(30))));
            }
            default -> out.insert(at, pick(BREAKS));
        }
        dropHalfCharacters();
    }

    /** A lone surrogate is not valid text, so a file cannot contain it. */
    private void dropHalfCharacters() {
        String whole = out.codePoints()
                .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        out.setLength(0);
        out.append(whole);
    }

    private byte[] withWrongByte(byte[] bytes) {
        ByteArrayOutputStream wrong = new ByteArrayOutputStream();
        int at = random.nextInt(bytes.length + 1);
        wrong.write(bytes, 0, at);
        wrong.write(random.nextInt(256));
        wrong.write(bytes, at, bytes.length - at);
        return wrong.toByteArray();
    }

    private void line(String text) {
        out.append(text).append(chance(97) ? lineEnd : pick(LINE_ENDS));
    }

    private String anyCase(String option) {
        return chance(80) ? option : option.toUpperCase(Locale.ROOT);
    }

    private String pick(String[] from) {
        return from[random.nextInt(from.length)];
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }
}

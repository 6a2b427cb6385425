package org.opensciencegrid.tokenrenewer.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Sentences in 80 columns, broken at blanks. Commands in them stay whole, as they are to be pasted, and so may paths and
 * links be longer.
 */
final class Prose {
    private static final int WIDTH = 80;
    private static final String HANGING = "    ";

    /** What the commands begin with that are printed; {@code ProseTest} holds that it is all of them. */
    private static final Set<String> PROGRAMS = Set.of(
            "chgrp",
            "chmod",
            "chown",
            "cp",
            "df",
            "dnf",
            "groupadd",
            "journalctl",
            "ls",
            "oidc-add",
            "oidc-gen",
            "openssl",
            "osg-token-renewer",
            "osg-token-renewer-setup",
            "printf",
            "runuser",
            "sed",
            "setfacl",
            "sudo",
            "systemctl",
            "timedatectl",
            "usermod");

    private Prose() {}

    static void wrap(List<String> lines, String indent, String text) {
        wrap(lines, indent, indent, text);
    }

    /** @param first what the first line begins with, in the place of the indent */
    static void wrap(List<String> lines, String first, String indent, String text) {
        StringBuilder line = new StringBuilder(first);
        boolean isBegun = false;
        for (String piece : pieces(text)) {
            if (isBegun && line.length() + 1 + piece.length() > WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder(indent);
                isBegun = false;
            }
            line.append(isBegun ? " " : "").append(piece);
            isBegun = true;
        }
        lines.add(line.toString());
    }

    /** What repairs something, with that word before it. */
    static void repair(List<String> lines, String indent, String text, Colours colours) {
        String word = indent + "repair: ";
        List<String> wrapped = new ArrayList<>();
        wrap(wrapped, word, indent, text);
        lines.add(word + colours.strong(wrapped.get(0).substring(word.length())));
        wrapped.subList(1, wrapped.size()).forEach(line -> lines.add(indent + colours.strong(line.strip())));
    }

    /** The text as it is, unless it goes to a terminal, which would break it within a word. */
    static String of(PrintStream to, String text) {
        return text.length() > WIDTH && Environment.isTerminal(to) ? wrapped(text) : text;
    }

    static String wrapped(String text) {
        if (text.length() <= WIDTH || text.startsWith(" ")) { // to be copied
            return text;
        }
        if (text.contains("\n")) {
            return text.lines().map(Prose::wrapped).collect(Collectors.joining("\n"));
        }
        List<String> lines = new ArrayList<>();
        wrap(lines, "", HANGING, text);
        return String.join("\n", lines);
    }

    /** Words, and commands as one. */
    static List<String> pieces(String text) {
        String[] words = text.split(" ");
        List<String> pieces = new ArrayList<>();
        for (int i = 0; i < words.length; i++) {
            int end = isCommand(words, i) ? end(words, i) : i;
            pieces.add(String.join(" ", Arrays.copyOfRange(words, i, end + 1)));
            i = end;
        }
        return pieces;
    }

    private static boolean isCommand(String[] words, int at) {
        String word = words[at];
        return word.equals("(umask")
                || at + 1 < words.length
                        && (PROGRAMS.contains(word) || word.equals("install") && words[at + 1].startsWith("-"));
    }

    /** The last word of a command: prose goes on after a comma, a semicolon or before a parenthesis. */
    private static int end(String[] words, int begin) {
        boolean isQuoted = false;
        boolean isInParentheses = false;
        for (int i = begin; i < words.length; i++) {
            String word = words[i];
            isQuoted ^= word.replace("\\'", "").chars().filter(c -> c == '\'').count() % 2 == 1;
            isInParentheses = !isQuoted && (isInParentheses || word.startsWith("(")) && !word.contains(")");
            boolean isFollowed = i + 1 < words.length && !words[i + 1].startsWith("(");
            if (!isQuoted && !isInParentheses && (word.endsWith(";") || word.endsWith(",") || !isFollowed)) {
                return i;
            }
        }
        return words.length - 1;
    }
}

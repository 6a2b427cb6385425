package org.opensciencegrid.tokenrenewer.config;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * {@code for_each}: a [token NAME] section that describes one token for each word of a list. The token of WORD has the
 * name NAME@WORD, and {@code %(each)s} in its options is WORD.
 */
final class ForEach {
    static final String OPTION = "for_each";
    /** The reference that is replaced with the word. */
    static final String REFERENCE = "each";

    private static final String TOKEN_PATH = "token_path";
    private static final String TOKEN_SECRET = "token_secret";

    private ForEach() {}

    /**
     * The tokens of a section, each as a section of its own; the section itself if it has no for_each. Empty if for_each
     * has a mistake or no words.
     */
    static List<Section> tokens(Section section) {
        if (!section.isSet(OPTION)) {
            return List.of(section);
        }
        int before = section.problems().size();
        Set<String> words = words(section);
        if (words.isEmpty() || section.problems().size() > before) {
            return List.of();
        }
        requireOwnPlaces(section, words.iterator().next());
        List<Section> tokens = new ArrayList<>(words.size());
        for (String word : words) {
            Section token = section.forWord(word);
            mistake(token, word)
                    .ifPresent(text -> token.problem(
                            section.lineOfWord(OPTION, word), "'" + Printable.of(word) + "' in for_each " + text));
            tokens.add(token);
        }
        return tokens;
    }

    private static Set<String> words(Section section) {
        List<String> all = section.words(OPTION);
        if (!section.has(OPTION)) {
            section.problem(
                    section.line(OPTION), "for_each has no words; write at least one, or remove the line of for_each");
        }
        Set<String> words = new LinkedHashSet<>();
        for (String word : all) {
            if (!words.add(word)) {
                section.warning(
                        section.line(OPTION),
                        "for_each has '" + Printable.of(word) + "' more than once; there is one token for it");
            }
        }
        return words;
    }

    /** Reports the mistake once, not for each word. */
    private static void requireOwnPlaces(Section section, String word) {
        Section token = section.forWord(word);
        if (token.text(TOKEN_PATH).isPresent() && !token.usesWord(TOKEN_PATH)) {
            section.problem(
                    section.line(TOKEN_PATH),
                    "token_path has no %(each)s, so all tokens of for_each would have the same file; write for example"
                            + " token_path = /etc/osg/tokens/" + token.fileName());
        }
        Optional<TokenSecret> secret = token.text(TOKEN_SECRET).flatMap(TokenSecret::parse);
        if (secret.isPresent() && !token.usesWord(TOKEN_SECRET)) {
            section.problem(
                    section.line(TOKEN_SECRET),
                    "token_secret has no %(each)s, so all tokens of for_each would have the same key; write for example"
                            + " token_secret = " + secret.get().withKey("").toString() + "%(each)s");
        }
    }

    /** Words are parts of paths, so they must not lead to another directory. */
    private static Optional<String> mistake(Section token, String word) {
        if (word.indexOf('/') >= 0) {
            return Optional.of(
                    "has a '/', which a file name cannot have; write only host and port there, and for example"
                            + " audience = https://%(each)s/");
        }
        if (word.indexOf(',') >= 0) {
            return Optional.of("has a comma; separate the words with spaces");
        }
        if (word.equals(".") || word.equals("..")) {
            return Optional.of("is not a file name");
        }
        if (token.name().length() > Validation.MAX_TOKEN_NAME) {
            return Optional.of("is too long: NAME@WORD has at most " + Validation.MAX_TOKEN_NAME + " characters");
        }
        return Optional.empty();
    }
}

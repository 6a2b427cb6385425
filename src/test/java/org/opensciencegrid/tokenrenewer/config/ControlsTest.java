package org.opensciencegrid.tokenrenewer.config;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** No option of any section takes a control character, from which a header, a path or a line of a log could be forged. */
class ControlsTest {
    private static final List<String> CONTROLS = List.of("\u0000", "\u0008", "\u001b", "\u007f", "\u0085", "\u009b");
    private static final Set<String> LISTS = Set.of(
            "scope",
            "audience",
            "exchange_resource",
            "post_renewal",
            "post_renewal_environment",
            "no_proxy",
            "for_each",
            "notify");
    private static final String STORED = "[token T]\naccount = A\ntoken_path = /t\n[account A]\npassword_file = /a\n";
    private static final String CLIENT = "[token T]\naccount = A\ntoken_path = /t\n[account A]\n"
            + "token_request_url = https://h/t\nclient_id = id\nclient_secret = s\n";

    static Stream<Arguments> options() {
        return Stream.concat(
                KnownOptions.ACCOUNT.stream().map(option -> Arguments.of("[account A]\n", option)),
                KnownOptions.TOKEN.stream().map(option -> Arguments.of("[token T]\n", option)));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("options")
    void aControlCharacterIsRefused(String section, String option) throws Exception {
        for (String control : CONTROLS) {
            List<String> problems = new ArrayList<>();
            for (String text : List.of(STORED, CLIENT)) {
                String others = text.replaceAll("(?m)^" + option + " = .*\n", "");
                String value = section + option + " = /a" + control + "b\n";
                Config read = Texts.read(others.replace(section, value));
                read.problems().forEach(problem -> problems.add(problem.text()));
                assertFalse(read.toString().chars().anyMatch(Character::isISOControl), read.toString());
            }
            problems.forEach(problem -> assertFalse(problem.chars().anyMatch(Character::isISOControl), problem));
            String said = String.format("%s contains the control character U+%04X", option, (int) control.charAt(0));
            boolean isSaid = problems.stream().anyMatch(problem -> problem.contains(said));
            boolean isBlank = LISTS.contains(option) && control.equals("\u0085"); // it parts words, as in Python
            assertTrue(isSaid || isBlank, () -> said + "? " + String.join("\n", problems));
        }
    }
}

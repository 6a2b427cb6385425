package org.opensciencegrid.tokenrenewer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A mistake in one section only affects that section. */
class InvalidSectionTest {
    private static final String NINE = "[account a]\npassword_file = /a.pw\n"
            + IntStream.rangeClosed(1, 9)
                    .mapToObj(i -> "[token t" + i + "]\naccount = a\ntoken_path = /t" + i + "\n")
                    .collect(Collectors.joining());
    private static final int LINES = 29;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[token new]\naccount = a\n",
                "[token new]\naccount = a\ntoken_path = new\n",
                "[token new]\naccount = a\ntoken_path = /new\nmin_lifetime = 10m\n",
                "[token new]\naccount = a\ntoken_path = /new\nscope = %x\n",
                "[token new]\naccount = a\ntoken_path = /new\ntoken_path = /other\n",
                "[token new]\naccount = b\ntoken_path = /new\n",
                "[token new]\naccount = b\ntoken_path = /new\n[account b]\n",
                "[token new]\naccount = b\ntoken_path = /new\n[account b]\npassword_file = b.pw\n",
                "[token new]\naccount = a\ntoken_path = /new\n[token new]\n",
                "[token new]\naccount = a\ntoken_path = /new\n[token  new]\n"
            })
    void theOtherNineAreSound(String section) throws Exception {
        Config config = Texts.read(NINE + section);
        assertEquals(9, config.tokens().size());
        assertEquals(
                List.of("new"),
                config.faultyTokens().stream().map(InvalidToken::name).toList());
        assertTrue(config.faultyTokens().get(0).problems().get(0).line() >= LINES + 1);
        assertEquals(config.problems(), config.faultyTokens().get(0).problems());
    }

    @Test
    void anAccountStopsTheTokensThatUseIt() throws Exception {
        Config config = Texts.read(NINE.replace("/a.pw", "a.pw") + "[account b]\npassword_file = /b.pw\n"
                + "[token sound]\naccount = b\ntoken_path = /sound\n");
        assertEquals(
                List.of("sound"),
                config.tokens().stream().map(TokenSection::name).toList());
        assertEquals(List.of("b"), List.copyOf(config.accounts().keySet()));
        assertEquals(9, config.faultyTokens().size());
        assertEquals(2, config.faultyTokens().get(8).problems().get(0).line());
    }

    @Test
    void anAccountThatNoTokenUsesStopsNoToken() throws Exception {
        Config config = Texts.read(NINE + "[account spare]\npassword_file = spare.pw\n");
        assertEquals(9, config.tokens().size());
        assertEquals(List.of(), config.faultyTokens());
        assertEquals(
                List.of(LINES + 2),
                config.problems().stream().map(ConfigError::line).toList());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "tokn x|(did you mean '[token x]'?)",
                "Token x|(did you mean '[token x]'?)",
                "token-x|(did you mean '[token NAME]'?)",
                "token:x|(did you mean '[token NAME]'?)",
                "acount x|(did you mean '[account x]'?)",
                "accounts x|(did you mean '[account x]'?)",
                "token my token|; write [token NAME], with a name that has no spaces in it"
            })
    void anUnknownSectionGetsASuggestion(String header, String suggestion) throws Exception {
        Config config = Texts.read(NINE + "[" + header + "]\n");
        assertEquals(9, config.tokens().size());
        String problem = config.problems().get(0).text();
        assertTrue(problem.endsWith(suggestion), problem);
    }

    @ParameterizedTest
    @ValueSource(strings = {"option without a value", "= x", "[unfinished", "[DEFAULT]\nx = 1\nx = 2"})
    void aLineThatCannotBeReadStopsEverything(String line) {
        ConfigException e = assertThrows(ConfigException.class, () -> Texts.read(NINE + line + "\n"));
        assertTrue(e.problems().get(0).line() > LINES, e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "\"/x/y\"|quotation mark",
                "'/x/y'|quotation mark",
                "x/y|absolute",
                "./y|absolute",
                "~/y|'~'",
                "~root/y|'~'",
                "{{ dir }}/y|variable",
                "/x/{{name}}|variable",
                "/x/{% if a %}|variable",
                "$HOME/y|variable",
                "/x/${NAME}|variable",
                "/x/y # the new one|comment",
                "/x/y ; the new one|comment",
                "/x/y/|directory",
                "/etc|directory"
            })
    void aPathThatWasMeantForAnotherReader(String path, String reason) throws Exception {
        String value = path.replace("%", "%%");
        for (String text : List.of(
                "[account a]\npassword_file = /a\n[token t]\naccount = a\ntoken_path = " + value + "\n",
                "[token t]\naccount = a\ntoken_path = /t\n[account a]\npassword_file = " + value + "\n",
                "[token t]\naccount = a\ntoken_path = /t\n[account a]\ntoken_request_url = https://h/t\nclient_id = i\n"
                        + "client_secret_file = " + value + "\n")) {
            List<ConfigError> problems = Texts.read(text).problems();
            assertEquals(1, problems.size(), text);
            assertTrue(problems.get(0).text().contains(reason), problems.get(0).text());
        }
    }

    @Test
    void aCertificateMayBeADirectory(@TempDir Path directory) throws Exception {
        String text = "[token t]\naccount = a\ntoken_path = /t\n[account a]\npassword_file = /a\nca_file = ";
        assertEquals(List.of(), Texts.read(text + directory + "\n").problems());
        assertEquals(1, Texts.read(text + "certificates\n").problems().size());
    }

    @Test
    void aHashInsideAPathIsPartOfIt() throws Exception {
        Config config = Texts.read("[account a]\npassword_file = /a\n[token t]\naccount = a\ntoken_path = /x#y;z\n");
        assertEquals("/x#y;z", config.tokens().get(0).place());
    }
}

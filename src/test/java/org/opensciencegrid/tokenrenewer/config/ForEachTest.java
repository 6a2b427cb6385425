package org.opensciencegrid.tokenrenewer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One section for many tokens: {@code for_each}. */
class ForEachTest {
    private static final String ACCOUNT = "[account a]\npassword_file = /a.pw\n"; // lines 1 and 2
    private static final String CE = ACCOUNT + "[token ce]\naccount = a\n"; // lines 3 and 4

    private static List<String> names(Config config) {
        return config.tokens().stream().map(TokenSection::name).toList();
    }

    private static List<String> faulty(Config config) {
        return config.faultyTokens().stream().map(InvalidToken::name).toList();
    }

    @Test
    void eachWordMakesAToken() throws Exception {
        Config config = Texts.read(CE + "for_each = ce1.example.org:9619\n\n  ce2.example.org:9619 ce3%%\n"
                + "token_path = /t/%(name)s.%(each)s.token\naudience = %(each)s https://%(each)s/\n"
                + "post_renewal = /bin/hook %(each)s\n");
        assertEquals(List.of(), config.problems());
        assertEquals(List.of(), config.warnings());
        assertEquals(List.of("ce@ce1.example.org:9619", "ce@ce2.example.org:9619", "ce@ce3%"), names(config));
        TokenSection second = config.tokens().get(1);
        assertEquals("ce", second.section());
        assertEquals(Optional.of("ce2.example.org:9619"), second.each());
        assertEquals(3, second.line());
        assertEquals("/t/ce.ce2.example.org:9619.token", second.place());
        assertEquals(List.of("ce2.example.org:9619", "https://ce2.example.org:9619/"), second.audience());
        assertEquals(
                List.of("/bin/hook", "ce2.example.org:9619"),
                second.postRenewal().orElseThrow().command());
        assertEquals(List.of("ce3%", "https://ce3%/"), config.tokens().get(2).audience());
    }

    @Test
    void eachTokenIsExchangedForItsWord() throws Exception {
        Config config = Texts.read(CE + "for_each = x.example.org y.example.org\ntoken_path = /t/%(each)s\n"
                + "exchange = yes\nexchange_resource = https://%(each)s/\n");
        assertEquals(List.of(), config.problems());
        assertEquals(
                Optional.of(List.of("https://y.example.org/")),
                config.tokens().get(1).exchange());
    }

    @Test
    void theListCanBeInAnotherOptionAndInDefault() throws Exception {
        Config config = Texts.read("[DEFAULT]\nces = x\n  y\nfor_each = %(ces)s z\naccount = a\n"
                + "dir = /t/%(each)s\ntoken_path = %(dir)s.%(name)s\n" + ACCOUNT + "[token r]\n[token w]\n");
        assertEquals(List.of("r@x", "r@y", "r@z", "w@x", "w@y", "w@z"), names(config));
        assertEquals("/t/z.w", config.tokens().get(5).place());
    }

    @Test
    void aSectionWithoutItHasNoWord() throws Exception {
        Config config = Texts.read(CE + "token_path = /t\n");
        assertEquals(Optional.empty(), config.tokens().get(0).each());
        assertEquals(
                List.of("5: Config section [token ce]: token_path: %(each)s refers to an option that is neither in this"
                        + " section nor in [DEFAULT]"),
                Texts.problems(CE + "token_path = /t/%(each)s\n"));
        assertEquals(
                List.of("ce"),
                names(Texts.read(CE + "each = 1\ntoken_path = /t/%(each)s\n")),
                "an option of this name");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "for_each =|/t/%(each)s|5|for_each has no words; write at least one, or remove the line of for_each",
                "for_each = %(each)s|/t/%(each)s|5|for_each: %(each)s refers to an option that is neither",
                "for_each = x y|/t/ce|6|token_path has no %(each)s, so all tokens of for_each would have the same file;"
                        + " write for example token_path = /etc/osg/tokens/ce.%(each)s.token",
                "for_each = x|/t/ce|6|token_path has no %(each)s",
                "for_each = x y|/t/%(other)s|6|token_path: %(other)s refers to an option that is neither",
            })
    void aMistakeOfTheSectionIsReportedOnce(String list, String path, int line, String text) throws Exception {
        List<String> problems = Texts.problems(CE + list + "\ntoken_path = " + path + "\n");
        assertEquals(1, problems.size(), problems.toString());
        assertTrue(problems.get(0).contains(text), problems.toString());
        assertTrue(
                problems.get(0).startsWith(line + ": Config section [token ce]: "), "its line: " + problems.toString());
    }

    @Test
    void eachTokenNeedsItsOwnKeyOfASecret() throws Exception {
        String ce = CE + "for_each = x y\ntoken_path = /t/%(each)s\ntoken_secret = ";
        assertEquals(List.of(), Texts.problems(ce + "s#%(each)s\n"));
        assertEquals(List.of(), Texts.problems(ce + "s-%(each)s\n"));
        assertEquals(
                List.of("7: Config section [token ce]: token_secret has no %(each)s, so all tokens of for_each would"
                        + " have the same key; write for example token_secret = s#%(each)s"),
                Texts.problems(ce + "s\n"));
        List<String> port = Texts.problems(ce.replace("x y", "x.example.org:9619 y.example.org:9619") + "s#%(each)s\n");
        assertEquals(2, port.size());
        assertEquals(
                "7: Config section [token ce@x.example.org:9619]: token_secret 's#x.example.org:9619' has a ':', which"
                        + " Kubernetes does not allow; write only hosts in for_each, and for example audience ="
                        + " %(each)s:9619",
                port.get(0));
        assertEquals(
                List.of("ce@x", "ce@y"),
                names(Texts.read(
                        ce + "s#%(each)s\n[token other]\naccount = a\ntoken_path = /o\ntoken_secret = s#y\n")));
    }

    @Test
    void aMistakeInAnotherOptionIsReportedOnce() throws Exception {
        Config config = Texts.read(CE + "for_each = x y z\ntoken_path = /t/%(each)s\nmin_lifetime = 10m\nscop = s\n");
        assertEquals(
                List.of(new ConfigError(7, "Config section [token ce]: min_lifetime '10m' is not a number of seconds")),
                config.problems());
        assertEquals(List.of("ce@x", "ce@y", "ce@z"), faulty(config));
        assertEquals(config.problems(), config.faultyTokens().get(2).problems());
        assertEquals(1, config.warnings().size(), "the unknown option");
        assertEquals(
                List.of("3: Config section [token ce]: missing 'account' attribute"),
                Texts.problems(ACCOUNT + "[token ce]\nfor_each = x y\ntoken_path = /t/%(each)s\n"));
        assertEquals(
                List.of("ce@x", "ce@y"),
                faulty(Texts.read(CE + "for_each = x y\ntoken_path = /t/%(each)s\n[token ce]\n")),
                "section twice");
        assertEquals(
                List.of("ce@x", "ce@y"),
                faulty(Texts.read(CE.replace("/a.pw", "a.pw") + "for_each = x y\ntoken_path = /t/%(each)s\n")),
                "its account");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "https://ce1/|'https://ce1/' in for_each has a '/', which a file name cannot have; write only host and"
                        + " port there, and for example audience = https://%(each)s/",
                "../../etc/passwd|has a '/'",
                "..|'..' in for_each is not a file name",
                ".|'.' in for_each is not a file name",
                "y,|'y,' in for_each has a comma; separate the words with spaces",
                "y,z|has a comma"
            })
    void aWordThatIsNoFileNameStopsOnlyItsToken(String word, String text) throws Exception {
        Config config = Texts.read(CE + "for_each = x\n  " + word + " z\ntoken_path = /t/%(each)s.t\n");
        assertEquals(List.of("ce@x", "ce@z"), names(config));
        assertEquals(List.of("ce@" + word), faulty(config));
        ConfigError problem = config.problems().get(0);
        assertEquals(6, problem.line(), "the line of the word");
        assertTrue(problem.text().startsWith("Config section [token ce]: '" + word + "' in for_each "), problem.text());
        assertTrue(problem.text().contains(text), problem.text());
        assertEquals(1, config.problems().size(), config.problems().toString());
    }

    @Test
    void aNameIsNotTooLong() throws Exception {
        Config config =
                Texts.read(CE + "for_each = x " + "y".repeat(98) + " " + "z".repeat(97) + "\ntoken_path = /%(each)s\n");
        assertEquals(2, config.tokens().size());
        assertTrue(config.problems().get(0).text().endsWith("NAME@WORD has at most 100 characters"));
    }

    @Test
    void aPathOfOneTokenStopsOnlyItsToken() throws Exception {
        Config config = Texts.read(CE + "for_each = etc x\ntoken_path = /%(each)s\n");
        assertEquals(List.of("ce@x"), names(config));
        assertEquals(
                List.of(new ConfigError(
                        6, "Config section [token ce@etc]: token_path '/etc' is a directory; name a file in it")),
                config.problems());
        assertEquals(
                List.of("6: Config section [token ce@a.pw]: token_path is the password_file of [account a]; name a file"
                        + " of its own, such as /srv/tokens/ce.%(each)s.token"),
                Texts.problems(CE + "for_each = a.pw x\ntoken_path = /%(each)s\n"));
    }

    @Test
    void twoTokensCannotHaveOneFile() throws Exception {
        Config config = Texts.read(CE + "for_each = x y\ntoken_path = /t/%(each)s/../z\n");
        assertEquals(List.of("ce@x"), names(config));
        assertEquals(
                List.of(new ConfigError(
                        6,
                        "Config section [token ce@y]: token_path is also that of the token 'ce@x'; write for example"
                                + " token_path = /etc/osg/tokens/ce.%(each)s.token")),
                config.problems());
        String other = "[token o]\naccount = a\ntoken_path = /t/y\n";
        assertEquals(
                List.of("7: Config section [token o]: token_path is also that of [token ce@y] (line 3); the last one"
                        + " wins"),
                Texts.warnings(CE + "for_each = x y\ntoken_path = /t/%(each)s\n" + other));
    }

    @Test
    void aWordThatIsThereTwiceIsOneToken() throws Exception {
        String text = CE + "for_each = x y x x\ntoken_path = /t/%(each)s\n";
        assertEquals(List.of("ce@x", "ce@y"), names(Texts.read(text)));
        assertEquals(
                List.of("5: Config section [token ce]: for_each has 'x' more than once; there is one token for it"),
                Texts.warnings(text));
    }

    @Test
    void twoSectionsCannotDescribeOneToken() throws Exception {
        String list = CE + "for_each = x y\ntoken_path = /t/%(each)s\n";
        String plain = "[token ce@x]\naccount = a\ntoken_path = /p\n";
        Config config = Texts.read(list + plain);
        assertEquals(List.of("ce@y", "ce@x"), names(config));
        assertEquals(Optional.empty(), config.tokens().get(1).each());
        assertEquals(
                List.of(new ConfigError(
                        5,
                        "Config section [token ce]: for_each makes a token 'ce@x', and the section in line 7 too; rename"
                                + " one of the two sections")),
                config.problems());
        config = Texts.read(ACCOUNT + plain + list.substring(ACCOUNT.length()));
        assertEquals(List.of("ce@x", "ce@y"), names(config));
        assertEquals(1, config.problems().size());
        config = Texts.read(list + "[token ce@x]\naccount = a\nfor_each = z\ntoken_path = /p/%(each)s\n");
        assertEquals(List.of("ce@y", "ce@x@z"), names(config), "not even if it makes other tokens");
        assertEquals(1, config.problems().size());
    }

    @Test
    void aMisspelledOptionGetsASuggestion() throws Exception {
        assertEquals(
                List.of("5: Config section [token ce]: unknown option 'foreach' is ignored (did you mean 'for_each'?)"),
                Texts.warnings(CE + "foreach = x\ntoken_path = /t\n"));
        assertEquals(
                List.of("6: Config section [token ce]: the line is indented, so 'scope' here is a part of the value of"
                        + " 'for_each' above"),
                Texts.warnings(CE + "for_each = x\n  scope\ntoken_path = /t/%(each)s\n"));
    }

    @Test
    void manyWordsAreReadQuickly() throws Exception {
        String words = IntStream.range(0, 20_000).mapToObj(i -> "ce" + i).collect(Collectors.joining("\n  "));
        String text = CE + "for_each = " + words + "\ntoken_path = /t/%(each)s\naudience = %(each)s\n";
        Config config = assertTimeout(Duration.ofSeconds(30), () -> Texts.read(text));
        assertEquals(20_000, config.tokens().size());
        Config wrong = assertTimeout(Duration.ofSeconds(30), () -> Texts.read(text + "min_lifetime = x\n"));
        assertEquals(1, wrong.problems().size());
    }
}

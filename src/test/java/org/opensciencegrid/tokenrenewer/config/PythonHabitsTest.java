package org.opensciencegrid.tokenrenewer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How configparser reads files, one feature for each test, with the lines and messages of its errors. */
class PythonHabitsTest {
    private static final String TOKEN = "[token t]\naccount = a\ntoken_path = /t\n";

    @Test
    void optionsInAnyCase() throws Exception {
        assertEquals("/x", passwordFile("[account a]\nPassword_File = /x\n"));
    }

    @Test
    void sectionsInOneCase() throws Exception {
        assertEquals(
                List.of(
                        "1: Unrecognized config section 'Account a' (did you mean '[account a]'?)",
                        "3: Unrecognized config section 'default'",
                        "5: Config for [token t]: missing [account a] section"),
                Texts.problems("[Account a]\npassword_file = /x\n[default]\n" + TOKEN));
    }

    @Test
    void theFirstOfTheTwoDelimiters() throws Exception {
        assertEquals("b = c", clientId("[account a]\nclient_id: b = c\n"));
        assertEquals("b : c", clientId("[account a]\nclient_id=b : c\n"));
    }

    @Test
    void commentsAreWholeLines() throws Exception {
        assertEquals("/x ; pw # y", clientId("# one\n  ; two\n[account a] # hi\nclient_id = /x ; pw # y\n\t# three\n"));
        assertEquals(
                List.of("1: this line is in no section; first comes a line [account NAME] or [token NAME]"),
                Texts.problems("! note\nrem note\n"));
        assertEquals(
                List.of("3: neither a [section] nor an 'option = value'"),
                Texts.problems("[account a]\npassword_file = /p\nrem note\n"));
    }

    @Test
    void valuesAsTheyAre() throws Exception {
        assertEquals("\"/x\\n\\u0041 '${HOME}\"", clientId("[account a]\nclient_id = \"/x\\n\\u0041 '${HOME}\"\n"));
    }

    /** What ini4j's fetch() would replace: another option, endless recursion, a Java property, the environment. */
    @ParameterizedTest
    @ValueSource(strings = {"${token t/account}", "${account a/password_file}", "${@prop/user.name}", "${@env/PATH}"})
    void noSubstitutionByIni4j(String value) throws Exception {
        assertEquals(value, clientId("[account a]\nclient_id = " + value + "\n"));
    }

    @Test
    void anyLineEnd() throws Exception {
        assertEquals("/x", passwordFile("[account a]\r\npassword_file = /x\r\n"));
        assertEquals("/x", passwordFile("[account a]\rpassword_file = /x\r"));
        assertEquals("/x\u2028y", passwordFile("[account a]\npassword_file = /x\u2028y\n"));
    }

    @Test
    void aByteOrderMarkIsOneProblem() throws Exception {
        assertEquals(
                List.of("1: the file begins with a byte order mark; save it without one"),
                Texts.problems("\uFEFF[account a]\npassword_file = /x\n" + TOKEN));
    }

    @Test
    void anIndentedOptionContinuesTheValue() throws Exception {
        assertEquals(
                List.of("5: the line is indented, so it continues the value of 'password_file' above;"
                        + " let it begin where the line above begins"),
                sayings(Texts.problems("[account a]\npassword_file = /x\n# note\n\n  client_id = y\n" + TOKEN)));
    }

    @Test
    void anIndentedOptionInAListIsAPartOfIt() throws Exception {
        String text = TOKEN + "scope = a\n  Audience = x\n[account a]\npassword_file = /x\n";
        assertEquals(
                List.of("a", "Audience", "=", "x"),
                Texts.read(text).tokens().get(0).scope());
        assertEquals(
                List.of("5: the line is indented, so 'audience' here is a part of the value of 'scope' above"),
                sayings(Texts.warnings(text)));
    }

    @Test
    void aWholeSectionMayBeIndented() throws Exception {
        assertEquals("/x", passwordFile("  [account a]\n  password_file = /x\n  ca_file = /c\n"));
    }

    @Test
    void duplicates() throws Exception {
        assertEquals(
                List.of(
                        "3: option 'password_file' in section 'account a' already exists (line 2)",
                        "7: section 'account a' already exists (line 1)"),
                Texts.problems("[account a]\npassword_file = /x\nPASSWORD_FILE = /y\n" + TOKEN
                        + "[account a]\npassword_file = /z\n"));
        assertEquals(
                List.of("4: option 'x' in section 'DEFAULT' already exists (line 2)"),
                Texts.problems("[DEFAULT]\nx = 1\n[DEFAULT]\nx = 2\n"));
    }

    @Test
    void theSameNameWithOtherBlanksIsADuplicate() throws Exception {
        assertEquals(
                List.of(
                        "4: Config section [token t]: this section already exists (line 1)",
                        "7: Config section [account a]: this section already exists (line 5)"),
                Texts.problems(TOKEN + "[token  t]\n[account a]\npassword_file = /x\n[ account a ]\n"));
    }

    @Test
    void defaultIsInherited() throws Exception {
        assertEquals("/d", passwordFile("[DEFAULT]\npassword_file = /d\n[account a]\n[DEFAULT]\nca_file = /c\n"));
    }

    @Test
    void percent() throws Exception {
        assertEquals("/100%", passwordFile("[account a]\npassword_file = /100%%\n"));
        assertEquals("/d/x", passwordFile("[DEFAULT]\ndir = /d\n[account a]\npassword_file = %(DIR)s/x\n"));
        assertEquals("/x/a.pw", passwordFile("[account a]\nname = b\npassword_file = /x/%(name)s.pw\n"));
        assertEquals("/x", passwordFile("[account a]\npassword_file = /x\nother = %\n"));
    }

    @Test
    void percentInATokenNameMeansItself() throws Exception {
        Config config =
                Texts.read("[account a]\npassword_file = /x\n[token 5%%]\naccount = a\ntoken_path = /%(name)s\n");
        assertEquals("/5%%", config.tokens().get(0).place());
    }

    @Test
    void brokenReferences() throws Exception {
        assertEquals(
                List.of(
                        "2: password_file: a '%' that belongs to the value must be written '%%'",
                        "3: ca_file: %(nix)s refers to an option that is neither in this section nor in [DEFAULT]",
                        "4: client_auth: '%(' must be followed by an option and ')s'",
                        "5: audience_parameter: references like %(option)s lead to each other more than 10 deep"),
                sayings(Texts.problems("[account a]\npassword_file = /%h\nca_file = %(Nix)s\nclient_auth = %(x)\n"
                        + "audience_parameter = %(audience_parameter)s\n" + TOKEN)));
    }

    @Test
    void referencesCannotKeepUsBusy() throws Exception {
        String bomb = IntStream.range(0, 9)
                .mapToObj(i -> "b" + i + " = " + ("%(b" + (i + 1) + ")s").repeat(50) + "\n")
                .collect(Collectors.joining("", "[account a]\npassword_file = %(b0)s\n", "b9 =\n" + TOKEN));
        List<String> problems = assertTimeoutPreemptively(Duration.ofSeconds(10), () -> Texts.problems(bomb));
        assertEquals(
                List.of("2: password_file: references like %(option)s make the value too long"), sayings(problems));
    }

    @Test
    void aLongValueReferredToOftenCannotKeepUsBusy() throws Exception {
        String file = "[DEFAULT]\nx = 1" + "\n".repeat(1_000_000) + "[account a]\npassword_file = /"
                + "%(x)s".repeat(10_000) + "\n";
        assertEquals(
                "/" + "1".repeat(10_000), assertTimeoutPreemptively(Duration.ofSeconds(10), () -> passwordFile(file)));
    }

    @Test
    void aBracketInASectionName() throws Exception {
        String rule = "; write [TYPE NAME] and nothing after it";
        assertEquals(
                List.of(
                        "1: ']' in the section name 'account a]b'" + rule,
                        "3: ']' in the section name 'token t] # see [1'" + rule),
                Texts.problems("[account a]b]\npassword_file = /x\n[token t] # see [1]\n"));
    }

    @Test
    void twoWordsInASectionName() throws Exception {
        assertEquals("/x", passwordFile("[  account \t\u00a0 a ]\npassword_file = /x\n"));
        assertEquals(
                List.of(
                        "1: Unrecognized config section 'account' (did you mean '[account NAME]'?)",
                        "2: Unrecognized config section ' account a b'; write [account NAME], with a name that has no"
                                + " spaces in it",
                        "3: Unrecognized config section 'tokens t' (did you mean '[token t]'?)",
                        "4: Unrecognized config section ' '"),
                Texts.problems("[account]\n[ account a b]\n[tokens t]\n[ ]\n"));
    }

    @Test
    void sectionsThatAreNone() throws Exception {
        assertEquals(
                List.of(
                        "3: a section must be written [account NAME] or [token NAME]",
                        "4: there is no option name before '='"),
                Texts.problems("[account a]\npassword_file = /p\n[token t\n= x\n"));
        assertEquals(
                List.of("1: a section must be written [account NAME] or [token NAME]"),
                Texts.problems("[]\nx = 1\n[account a]\npassword_file = /p\n"));
    }

    @Test
    void syntaxAndMeaningAreReportedTogether() throws Exception {
        assertEquals(
                List.of(
                        "1: Config section [account a]: missing both 'password_file' and 'token_request_url' attributes",
                        "2: neither a [section] nor an 'option = value'",
                        "3: Config section [token t]: missing 'token_path' attribute",
                        "5: option 'account' in section 'token t' already exists (line 4)",
                        "6: Config section [token t]: min_lifetime '10m' is not a number of seconds",
                        "7: Unrecognized config section 'tokens u' (did you mean '[token u]'?)"),
                Texts.problems("""
                        [account a]
                        password_file
                        [token t]
                        account = a
                        account = b
                        min_lifetime = 10m
                        [tokens u]
                        """));
    }

    private static String clientId(String account) throws Exception {
        String others = "token_request_url = https://h/t\nclient_secret = s\n";
        ClientCredentialsAccount read = (ClientCredentialsAccount)
                Texts.read(account + others + TOKEN).accounts().get("a");
        return read.clientId();
    }

    private static String passwordFile(String account) throws Exception {
        StoredAccount read =
                (StoredAccount) Texts.read(account + TOKEN).accounts().get("a");
        return read.passwordFile().toString();
    }

    /** The findings without "Config section [...]: ". */
    private static List<String> sayings(List<String> findings) {
        return findings.stream()
                .map(finding -> finding.replaceFirst("Config section \\[[^]]*]: ", ""))
                .toList();
    }
}

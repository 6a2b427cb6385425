package org.opensciencegrid.tokenrenewer.config;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.config.ConfigAddition.NewSection;

class ConfigAdditionTest {
    private static final NewSection ACCOUNT = new NewSection("account", "acct", Map.of("password_file", "/p"));
    private static final NewSection TOKEN = new NewSection("token", "one", token("/one.token"));

    @TempDir
    Path directory;

    private static Map<String, String> token(String path) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("account", "acct");
        options.put("token_path", path);
        return options;
    }

    private Path file(String text) throws IOException {
        return Files.writeString(directory.resolve("config.ini"), text);
    }

    private ConfigAddition add(String text, NewSection... sections) throws IOException, ConfigException {
        return ConfigAddition.to(file(text), List.of(sections));
    }

    private String refused(String text, NewSection... sections) throws IOException {
        Path file = file(text);
        return assertThrows(ConfigException.class, () -> ConfigAddition.to(file, List.of(sections)))
                .getMessage();
    }

    @Test
    void aFileThatIsNotThereBegins() throws ConfigException {
        ConfigAddition addition = ConfigAddition.to(directory.resolve("config.ini"), List.of(ACCOUNT, TOKEN));
        assertEquals(Optional.empty(), addition.before());
        assertEquals(
                "[account acct]\n\npassword_file = /p\n\n[token one]\n\naccount = acct\ntoken_path = /one.token\n",
                addition.text());
        assertEquals("one", addition.after().tokens().get(0).name());
    }

    @Test
    void theFileThatIsThereComesFirst() throws Exception {
        String before = "# mine\n[account b]\npassword_file = /b\n";
        ConfigAddition addition = add(before, ACCOUNT);
        assertArrayEquals(before.getBytes(), addition.before().orElseThrow());
        assertEquals("\n[account acct]\n\npassword_file = /p\n", addition.text());
        assertEquals(List.of("b", "acct"), addition.after().unusedAccounts());
    }

    @Test
    void lineEndsAreThoseOfTheFile() throws Exception {
        assertTrue(add("# no end", ACCOUNT).text().startsWith("\n\n[account acct]\n"));
        String dos = add("# a\r\n# b", ACCOUNT).text();
        assertEquals("\r\n\r\n[account acct]\r\n\r\npassword_file = /p\r\n", dos);
    }

    /** Python's continuation lines, inherited options and unusual file endings must not absorb the addition. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "[token t]\naccount = acct\ntoken_path = /t\nscope = a\n  b\n\n",
                "[token t]\naccount = acct\ntoken_path = /t\nscope =\n      a",
                "  [token t]\n  account = acct\n  token_path = /t",
                "[DEFAULT]\nmin_lifetime = 60\npassword_file = /other\n",
                "# only a comment",
                "\n\n",
                ""
            })
    void whateverTheFileEndsWithItIsReadAsMeant(String before) throws Exception {
        ConfigAddition addition = add(before, ACCOUNT, TOKEN);
        StoredAccount account = (StoredAccount) addition.after().accounts().get("acct");
        assertEquals(Path.of("/p"), account.passwordFile());
        TokenSection token =
                addition.after().tokens().get(addition.after().tokens().size() - 1);
        assertEquals("one", token.name());
        assertEquals("/one.token", token.place());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/100%/a%%b/%(x)s", "/a b/c", "/a = b: c", "/#x;y", "/\u00e9\u4e2d", "/[x]"})
    void everyValueReadsBack(String value) throws Exception {
        ConfigAddition addition = add("", ACCOUNT, new NewSection("token", "one", token(value)));
        assertEquals(value, addition.after().tokens().get(0).place());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a\n[token two]", "/a\nscope = x", " /a", "/a ", "", "/a\u0007"})
    void aValueThatDoesNotIsRefused(String value) throws IOException {
        assertTrue(refused("", ACCOUNT, new NewSection("token", "one", token(value)))
                .contains("cannot be written so that it is read as meant"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", "a\n[token b]", ""})
    void soIsSuchAName(String name) throws IOException {
        assertTrue(refused("", ACCOUNT, new NewSection("token", name, token("/t")))
                .contains("cannot be written so that it is read as meant"));
    }

    @Test
    void aBracketWouldBeReadDifferentlyByOlderPythons() throws IOException {
        assertTrue(
                refused("", ACCOUNT, new NewSection("token", "a]", token("/t"))).contains("']' in the section name"));
    }

    @Test
    void whatIsThereAlreadyIsNotAddedAgain() throws Exception {
        String both = "[account  acct]\npassword_file: /p\nca_file = /ca\n[token one]\naccount = acct\n"
                + "token_path = %(account)s\n";
        assertEquals(
                "",
                add(both, ACCOUNT, new NewSection("token", "one", token("acct")))
                        .text());
        String account = "[account acct]\npassword_file = /p\n";
        assertFalse(add(account, ACCOUNT, TOKEN).text().contains("[account"));
    }

    @Test
    void wordsAreComparedAsWords() throws Exception {
        Map<String, String> options = token("/t");
        options.put("audience", "a b");
        String there =
                "[account acct]\npassword_file = /p\n[token one]\naccount = acct\ntoken_path = /t\naudience = a\n  b\n";
        assertEquals(
                "", add(there, ACCOUNT, new NewSection("token", "one", options)).text());
    }

    @Test
    void anotherValueIsRefusedWithItsLineAndWithoutTheValue() throws IOException {
        String message = refused("# x\n[account acct]\nclient_secret = s3cret\n", ACCOUNT);
        assertTrue(
                message.endsWith("config.ini:2: [account acct] is there already, and has no password_file;"
                        + " change it by hand, or remove it and run this again"),
                message);
        String other = refused(
                "[account acct]\npassword_file = /q\n[token one]\naccount = b\ntoken_path = /z\n", ACCOUNT, TOKEN);
        assertEquals(3, other.lines().count(), other);
        assertFalse(other.contains("/q") || other.contains("/z"), other);
    }

    @Test
    void aFileThatCannotBeUsedIsRefused() throws Exception {
        assertTrue(refused("nonsense\n", ACCOUNT).contains("config.ini:1"));
        assertTrue(
                refused("", ACCOUNT, new NewSection("token", "one", token("x"))).contains("not an absolute path"));
        // ... but not one with a mistake in another section
        assertEquals(
                1,
                add("[token t]\naccount = x\ntoken_path = /t\n", ACCOUNT)
                        .after()
                        .problems()
                        .size());
        // ... but not a token that only lacks this account
        ConfigAddition addition = add("[token t]\naccount = acct\ntoken_path = /t\n", ACCOUNT);
        assertTrue(addition.after().accounts().containsKey("acct"));
    }
}

package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.cli.output.Colors;
import org.opensciencegrid.tokenrenewer.cli.output.Messages;
import org.opensciencegrid.tokenrenewer.cli.output.ShellQuote;
import org.opensciencegrid.tokenrenewer.cli.output.StatusHtml;
import org.opensciencegrid.tokenrenewer.cli.output.StatusTable;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** Reads the page of {@code status --html} as XML. */
class StatusHtmlTest {
    @TempDir
    Path directory;

    private Session session;
    private Program program;

    @BeforeEach
    void site() {
        session = new Session(directory);
        program = session.program;
        assertEquals(
                0, program.setup("--scope=openid offline_access compute.read").status());
    }

    @AfterEach
    void stop() {
        session.close();
    }

    private static Document parse(String page) throws Exception {
        assertTrue(page.startsWith("<!DOCTYPE html>\n"), page);
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        return factory.newDocumentBuilder().parse(new InputSource(new StringReader(page)));
    }

    private static List<Element> elements(Document page, String tag) {
        NodeList found = page.getElementsByTagName(tag);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            elements.add((Element) found.item(i));
        }
        return elements;
    }

    private static List<String> texts(Document page, String tag) {
        return elements(page, tag).stream()
                .map(element -> element.getTextContent().strip())
                .toList();
    }

    /** A site with tokens in every state, and a mistake in the config file. */
    private void manyStates() {
        program.secret("dead.pw", "dead");
        program.config("""
                [DEFAULT]
                owner = grid operations
                [account acct]
                password_file = DIR/acct.pw
                [account dead]
                password_file = DIR/dead.pw
                [token good]
                account = acct
                token_path = DIR/good.token
                [token narrow]
                account = acct
                token_path = DIR/narrow.token
                scope = compute.read
                audience = https://ce.example.org:9619
                [token pushed]
                account = acct
                token_path = DIR/pushed.token
                post_renewal = /bin/false
                [token none]
                account = dead
                token_path = DIR/none.token
                [token faulty]
                account = acct
                """);
        program.run("renew");
        program.clock.advance(Duration.ofSeconds(150));
    }

    @Test
    void everyTokenAndEveryFixIsInIt() throws Exception {
        manyStates();
        Result result = program.run("status", "--html");
        assertEquals("", result.err());
        assertEquals(program.run("status").status(), result.status());
        Document page = parse(result.out());
        List<String> names = texts(page, "th");
        for (String token : List.of("good", "narrow", "pushed", "none", "acct", "dead")) {
            assertTrue(names.contains(token), token + " in " + names);
        }
        Set<String> commands = new TreeSet<>();
        Map<String, Object> json =
                Json.object(program.run("status", "--json").out()).orElseThrow();
        commands(json, commands);
        assertFalse(commands.isEmpty());
        List<String> shown = texts(page, "code");
        assertTrue(shown.containsAll(commands), commands + " in " + shown);
        assertEquals(new TreeSet<>(shown).size(), shown.size(), "40 failing tokens do not repeat it: " + shown);
        String text = page.getDocumentElement().getTextContent();
        assertTrue(text.contains("mistake in the config file"), text);
        assertTrue(text.contains("missing 'token_path' attribute"), text);
        assertTrue(text.contains("grid operations"), text);
        for (String secret : program.issuer.secrets()) {
            assertFalse(result.out().contains(secret));
        }
        Set<String> ids = new TreeSet<>();
        elements(page, "article").forEach(problem -> ids.add("#" + problem.getAttribute("id")));
        for (Element link : elements(page, "a")) {
            assertTrue(ids.contains(link.getAttribute("href")), link.getAttribute("href"));
        }
    }

    private static void commands(Object json, Set<String> found) {
        if (json instanceof Map<?, ?> map) {
            if (map.get("command") instanceof List<?> words) {
                found.add(ShellQuote.line(words.stream().map(Object::toString).toList()));
            }
            map.values().forEach(value -> commands(value, found));
        } else if (json instanceof List<?> list) {
            list.forEach(value -> commands(value, found));
        }
    }

    /** No script, no style from elsewhere, no picture: it is a file that can be mailed. */
    @Test
    void itNeedsNothingFromElsewhere() throws Exception {
        manyStates();
        String out = program.run("status", "--html").out();
        Document page = parse(out);
        for (String tag : List.of("script", "link", "img", "iframe", "object", "form", "base")) {
            assertEquals(List.of(), elements(page, tag), tag);
        }
        for (Element element : elements(page, "*")) {
            for (int i = 0; i < element.getAttributes().getLength(); i++) {
                String name = element.getAttributes().item(i).getNodeName();
                assertFalse(name.startsWith("on") || name.equals("src") || name.equals("style"), name);
            }
        }
        String style = texts(page, "style").get(0);
        assertFalse(style.contains("url(") || style.contains("@import"), style);
        assertTrue(style.contains("prefers-color-scheme: dark"));
        assertTrue(out.contains("default-src 'none'"));
        assertTrue(out.contains("width=device-width"));
    }

    @Test
    void hostileTextStaysText() throws Exception {
        String name = "<script>alert(1)</script>\"'&amp;\u202e".replace("/", "");
        program.config("[account acct]\npassword_file = DIR/acct.pw\nowner = </td><b>x</b> & \"y\" 'z'\n"
                + Program.tokenSection(name, "acct", "DIR/one.token"));
        program.issuer.fault(Fault.on("/token")
                .always()
                .respond(
                        400,
                        "application/json",
                        "{\"error\":\"invalid_grant\",\"error_description\":\"</p><img src=x onerror=alert(1)>\"}"));
        assertEquals(1, program.run("renew").status());
        String out = program.run("status", "--html").out();
        Document page = parse(out);
        assertEquals(List.of(), elements(page, "script"));
        assertEquals(List.of(), elements(page, "b"));
        assertEquals(List.of(), elements(page, "img"));
        assertTrue(
                texts(page, "th").contains(name.replace("\u202e", "\\x202E")),
                texts(page, "th").toString());
        assertTrue(
                texts(page, "td").contains("</td><b>x</b> & \"y\" 'z'"),
                texts(page, "td").toString());
        assertTrue(page.getDocumentElement().getTextContent().contains("<img src=x onerror=alert(1)>"), out);
        assertFalse(out.contains("\u202e"));
    }

    @Test
    void aSiteWithoutTokens() throws Exception {
        program.config("");
        Document page = parse(program.run("status", "--html").out());
        assertEquals(List.of(), elements(page, "table"));
        assertNotNull(page.getDocumentElement());
    }

    @Test
    void theWholeFile() throws IOException {
        manyStates();
        StatusTable table =
                new StatusTable(new Messages(Host.COMMANDS), Host.COMMANDS, Colors.NONE, AccountState.SOON, false);
        String page = new StatusHtml(table, "ap1.example.org").of(new Host(session).report());
        Golden.hold("status.html", session.stable(page));
    }

    @Test
    void itIsNotCombined() {
        for (String other : List.of("--json", "--ics", "--watch", "--long", "--account=acct", "one")) {
            assertEquals(2, program.run("status", "--html", other).status(), other);
        }
    }
}

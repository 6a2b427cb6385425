package org.opensciencegrid.tokenrenewer.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.zxing.ReaderException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QrPictureTest {
    private static final String QUERY = "https://issuer.example.org/device?user_code=";

    /** Links of real issuers: with the text above and the waiting line below, they must fit a terminal of 24 lines. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://a.org/d",
                "https://www.google.com/device",
                "https://cilogon.org/device/?user_code=J3X-QMT-4KH",
                "https://wlcg.cloud.cnaf.infn.it/device?user_code=MPLRMV",
                "https://login.helmholtz.de/oauth2/oauth2/device?user_code=MPLR-MVLJ",
                "https://aai.egi.eu/auth/realms/egi/device?user_code=MPLR-MVLJ"
            })
    void theLinksOfOurIssuersScanAndFit(String link) throws ReaderException {
        List<String> lines = QrPicture.of(link).orElseThrow();
        assertEquals(link, QrReader.read(lines));
        assertTrue(lines.size() <= 20, lines.size() + " lines"); // two lines of text, the link, the waiting line
        assertTrue(lines.stream().allMatch(line -> line.length() == lines.get(0).length()));
    }

    /** Four light modules on each side, and three above. */
    @Test
    void theQuietZoneIsThere() {
        List<String> lines = QrPicture.of(QUERY).orElseThrow();
        String light = "█".repeat(lines.get(0).length());
        assertEquals(light, lines.get(0));
        assertTrue(lines.get(1).matches("[█▀]+"), "the first row of the code is the lower half");
        assertEquals(light, lines.get(lines.size() - 2));
        assertEquals(light, lines.get(lines.size() - 1));
        assertTrue(lines.stream().allMatch(line -> line.startsWith("████") && line.endsWith("████")));
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 60, 100, 150, 200, 250, 300, 380})
    void longLinksScan(int more) throws ReaderException {
        String link = QUERY + "x".repeat(more);
        List<String> lines = QrPicture.of(link).orElseThrow();
        assertEquals(link, QrReader.read(lines));
        assertTrue(lines.get(0).length() <= 80);
    }

    @Test
    void whatIsWiderThanATerminalIsNotDrawn() {
        assertEquals(Optional.empty(), QrPicture.of(QUERY + "x".repeat(400)));
        assertEquals(Optional.empty(), QrPicture.of(QUERY + "x".repeat(10_000)));
    }

    @Test
    void colorsAreNoPartOfIt() throws ReaderException {
        List<String> lines = QrPicture.of(QUERY).orElseThrow().stream()
                .map(QrPicture::onBlack)
                .toList();
        assertTrue(lines.get(0).startsWith("\u001b[40;37;1m█") && lines.get(0).endsWith("█\u001b[0m"));
        assertEquals(QUERY, QrReader.read(lines));
    }
}

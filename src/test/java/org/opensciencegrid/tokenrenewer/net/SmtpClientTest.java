package org.opensciencegrid.tokenrenewer.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.fixture.MailServer;

class SmtpClientTest {
    private MailServer server;

    @BeforeEach
    void start() throws IOException {
        server = new MailServer();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private SmtpClient connect(Duration time) throws IOException {
        String[] parts = server.relay().split(":");
        return SmtpClient.connect(parts[0], Integer.parseInt(parts[1]), "ap1.example.org", time);
    }

    private void send(String from, String to, String message) throws IOException {
        try (SmtpClient client = connect(Duration.ofSeconds(5))) {
            client.envelope(from, to);
            client.send(message);
        }
    }

    /** RFC 5321 section 4.5.2. */
    @Test
    void nothingInAMessageEndsIt() throws IOException {
        String text = ".\n..\n.x\nQUIT\n\n.";
        send("a@example.org", "b@example.org", "Subject: x\n\n" + text);
        assertEquals(List.of(), server.violations());
        assertEquals(1, server.mails().size());
        assertEquals(text + "\n", server.mails().get(0).text());
    }

    @Test
    void noAddressIsACommand() {
        for (String address : List.of("a@b>\r\nRCPT TO:<c@d", "a b@c", "a@b\n", "\u00e9@b", "<a@b")) {
            assertThrows(IOException.class, () -> send(address, "b@example.org", "Subject: x\n\nx"), address);
            assertThrows(IOException.class, () -> send("b@example.org", address, "Subject: x\n\nx"), address);
        }
        assertEquals(List.of(), server.violations());
        assertEquals(List.of(), server.mails());
    }

    @Test
    void aSilentServerIsLeftInTime() {
        server.manner = MailServer.Manner.SILENT;
        long began = System.nanoTime();
        IOException e = assertThrows(IOException.class, () -> connect(Duration.ofSeconds(1)));
        assertTrue(Duration.ofNanos(System.nanoTime() - began).toMillis() < 5000);
        assertTrue(e.getMessage().contains("the relay 127.0.0.1:"), e.getMessage());
    }

    /** The relay has the message, so this is no failure to deliver it. */
    @Test
    void aMissingAnswerToAMessageIsNoRejection() throws IOException {
        server.manner = MailServer.Manner.SLOW;
        try (SmtpClient client = connect(Duration.ofSeconds(1))) {
            client.envelope("a@example.org", "b@example.org");
            assertThrows(SmtpClient.NoAnswerException.class, () -> client.send("Subject: x\n\nx"));
        }
        assertEquals(1, server.mails().size());
        server.manner = MailServer.Manner.REJECTS_MESSAGES;
        IOException e =
                assertThrows(IOException.class, () -> send("a@example.org", "b@example.org", "Subject: x\n\nx"));
        assertEquals(IOException.class, e.getClass());
    }

    /** It would fill the memory. */
    @Test
    void anEndlessAnswerIsNotRead() throws IOException {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            RawServer.inBackground(() -> {
                OutputStream out = listener.accept().getOutputStream();
                while (true) {
                    RawServer.write(out, "220-more\r\n".repeat(100));
                }
            });
            IOException e = assertThrows(
                    IOException.class,
                    () -> SmtpClient.connect(
                            "127.0.0.1", listener.getLocalPort(), "ap1.example.org", Duration.ofSeconds(10)));
            assertTrue(e.getMessage().contains("more bytes than are read"), e.getMessage());
        }
    }
}

package org.opensciencegrid.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Runs an issuer for manual tests: {@code EmbeddedIssuerMain PORT DIR [SUBJECT]}. See docs/developer/embedded-issuer.md. */
public final class EmbeddedIssuerMain {
    private static final String SERVICE = "service";
    private static final String SECRET = "service-secret";

    private EmbeddedIssuerMain() {}

    /**
     * Port 0 selects a free one. The client must trust DIR/ca.pem. SUBJECT approves every device code automatically.
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length < 2 || args.length > 3) {
            System.err.println("usage: EmbeddedIssuerMain PORT DIR [SUBJECT]");
            System.exit(2);
        }
        TestCa ca = new TestCa();
        Path caFile = Files.createDirectories(Path.of(args[1])).resolve("ca.pem");
        ca.writeCaPem(caFile);
        EmbeddedIssuer issuer = EmbeddedIssuer.builder()
                .port(Integer.parseInt(args[0]))
                .tls(ca.serverContext())
                .start();
        if (args.length == 3) {
            issuer.approveAutomatically(args[2]);
        }
        issuer.addClient(
                SERVICE, SECRET, "client_secret_basic", List.of(Policy.CLIENT_CREDENTIALS), List.of("compute.read"));
        Runtime.getRuntime().addShutdownHook(new Thread(issuer::close));
        System.out.println("Issuer:       " + issuer.issuer());
        System.out.println("Approve at:   " + issuer.base() + "/device");
        System.out.println("CA to trust:  " + caFile.toAbsolutePath());
        System.out.println("Client:       " + SERVICE + ", secret " + SECRET + ", client credentials alone");
        System.out.println("Ends with Ctrl-C.");
        int printed = 0;
        int reuses = 0;
        while (true) {
            Thread.sleep(200);
            var violations = issuer.violations();
            for (; printed < violations.size(); printed++) {
                System.out.println("violation:    " + violations.get(printed));
            }
            for (; reuses < issuer.reuses(); reuses++) {
                System.out.println("reuse:        a refresh token came again after its rotation");
            }
        }
    }
}

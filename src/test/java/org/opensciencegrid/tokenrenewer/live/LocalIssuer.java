package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.opensciencegrid.testkit.TestCa;

/** An issuer on this machine, with a certificate of the test's CA. */
abstract class LocalIssuer implements LiveIssuer {
    /** Of the key store. */
    static final String PASSWORD = "changeit";

    /**
     * Id and secret contain characters that Basic authentication must encode, and '%', which config.ini must double.
     */
    static final Predefined CONFIDENTIAL =
            new Predefined("manual:client", Optional.of("50%+/: of a secret-0123456789"));

    static final Predefined PUBLIC = new Predefined("public", Optional.empty());
    static final Predefined SERVICE = new Predefined("service", Optional.of("100%-service-secret-0123456789"));
    static final Predefined HASTY = new Predefined("hasty", Optional.of("hasty-secret-0123456789"));
    static final Predefined WITHOUT_REFRESH = new Predefined("no-refresh", Optional.of("no-refresh-secret-0123456789"));

    private static final AtomicInteger FILES = new AtomicInteger();

    final TestCa ca = new TestCa();
    final Path directory;
    private final Path caFile;

    LocalIssuer(Path directory) {
        this.directory = directory;
        caFile = newFile("ca", ".pem");
        ca.writeCaPem(caFile);
    }

    /** A new file, because several issuers may share the directory. */
    final Path newFile(String prefix, String suffix) {
        return directory.resolve(prefix + FILES.incrementAndGet() + suffix);
    }

    /** A PKCS #12 file with the key and the certificate of localhost. */
    final Path keyStore() {
        Path file = newFile("keys", ".p12");
        ca.writeServerKeyStore(file, PASSWORD);
        return file;
    }

    @Override
    public final Path caFile() {
        return caFile;
    }

    @Override
    public final Browser browser() {
        return new Browser(ca.clientContext());
    }

    @Override
    public Predefined client(Role role) {
        return switch (role) {
            case CONFIDENTIAL -> CONFIDENTIAL;
            case PUBLIC -> PUBLIC;
            case SERVICE -> SERVICE;
            case HASTY -> HASTY;
            case WITHOUT_REFRESH -> WITHOUT_REFRESH;
        };
    }

    @Override
    public List<String> scope() {
        return List.of("openid", "offline_access", "compute.read", "compute.create");
    }

    @Override
    public String narrowScope() {
        return "compute.read";
    }
}

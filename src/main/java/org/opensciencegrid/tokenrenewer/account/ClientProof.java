package org.opensciencegrid.tokenrenewer.account;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.RegularFile;
import org.opensciencegrid.cryptostore.SecretContent;
import org.opensciencegrid.tokenrenewer.config.ClientFiles;
import org.opensciencegrid.tokenrenewer.config.TlsFiles;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.ClientCertificate;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.net.TrustStore;
import org.opensciencegrid.tokenrenewer.oidc.AssertionAudience;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAssertion;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.ClientKeys;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.util.BearerToken;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Makes the assertions of a client that authenticates with them. Reads its files each time, because another program or
 * an admin may replace them. Loaded only for such clients.
 */
public final class ClientProof {
    private static final int MIN_SECRET_BYTES = 32;
    private static final int MAX_CHAIN_BYTES = 1 << 18;
    private static final Pattern CERTIFICATE =
            Pattern.compile("-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----");

    private final String account;
    private final ClientFiles files;
    private final Passwords passwords;
    private final Clock clock;

    /** @param passwords has systemd's credentials directory, in which {@code ACCOUNT.key} replaces the key file */
    public ClientProof(String account, ClientFiles files, Passwords passwords, Clock clock) {
        this.account = account;
        this.files = files;
        this.passwords = passwords;
        this.clock = clock;
    }

    /**
     * The client with what makes its assertions; unchanged if it needs none.
     *
     * @param issuer empty if only the token endpoint is known
     */
    public Client complete(Client client, Optional<String> issuer, URI tokenEndpoint) throws FailureException {
        if (client.auth().usesCertificate()) {
            certificate(); // fails before a connection that would fail
            return client;
        } else if (!client.auth().usesAssertion()) {
            return client;
        }
        if (client.auth() == ClientAuth.PRIVATE_KEY_JWT && files.assertion().isPresent()) {
            Path file = files.assertion().get();
            return client.with(
                    ClientAssertion.existing(assertion(file, clock.instant()), () -> presentAssertion(file)));
        }
        String audience = files.audience().orElse(AssertionAudience.ISSUER) == AssertionAudience.ISSUER
                ? issuer.orElse(tokenEndpoint.toString())
                : tokenEndpoint.toString();
        if (client.auth() == ClientAuth.CLIENT_SECRET_JWT) {
            requireLong(client.secret().orElseThrow());
            return client.with(ClientKeys.assertion(client.secret().orElseThrow(), audience, clock));
        }
        if (files.key().isEmpty()) {
            throw new FailureException(new Failure(
                    Failure.Kind.CLIENT_KEY,
                    "",
                    "the client authenticates with a private key, and [account " + account
                            + "] has no client_key_file"));
        }
        return client.with(ownKeys(files.key().get()).assertion(audience, clock));
    }

    /** RFC 7518 section 3.2: HS256 needs a key of 256 bits. */
    private void requireLong(Secret secret) throws FailureException {
        if (secret.reveal().getBytes(StandardCharsets.UTF_8).length < MIN_SECRET_BYTES) {
            throw new FailureException(new Failure(
                    Failure.Kind.CONFIG_ERROR,
                    "",
                    "the client secret of " + account + " has fewer than " + MIN_SECRET_BYTES
                            + " characters, too few for client_auth = client_secret_jwt"));
        }
    }

    /** The certificate for TLS connections. */
    public ClientCertificate certificate() throws FailureException {
        if (files.tls().isEmpty()) {
            throw new FailureException(new Failure(
                    Failure.Kind.CLIENT_CERTIFICATE,
                    "",
                    "the client authenticates with a certificate, and [account " + account + "] has no tls_cert_file"));
        }
        TlsFiles tls = files.tls().get();
        ClientKeys key = tlsKey(tls.key());
        List<X509Certificate> chain = chain(tls.certificate());
        if (!key.isOf(chain.get(0).getPublicKey())) {
            throw unusable(tls.certificate(), "it is not for the key in " + tls.key());
        }
        Instant end = chain.get(0).getNotAfter().toInstant();
        if (!end.isAfter(clock.instant())) {
            throw unusable(tls.certificate(), "it expired at " + end);
        }
        return new ClientCertificate(chain, key.privateKey());
    }

    /** When the certificate ends; empty if there is none that can be read. */
    public Optional<Instant> certificateEnd() {
        if (files.tls().isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    chain(files.tls().get().certificate()).get(0).getNotAfter().toInstant());
        } catch (FailureException e) {
            return Optional.empty(); // the renewal says why
        }
    }

    private ClientKeys tlsKey(Path configured) throws FailureException {
        Path file = passwords.keyFile(account, configured);
        byte[] content = {};
        try {
            Optional<byte[]> passed = passwords.passedKey(account);
            content = passed.isPresent() ? passed.get() : SecretContent.read(file);
            return ClientKeys.parse(content);
        } catch (PasswordFileException e) {
            throw new FailureException(FailureMapper.ofTlsKey(e));
        } catch (IllegalArgumentException e) {
            throw new FailureException(new Failure(
                    Failure.Kind.CLIENT_CERTIFICATE, file.toString(), "tls_key_file " + file + ": " + e.getMessage()));
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    /** The certificates of a file that may have its key too. */
    private static List<X509Certificate> chain(Path file) throws FailureException {
        List<X509Certificate> chain = new ArrayList<>();
        try {
            String text =
                    new String(RegularFile.bytes(file.toRealPath(), MAX_CHAIN_BYTES), StandardCharsets.ISO_8859_1);
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            Matcher block = CERTIFICATE.matcher(text);
            while (block.find()) {
                byte[] pem = block.group().getBytes(StandardCharsets.ISO_8859_1);
                chain.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(pem)));
            }
        } catch (NoSuchFileException e) {
            throw unusable(file, "there is no such file");
        } catch (IOException | CertificateException e) {
            throw unusable(file, "it cannot be read as PEM certificates");
        }
        if (chain.isEmpty()) {
            throw unusable(file, "it has no certificate in PEM");
        }
        return chain;
    }

    private static FailureException unusable(Path file, String why) {
        return new FailureException(
                new Failure(Failure.Kind.CLIENT_CERTIFICATE, file.toString(), "tls_cert_file " + file + ": " + why));
    }

    /** A transport that proves the client in its connections, if it has a certificate. */
    public Transport transport(Network network, Optional<Path> caFile) throws FailureException {
        TrustStore trust = new TrustStore(caFile);
        return network.transport(files.tls().isPresent() ? trust.withCertificate(certificate()) : trust);
    }

    /** Why the files cannot be used now. */
    public Optional<Failure> problem() {
        try {
            if (files.key().isPresent()) {
                ownKeys(files.key().get());
            }
            if (files.assertion().isPresent()) {
                assertion(files.assertion().get(), clock.instant());
            }
            if (files.tls().isPresent()) {
                certificate();
            }
            return Optional.empty();
        } catch (FailureException e) {
            return Optional.of(e.failure());
        }
    }

    private ClientKeys ownKeys(Path configured) throws FailureException {
        return keys(passwords.keyFile(account, configured), passwords.passedKey(account));
    }

    /** Reads a client_key_file. */
    public static ClientKeys keys(Path file) throws FailureException {
        return keys(file, Optional.empty());
    }

    private static ClientKeys keys(Path file, Optional<byte[]> passed) throws FailureException {
        byte[] content = {};
        try {
            content = passed.isPresent() ? passed.get() : SecretContent.read(file);
            return ClientKeys.parse(content);
        } catch (PasswordFileException e) {
            throw new FailureException(FailureMapper.ofClientKey(e));
        } catch (IllegalArgumentException e) {
            throw new FailureException(new Failure(
                    Failure.Kind.CLIENT_KEY, file.toString(), "client_key_file " + file + ": " + e.getMessage()));
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    private static Secret assertion(Path file, Instant now) throws FailureException {
        String text;
        try {
            text = new String(SecretContent.read(file), StandardCharsets.UTF_8).strip();
        } catch (PasswordFileException e) {
            throw new FailureException(FailureMapper.ofClientAssertion(e));
        }
        Optional<JwtClaims> claims = BearerToken.isValid(text) ? JwtClaims.of(text) : Optional.empty();
        if (claims.isEmpty()) {
            throw invalid(file, "it has no JWT");
        }
        Optional<Instant> end = claims.get().expiresAt();
        if (end.filter(expiry -> !expiry.isAfter(now)).isPresent()) {
            throw invalid(file, "its JWT expired at " + end.get());
        }
        return Secret.of(text);
    }

    /** For another request of the same client, such as one that is repeated after a lost answer. */
    private Optional<Secret> presentAssertion(Path file) {
        try {
            return Optional.of(assertion(file, clock.instant()));
        } catch (FailureException e) {
            return Optional.empty();
        }
    }

    private static FailureException invalid(Path file, String why) {
        return new FailureException(new Failure(
                Failure.Kind.CLIENT_ASSERTION, file.toString(), "client_assertion_file " + file + ": " + why));
    }
}

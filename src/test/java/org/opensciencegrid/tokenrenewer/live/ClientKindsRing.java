package org.opensciencegrid.tokenrenewer.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.dist.Installed;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.oidc.ClientKeys;

/**
 * Clients without a secret at real servers: setup, three renewals, a wrong key, a replaced key, status and check. Keycloak
 * is {@code -Dlive.keycloak}, and npm oidc-provider {@code -Dlive.oidc-provider}.
 */
class ClientKindsRing {
    @TempDir
    Path directory;

    @TestFactory
    Stream<DynamicTest> keycloak() throws Exception {
        Keycloak issuer = new Keycloak(Files.createDirectory(directory.resolve("keycloak")));
        return Stream.concat(
                Stream.of(DynamicTest.dynamicTest(issuer.name() + ": exchange", () -> exchange(issuer))), at(issuer));
    }

    @TestFactory
    Stream<DynamicTest> oidcProvider() throws Exception {
        return at(new OidcProvider(Files.createDirectory(directory.resolve("oidc-provider"))));
    }

    private Stream<DynamicTest> at(LocalIssuer issuer) {
        return Stream.of(
                        DynamicTest.dynamicTest(
                                issuer.name() + ": key", () -> key(issuer, "keyed", "--client-id=keyed")),
                        DynamicTest.dynamicTest(issuer.name() + ": host", () -> host(issuer)),
                        DynamicTest.dynamicTest(issuer.name() + ": assertion", () -> assertion(issuer)),
                        DynamicTest.dynamicTest(issuer.name() + ": certificate", () -> certificate(issuer)),
                        DynamicTest.dynamicTest(issuer.name() + ": registered key", () -> registered(issuer)))
                .onClose(issuer::close);
    }

    private Installed site(String name) throws Exception {
        return new Installed(Files.createDirectories(directory.resolve(name + UUID.randomUUID())));
    }

    private static Result setup(Installed site, LiveIssuer issuer, String... more) throws Exception {
        List<String> words = new ArrayList<>(List.of(
                "setup", "--client-credentials", "--issuer=" + issuer.issuer(), "--ca-file=" + issuer.caFile()));
        words.addAll(List.of(more));
        words.add("acct");
        return site.run(words.toArray(String[]::new));
    }

    private static void configure(Installed site, Result setup) {
        assertEquals(0, setup.status(), setup.said());
        site.config(Operator.section(setup) + Installed.ONE);
    }

    private static void assertRenewsThrice(Installed site, LiveIssuer issuer, String client) throws Exception {
        OptionalInt before = issuer.tokenRequests(client);
        String last = "";
        for (int i = 0; i < 3; i++) {
            Result renew = site.run("renew");
            assertEquals(0, renew.status(), renew.said());
            assertNotEquals(last, site.read("one.token"));
            last = site.read("one.token");
        }
        if (before.isPresent()) {
            assertEquals(before.getAsInt() + 3, issuer.tokenRequests(client).getAsInt(), "one request for each token");
        }
        Result status = site.run("status");
        assertEquals(0, status.status(), status.said());
        Result check = site.run("check");
        assertFalse(check.said().contains("client_key_file"), check.said());
        assertFalse(check.said().contains("token endpoint"), check.said());
    }

    private void key(LiveIssuer issuer, String client, String... more) throws Exception {
        Installed site = site("key");
        String file = site.file("client.key").toString();
        List<String> options = new ArrayList<>(List.of(more));
        options.add("--client-key-file=" + file);
        String[] words = options.toArray(String[]::new);
        Result first = setup(site, issuer, words);
        assertEquals(1, first.status(), first.said());
        String old = site.run("client-key", file).out();
        assertTrue(first.out().contains(old.strip()), first.out());
        issuer.setKeys(client, old.strip());
        configure(site, setup(site, issuer, words));
        assertRenewsThrice(site, issuer, client);

        byte[] right = Files.readAllBytes(site.file("client.key"));
        site.secret(
                "client.key", new String(ClientKeys.generate(Instant.EPOCH).encode(), StandardCharsets.UTF_8).strip());
        Result wrong = site.run("renew");
        assertEquals(1, wrong.status(), wrong.said());
        assertTrue(wrong.err().contains("give the issuer the public keys of this client"), wrong.said());
        Files.write(site.file("client.key"), right);
        assertEquals(0, site.run("renew", "--force").status());

        issuer.setKeys(client, site.run("client-key", "--add", file).out().strip());
        assertRenewsThrice(site, issuer, client);
        assertEquals(0, site.run("client-key", "--use-new", file).status());
        assertRenewsThrice(site, issuer, client);
        issuer.setKeys(
                client, site.run("client-key", "--remove-old", file).out().strip());
        assertRenewsThrice(site, issuer, client);
        issuer.setKeys(client, old.strip());
        Result late = site.run("renew");
        assertEquals(1, late.status(), "the old key is not used any more: " + late.said());
    }

    private void host(LiveIssuer issuer) throws Exception {
        key(issuer, "host:ce.example.org", "--host=ce.example.org", "--scope=compute.read");
    }

    private void assertion(LiveIssuer issuer) throws Exception {
        Installed site = site("assertion");
        ClientKeys other = ClientKeys.generate(Instant.EPOCH);
        issuer.setKeys("asserted", other.publicKeys());
        writeAssertion(site, other, issuer.issuer(), 50);
        configure(
                site,
                setup(site, issuer, "--client-id=asserted", "--client-assertion-file=" + site.file("assertion.jwt")));
        for (int i = 0; i < 3; i++) {
            writeAssertion(site, other, issuer.issuer(), 50);
            Result renew = site.run("renew");
            assertEquals(0, renew.status(), renew.said());
        }
        assertEquals(0, site.run("status").status());
        writeAssertion(site, other, issuer.issuer(), -1);
        Result expired = site.run("renew");
        assertEquals(1, expired.status());
        assertTrue(expired.err().contains("its JWT expired at "), expired.said());
        writeAssertion(site, ClientKeys.generate(Instant.EPOCH), issuer.issuer(), 50);
        Result wrong = site.run("renew");
        assertEquals(1, wrong.status());
        assertTrue(wrong.err().contains("compare iss, sub and aud"), wrong.said());
        issuer.setKeys("asserted", other.withNewKey(Instant.EPOCH).publicKeys());
        writeAssertion(site, other, issuer.issuer(), 50);
        assertEquals(0, site.run("renew", "--force").status());
        ClientKeys next = ClientKeys.generate(Instant.EPOCH);
        issuer.setKeys("asserted", next.publicKeys());
        writeAssertion(site, next, issuer.issuer(), 50);
        assertEquals(0, site.run("renew", "--force").status(), "whoever signs has another key");
        writeAssertion(site, other, issuer.issuer(), 50);
        assertEquals(1, site.run("renew", "--force").status(), "the issuer does not know the old key any more");
        assertTrue(site.run("check").said().contains("compare iss, sub and aud"), "the last run failed");
        writeAssertion(site, next, issuer.issuer(), 50);
        assertEquals(0, site.run("renew", "--force").status());
        String check = site.run("check").said();
        assertFalse(check.contains("client_assertion_file") || check.contains("PROBLEM"), check);
    }

    /** A host certificate: renewed, then of another host. */
    private void certificate(LocalIssuer issuer) throws Exception {
        Installed site = site("certificate");
        writeCertificate(site, issuer, "ce.example.org", 30);
        issuer.setSubject("ce", "ce.example.org");
        configure(
                site,
                setup(
                        site,
                        issuer,
                        "--client-id=ce",
                        "--tls-cert-file=" + site.file("cert.pem"),
                        "--tls-key-file=" + site.file("key.pem")));
        assertRenewsThrice(site, issuer, "ce");
        writeCertificate(site, issuer, "ce.example.org", 30);
        assertRenewsThrice(site, issuer, "ce");
        writeCertificate(site, issuer, "other.example.org", 30);
        Result wrong = site.run("renew");
        assertEquals(1, wrong.status(), wrong.said());
        assertTrue(wrong.err().contains("compare the certificate with the one"), wrong.said());
        issuer.setSubject("ce", "other.example.org");
        assertEquals(0, site.run("renew", "--force").status());
        writeCertificate(site, issuer, "other.example.org", -1);
        Result expired = site.run("renew");
        assertEquals(1, expired.status());
        assertTrue(expired.err().contains("it expired at "), expired.said());
    }

    private static void writeCertificate(Installed site, LocalIssuer issuer, String subject, int days) {
        issuer.ca.writeClientCertificate(
                site.file("cert.pem"), site.file("key.pem"), subject, false, Duration.ofDays(days));
    }

    /** As another program would; both servers accept a jti once. */
    private static void writeAssertion(Installed site, ClientKeys keys, String issuer, int seconds) throws Exception {
        ECKey key = ECKey.parse(new String(keys.encode(), StandardCharsets.UTF_8));
        SignedJWT jwt = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(key.getKeyID()).build(),
                new JWTClaimsSet.Builder()
                        .issuer("asserted")
                        .subject("asserted")
                        .audience(issuer)
                        .jwtID(UUID.randomUUID().toString())
                        .issueTime(Date.from(Instant.now()))
                        .expirationTime(Date.from(Instant.now().plusSeconds(seconds)))
                        .build());
        jwt.sign(new ECDSASigner(key));
        site.secret("assertion.jwt", jwt.serialize());
    }

    /** Standard token exchange: two narrow tokens of an account whose refresh token rotates. */
    private void exchange(Keycloak issuer) throws Exception {
        issuer.addAudience("compute.read", "storage-a");
        issuer.addAudience("compute.create", "storage-b");
        Operator operator = new Operator(Files.createDirectories(directory.resolve("op" + UUID.randomUUID())), issuer);
        Result setup = operator.setup(
                Operator.Person.APPROVES, "acct", operator.predefined(issuer.issuer(), issuer.exchanger(true)));
        assertEquals(0, setup.status(), setup.said());
        String account = Operator.section(setup);
        String whole = Operator.token("whole", "acct");
        String a = Operator.token("a", "acct", "exchange = yes", "scope = compute.read", "audience = storage-a");
        String b = Operator.token("b", "acct", "exchange = yes", "scope = compute.create", "audience = storage-b");
        operator.configure(account, whole, a, b);
        assertExchanges(operator);
        operator.forge("acct", "subject_token", "not-a-token");
        assertExchanges(operator);
        assertEquals(0, operator.run("status").status());
        assertEquals(0, operator.run("check").status());

        operator.configure(account, a, b.replace("= storage-b", "= nowhere"));
        Result wrong = operator.run("renew");
        assertEquals(1, wrong.status(), wrong.said());
        assertTrue(wrong.err().contains("the issuer refuses the audience of the exchange: "), wrong.said());
        assertTrue(wrong.err().contains("correct audience or exchange_resource in [token b] of "), wrong.said());
        operator.configure(account, a, b.replace("= compute.create", "= compute.read"));
        Result unavailable = operator.run("renew");
        assertTrue(unavailable.err().contains("Requested audience not available: storage-b"), unavailable.said());
        operator.configure(account, a, b.replace("= compute.create", "= no.such.scope"));
        Result scope = operator.run("renew");
        assertTrue(scope.err().contains("the issuer refuses the scope of the exchange: "), scope.said());

        issuer.exchanger(false);
        operator.configure(account, whole, a, b);
        Result off = operator.run("renew", "--force");
        assertEquals(1, off.status(), off.said());
        assertTrue(
                off.err().contains("permit token exchange (RFC 8693) for client exchanger, or remove exchange from"),
                off.said());
        issuer.exchanger(true);
        assertEquals(0, operator.run("renew", "--force").status());
    }

    private static void assertExchanges(Operator operator) throws Exception {
        for (int i = 0; i < 3; i++) {
            String before = operator.account("acct").refreshToken().reveal();
            Result renew = operator.run("renew");
            assertEquals(0, renew.status(), renew.said());
            assertNotEquals(before, operator.account("acct").refreshToken().reveal());
            assertEquals("storage-a", operator.claims("a").get("aud"));
            assertEquals("compute.read", operator.claims("a").get("scope"));
            assertEquals("storage-b", operator.claims("b").get("aud"));
        }
    }

    /** With the device flow: setup registers the public key, and the refresh token is used with signatures. */
    private void registered(LiveIssuer issuer) throws Exception {
        Operator operator = new Operator(Files.createDirectories(directory.resolve("op" + UUID.randomUUID())), issuer);
        Result setup = operator.setup(
                Operator.Person.APPROVES,
                "acct",
                "--issuer=" + issuer.issuer(),
                "--client-key-file=" + operator.file("client.key"));
        assertEquals(0, setup.status(), setup.said());
        operator.configure(Operator.section(setup), Operator.token("one", "acct"));
        for (int i = 0; i < 3; i++) {
            Result renew = operator.run("renew");
            assertEquals(0, renew.status(), renew.said());
        }
        assertEquals(0, operator.run("status").status());
        Path key = operator.file("client.key");
        byte[] right = Files.readAllBytes(key);
        Files.write(key, ClientKeys.generate(Instant.EPOCH).encode());
        Result wrong = operator.run("renew");
        assertEquals(1, wrong.status(), wrong.said());
        assertTrue(wrong.err().contains("compare the public keys that client-key prints"), wrong.said());
        Files.write(key, right);
        assertEquals(0, operator.run("renew", "--force").status());
        assertFalse(operator.run("check").said().contains("client_key_file"));
        for (String change : List.of("--add", "--use-new", "--remove-old")) {
            Result changed = operator.run("client-key", change, "--send=acct", key.toString());
            assertEquals(0, changed.status(), changed.said());
            Result renew = operator.run("renew", "--force");
            assertEquals(0, renew.status(), change + ": " + renew.said());
        }
        byte[] replaced = Files.readAllBytes(key);
        Files.write(key, right);
        assertEquals(1, operator.run("renew", "--force").status(), "the issuer does not know the old key any more");
        Files.write(key, replaced);
        assertEquals(0, operator.run("renew", "--force").status());
        Result removed = operator.run("remove", "--revoke", "acct");
        assertEquals(0, removed.status(), removed.said());
    }
}

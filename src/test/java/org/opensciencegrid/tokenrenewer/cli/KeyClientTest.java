package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.oidc.ClientKeys;

/** Clients that have no secret: they sign an assertion, or send one that another program made. */
class KeyClientTest extends WithProgram {
    private static final String SCOPE = "--scope=openid offline_access compute.read";
    private static final List<String> GRANTS =
            List.of(Policy.CLIENT_CREDENTIALS, Policy.DEVICE_CODE, Policy.REFRESH_TOKEN);
    private static final List<String> SCOPES = List.of("openid", "offline_access", "compute.read");
    private static final String SIGNER = "https://kubernetes.example.org";
    private static final String SUBJECT = "system:serviceaccount:osg:renewer";

    /** Whatever happens, no output has a part of a key, and each assertion follows the RFC. */
    @AfterEach
    void theIssuerHasNothingToComplainOf() {
        assertEquals(List.of(), program.issuer.violations());
    }

    private String key() {
        return "--client-key-file=" + program.file("client.key");
    }

    private Result serviceSetup(String... more) {
        List<String> words = new ArrayList<>(List.of(
                "setup",
                "--client-credentials",
                "--issuer=" + program.issuer.issuer(),
                "--ca-file=" + program.file("ca.pem")));
        words.addAll(Arrays.asList(more));
        words.add("acct");
        return program.run(words.toArray(String[]::new));
    }

    /** What setup told to write. */
    private void configure(Result setup) {
        assertEquals(0, setup.status(), setup.said());
        String sections = setup.out()
                .substring(setup.out().indexOf("[account"), setup.out().indexOf("To get the token now"));
        program.config(sections.replaceAll("token_path = .*", "token_path = DIR/one.token"));
    }

    private String keys() {
        Result printed = program.run("client-key", program.file("client.key").toString());
        assertEquals(0, printed.status(), printed.err());
        return printed.out();
    }

    private void assertHealthy() throws Exception {
        String before = "";
        for (int i = 0; i < 3; i++) {
            Result renew = program.run("renew");
            assertEquals(0, renew.status(), renew.err());
            assertNotEquals(before, program.read("one.token"));
            before = program.read("one.token");
        }
        Result status = program.run("status", "--long");
        assertEquals(0, status.status(), status.said());
        Result check = program.run("check");
        assertFalse(check.said().contains("client_key_file"), check.said());
        assertFalse(check.said().contains("client_assertion_file"), check.said());
    }

    // With the device flow

    @Test
    void setupRegistersAKeyThatItCreates() throws Exception {
        program.issuer.policy.clientAuthMethods = List.of("client_secret_basic", "private_key_jwt");
        Result setup = program.setup(key(), SCOPE);
        assertEquals(0, setup.status(), setup.said());
        assertTrue(setup.out().contains("Created a private key in " + program.file("client.key")), setup.out());
        assertTrue(setup.out().contains("client_key_file = " + program.file("client.key") + "\n"), setup.out());
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(program.file("client.key"))));
        Seen registration = program.issuer.requests("/register").get(0);
        assertTrue(registration.body().contains("\"jwks\""), registration.body());
        assertFalse(registration.body().contains("\"d\""), "the private key stays here");

        configure(setup);
        assertHealthy();
        for (Seen seen : program.issuer.requests("/token")) {
            assertEquals(null, seen.header("Authorization"));
            assertEquals(null, seen.parameter("client_secret"));
        }
        assertEquals(3, program.issuer.count("/token", Policy.REFRESH_TOKEN), "one request for each token");

        assertEquals(0, program.run("remove", "--revoke", "acct").status(), "revocation authenticates too");
    }

    private Result send(String... change) {
        List<String> words = new ArrayList<>(List.of("client-key", "--send=acct"));
        words.addAll(List.of(change));
        words.add(program.file("client.key").toString());
        return program.run(words.toArray(String[]::new));
    }

    /** RFC 7592: the issuer gives another token with each answer, and the account file keeps it. */
    @Test
    void theKeyOfARegisteredClientIsReplacedWithoutAGap() throws Exception {
        program.issuer.policy.clientAuthMethods = List.of("client_secret_basic", "private_key_jwt");
        configure(program.setup(key(), SCOPE));
        String first = keys();
        for (String change : List.of("--add", "--use-new", "--remove-old")) {
            Result sent = send(change);
            assertEquals(0, sent.status(), sent.said());
            assertTrue(sent.err().contains("The issuer of account acct has these keys."), sent.err());
            assertHealthy();
        }
        assertNotEquals(first, keys());
        assertEquals(0, send().status(), "it can be repeated");
        Result removed = program.run("remove", "--revoke", "--delete-client", "acct");
        assertEquals(0, removed.status(), removed.said());
        assertEquals(List.of(), program.issuer.registeredClients());
    }

    @Test
    void keysThatTheIssuerDoesNotTakeAreAFailure() {
        program.issuer.policy.clientAuthMethods = List.of("client_secret_basic", "private_key_jwt");
        configure(program.setup(key(), SCOPE));
        program.issuer.policy.registrationIgnoresKeys = true;
        Result sent = send("--add");
        assertEquals(1, sent.status(), sent.said());
        assertTrue(sent.err().contains("did not take the keys"), sent.err());
        program.issuer.policy.registrationIgnoresKeys = false;
        assertEquals(0, send().status(), "with the token of the answer before");
    }

    @Test
    void aClientThatCannotBeChangedNeedsAnotherOne() {
        program.issuer.policy.clientAuthMethods = List.of("client_secret_basic", "private_key_jwt");
        program.issuer.policy.registrationWithoutManagement = true;
        configure(program.setup(key(), SCOPE));
        Result sent = send("--add");
        assertEquals(1, sent.status(), sent.said());
        String said = sent.err().replaceAll("\\s+", " ");
        assertTrue(said.contains("its issuer gave no token to change the client"), said);
        assertTrue(said.contains("setup --client-key-file=" + program.file("client.key") + ".new acct"), said);
        assertEquals(0, program.run("renew").status(), "the first key signs still");
    }

    /** With a secret, and a config that names the key, no renewal would succeed. */
    @Test
    void aRegistrationThatIgnoresTheKeyIsUndone() {
        program.issuer.policy.clientAuthMethods = List.of("client_secret_basic", "private_key_jwt");
        program.issuer.policy.registrationIgnoresKeys = true;
        Result setup = program.setup(key(), SCOPE);
        assertEquals(1, setup.status(), setup.said());
        assertTrue(
                setup.err()
                        .replaceAll("\\s+", " ")
                        .contains("it registered the client for client_secret_basic and not with the public key"),
                setup.err());
        assertEquals(1, program.issuer.count("/register"));
        assertEquals(
                1,
                program.issuer.requests().stream()
                        .filter(seen -> seen.method().equals("DELETE"))
                        .count());
        assertEquals(0, program.issuer.count("/device_authorization"), "nobody was asked to approve");
        assertFalse(Files.exists(program.file("state/accounts/acct.account")));
    }

    /** The key is tried before a section that names it is shown. */
    @Test
    void aPredefinedClientThatHasNoSuchKeyIsRefused() throws Exception {
        program.issuer.policy.clientAuthMethods = List.of("client_secret_basic", "private_key_jwt");
        program.issuer.addClient("mine", "s3cret", "client_secret_basic", GRANTS, SCOPES);
        program.secret("secret", "s3cret");
        Result first =
                program.setup("--manual", "--client-id=mine", "--client-secret-file=" + program.file("secret"), SCOPE);
        assertEquals(0, first.status(), first.said());
        byte[] before = Files.readAllBytes(program.file("state/accounts/acct.account"));
        Result setup = program.setup(key(), SCOPE);
        assertEquals(1, setup.status(), setup.said());
        assertFalse(setup.out().contains("[account acct]"), setup.out());
        assertTrue(Arrays.equals(before, Files.readAllBytes(program.file("state/accounts/acct.account"))));
        assertEquals(
                List.of("POST /device_authorization: private_key_jwt instead of client_secret_basic"),
                program.issuer.violations());
        program.issuer.clearRecords();
    }

    @Test
    void reauthenticationUsesTheKeyInTheConfig() throws Exception {
        program.issuer.policy.clientAuthMethods = List.of("client_secret_basic", "private_key_jwt");
        configure(program.setup(key(), SCOPE));
        program.issuer.revokeAll();
        assertEquals(1, program.run("renew").status());
        Result again = program.run(program.setupLine("--reauthenticate", "acct"));
        assertEquals(0, again.status(), again.said());
        assertHealthy();
    }

    /** The section has the last word in each command, not only in renewals. */
    @Test
    void aSectionThatNamesAKeyLaterCountsForReauthenticationAndRevocation() throws Exception {
        program.issuer.policy.clientAuthMethods = List.of("client_secret_basic", "private_key_jwt");
        configure(program.setup(SCOPE));
        program.secret(
                "client.key", new String(ClientKeys.generate(Instant.EPOCH).encode()).strip());
        String id = program.issuer.requests("/token").get(0).parameter("client_id");
        program.issuer.addKeyClient(id, keys(), GRANTS, SCOPES);
        program.write(
                "config.ini",
                program.read("config.ini")
                        .replace("[token", "client_key_file = " + program.file("client.key") + "\n[token"));
        program.issuer.revokeAll();
        program.issuer.clearRecords();
        Result again = program.run(program.setupLine("--reauthenticate", "acct"));
        assertEquals(0, again.status(), again.said());
        assertHealthy();
        assertEquals(0, program.run("remove", "--revoke", "acct").status());
        for (Seen seen : program.issuer.requests()) {
            assertEquals(null, seen.header("Authorization"), seen.path());
        }
        assertEquals(1, program.issuer.count("/revoke"));
    }

    @Test
    void aStoredAccountWithoutItsKeyFileIsNamed() {
        program.issuer.policy.clientAuthMethods = List.of("client_secret_basic", "private_key_jwt");
        program.setup(key(), SCOPE);
        program.accountWith(Program.ONE);
        Result renew = program.run("renew");
        assertEquals(1, renew.status());
        assertTrue(renew.err().contains("[account acct] has no client_key_file"), renew.err());
        assertEquals(0, program.issuer.count("/token", Policy.REFRESH_TOKEN));
    }

    // With client credentials

    @Test
    void setupCreatesAKeyAndPrintsWhatTheIssuerNeeds() throws Exception {
        Result first = serviceSetup("--client-id=service", key());
        assertEquals(1, first.status(), first.said());
        assertTrue(first.out().contains("{\"keys\":[{"), first.out());
        assertFalse(first.said().contains("\"d\""), "only the public part is printed");
        assertEquals(0, program.issuer.count("/token"));

        program.issuer.addKeyClient("service", keys(), GRANTS, SCOPES);
        configure(serviceSetup("--client-id=service", key()));
        assertHealthy();
        assertEquals(3, program.issuer.count("/token", Policy.CLIENT_CREDENTIALS) - 1, "one request for each token");
        Seen last = program.issuer.requests("/token").get(3);
        assertEquals("service", last.parameter("client_id"));
    }

    /** INDIGO IAM and others want the token endpoint as audience; the standard's new version wants the issuer. */
    @ParameterizedTest
    @ValueSource(strings = {"issuer", "token_endpoint"})
    void setupFindsTheAudience(String audience) throws Exception {
        serviceSetup("--client-id=service", key());
        program.issuer.addKeyClient("service", keys(), GRANTS, SCOPES);
        program.issuer.policy.assertionAudience = audience;
        Result setup = serviceSetup("--client-id=service", key());
        program.issuer.clearRecords(); // the first attempt had another audience
        configure(setup);
        assertEquals(
                audience.equals("token_endpoint"),
                setup.out().contains("\nassertion_audience = token_endpoint\n"),
                setup.out());
        assertHealthy();
    }

    /** Each step works before and after the administrator of the issuer follows. */
    @Test
    void aKeyIsReplacedWithoutAGap() throws Exception {
        serviceSetup("--client-id=service", key());
        String old = keys();
        program.issuer.addKeyClient("service", old, GRANTS, SCOPES);
        configure(serviceSetup("--client-id=service", key()));
        assertHealthy();

        String file = program.file("client.key").toString();
        String both = program.run("client-key", "--add", file).out();
        assertHealthy(); // the issuer has the old key
        program.issuer.changeKeys("service", both);
        assertHealthy();
        assertEquals(0, program.run("client-key", "--use-new", file).status());
        assertHealthy();
        String last = program.run("client-key", "--remove-old", file).out();
        assertHealthy(); // the issuer has both
        program.issuer.changeKeys("service", last);
        assertHealthy();

        program.issuer.changeKeys("service", old);
        assertEquals(1, program.run("renew").status(), "the old key is not used any more");
    }

    /** A step that is repeated, or comes too early, loses no key. */
    @Test
    void theStepsOfAReplacementCanBeRepeated() throws Exception {
        serviceSetup("--client-id=service", key());
        String file = program.file("client.key").toString();
        String old = program.read("client.key");
        program.run("client-key", "--add", file);
        assertEquals(old, program.read("client.key.old"));
        assertEquals(
                "rw-------",
                PosixFilePermissions.toString(Files.getPosixFilePermissions(program.file("client.key.old"))));

        String both = program.read("client.key");
        Result early = program.run("client-key", "--remove-old", file);
        assertEquals(2, early.status(), early.said());
        assertTrue(early.err().contains("has a newer key that does not sign yet"), early.err());
        assertTrue(early.err().contains("client-key --use-new " + file), early.err());
        assertEquals(both, program.read("client.key"));

        String kid = ClientKeys.parse(program.read("client.key").getBytes())
                .withNewestFirst()
                .keyId()
                .orElseThrow();
        for (int i = 0; i < 3; i++) {
            Result used = program.run("client-key", "--use-new", file);
            assertEquals(0, used.status(), used.said());
            assertTrue(
                    used.err().contains("The key that signs has the kid " + kid + " (keys in the file: 2)."),
                    used.err());
            assertEquals(
                    kid,
                    ClientKeys.parse(program.read("client.key").getBytes())
                            .keyId()
                            .orElseThrow());
        }
        assertEquals(both, program.read("client.key.old"), "a command that changes nothing keeps the former content");
        Result removed = program.run("client-key", "--remove-old", file);
        assertTrue(
                removed.err().contains("The key that signs has the kid " + kid + " (keys in the file: 1)."),
                removed.err());
        assertEquals(
                kid,
                ClientKeys.parse(program.read("client.key").getBytes()).keyId().orElseThrow());
    }

    @Test
    void twoCommandsDoNotChangeAKeyFileAtOnce() throws Exception {
        serviceSetup("--client-id=service", key());
        String file = program.file("client.key").toString();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            threads.add(new Thread(() -> program.run("client-key", "--add", file)));
        }
        for (Thread thread : threads) {
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(5, ClientKeys.parse(program.read("client.key").getBytes()).size(), "no key is lost");
    }

    @Test
    void oneKeyCannotBeReplacedByItself() {
        serviceSetup("--client-id=service", key());
        Result result = program.run(
                "client-key", "--use-new", program.file("client.key").toString());
        assertEquals(2, result.status());
        assertTrue(result.err().contains("has one key only; add a new one with --add"), result.err());
    }

    @Test
    void aWrongKeyIsSaidWithTheCommandThatPrintsThePublicKey() throws Exception {
        serviceSetup("--client-id=service", key());
        program.issuer.addKeyClient("service", keys(), GRANTS, SCOPES);
        configure(serviceSetup("--client-id=service", key()));
        Files.delete(program.file("client.key"));
        program.secret(
                "client.key", new String(ClientKeys.generate(Instant.EPOCH).encode()).strip());
        Result renew = program.run("renew");
        assertEquals(1, renew.status());
        assertTrue(renew.err().contains("give the issuer the public keys of this client"), renew.err());
        assertTrue(renew.err().contains("client-key " + program.file("client.key")), renew.err());
        Result setup = serviceSetup("--client-id=service", key());
        assertEquals(1, setup.status());
        assertTrue(setup.err().contains("client-key " + program.file("client.key")), setup.err());
    }

    @Test
    void aKeyFileThatCannotBeUsedIsSaidByEachCommand() throws Exception {
        serviceSetup("--client-id=service", key());
        program.issuer.addKeyClient("service", keys(), GRANTS, SCOPES);
        configure(serviceSetup("--client-id=service", key()));
        assertEquals(0, program.run("renew").status());
        int before = program.issuer.count("/token");
        program.mode("client.key", "rw-r--r--");
        assertNotUsable("everyone can read it");
        program.mode("client.key", "rw--w----");
        assertNotUsable("users other than its owner may change it");
        program.secret("client.key", "no key");
        assertNotUsable("it has no private key in PEM, and is no JWK");
        Files.delete(program.file("client.key"));
        assertNotUsable("there is no such file");
        assertTrue(program.run("renew").err().contains("client-key --add " + program.file("client.key")));
        Result added =
                program.run("client-key", "--add", program.file("client.key").toString());
        assertEquals(0, added.status(), added.err());
        assertTrue(added.out().contains("\"kty\""), added.out());
        assertEquals(before, program.issuer.count("/token"));
    }

    private void assertNotUsable(String why) {
        for (String command : List.of("renew", "status", "check")) {
            Result result = program.run(command);
            assertEquals(1, result.status(), result.said());
            assertTrue(result.said().replaceAll("\\s+", " ").contains(why), result.said());
        }
    }

    @Test
    void aSecretSignsToo() throws Exception {
        String secret = "a secret that has more than 32 characters";
        program.issuer.addClient("service", secret, "client_secret_jwt", GRANTS, SCOPES);
        program.secret("secret", secret);
        String file = "--client-secret-file=" + program.file("secret");
        configure(serviceSetup("--client-id=service", file, "--client-auth=client_secret_jwt"));
        assertHealthy();
        program.secret("secret", "a short one");
        Result renew = program.run("renew");
        assertEquals(2, renew.status());
        assertTrue(renew.err().contains("fewer than 32 characters"), renew.err());
    }

    // An assertion of another program

    private void assertion(ClientKeys signer, Duration life) {
        program.secret(
                "assertion.jwt",
                Assertions.signed(signer, SIGNER, SUBJECT, program.issuer.issuer(), program.clock, life));
    }

    @Test
    void anAssertionIsReadAtEachRequest() throws Exception {
        ClientKeys signer = ClientKeys.generate(Instant.EPOCH);
        program.issuer.addAssertedClient("pod", signer.publicKeys(), SIGNER, SUBJECT, GRANTS, SCOPES);
        assertion(signer, Duration.ofMinutes(10));
        String file = "--client-assertion-file=" + program.file("assertion.jwt");
        configure(serviceSetup("--client-id=pod", file));
        assertHealthy();
        String first = program.read("assertion.jwt").strip();
        program.clock.advance(Duration.ofMinutes(9));
        assertion(signer, Duration.ofMinutes(20));
        assertHealthy();
        Seen last = program.issuer.requests("/token").get(program.issuer.count("/token") - 1);
        assertNotEquals(first, last.parameter("client_assertion"));

        int before = program.issuer.count("/token");
        program.clock.advance(Duration.ofMinutes(21));
        for (String command : List.of("renew", "check")) {
            Result result = program.run(command);
            assertEquals(1, result.status(), result.said());
            assertTrue(result.said().replaceAll("\\s+", " ").contains("its JWT expired at "), result.said());
        }
        program.secret("assertion.jwt", "a.b");
        assertNotUsable("it has no JWT");
        Files.delete(program.file("assertion.jwt"));
        assertNotUsable("there is no such file");
        assertEquals(before, program.issuer.count("/token"));
    }

    @Test
    void anAssertionIsReadAgainForARepeatedRequest() throws Exception {
        ClientKeys signer = ClientKeys.generate(Instant.EPOCH);
        program.issuer.addAssertedClient("pod", signer.publicKeys(), SIGNER, SUBJECT, GRANTS, SCOPES);
        assertion(signer, Duration.ofMinutes(10));
        configure(serviceSetup("--client-id=pod", "--client-assertion-file=" + program.file("assertion.jwt")));
        String first = program.read("assertion.jwt").strip();
        program.issuer.clearRecords();
        program.issuer.fault(
                Fault.on("/token").loseAnswer().whenAnswered(() -> assertion(signer, Duration.ofMinutes(20))));
        assertEquals(0, program.run("renew").status());
        List<Seen> requests = program.issuer.requests("/token");
        assertEquals(2, requests.size());
        assertEquals(first, requests.get(0).parameter("client_assertion"));
        assertEquals(program.read("assertion.jwt").strip(), requests.get(1).parameter("client_assertion"));
    }

    /** The issuer may have used it up in the request whose answer was lost: the client is not at fault. */
    @Test
    void aRepeatedAssertionThatIsRefusedLeavesDoubt() throws Exception {
        ClientKeys signer = ClientKeys.generate(Instant.EPOCH);
        program.issuer.addAssertedClient("pod", signer.publicKeys(), SIGNER, SUBJECT, GRANTS, SCOPES);
        assertion(signer, Duration.ofMinutes(10));
        configure(serviceSetup("--client-id=pod", "--client-assertion-file=" + program.file("assertion.jwt")));
        program.issuer.fault(Fault.on("/token").loseAnswer());
        program.issuer.fault(Fault.on("/token").respond(401, "application/json", "{\"error\":\"invalid_client\"}"));
        Result renew = program.run("renew");
        assertEquals(1, renew.status(), renew.said());
        assertTrue(renew.err().contains("gave no answer"), renew.err());
        assertFalse(renew.err().contains("compare iss, sub and aud"), renew.err());
    }

    @Test
    void anAssertionThatEveryoneCanReadIsNotSent() throws Exception {
        ClientKeys signer = ClientKeys.generate(Instant.EPOCH);
        program.issuer.addAssertedClient("pod", signer.publicKeys(), SIGNER, SUBJECT, GRANTS, SCOPES);
        assertion(signer, Duration.ofMinutes(10));
        program.mode("assertion.jwt", "rw-r--r--");
        Result setup = serviceSetup("--client-id=pod", "--client-assertion-file=" + program.file("assertion.jwt"));
        assertEquals(2, setup.status());
        assertTrue(setup.err().contains("everyone can read it"), setup.err());
        assertEquals(0, program.issuer.count("/token"));
    }

    /** A link that root or the service made, as in a Kubernetes volume. */
    @Test
    void aLinkOfOursIsFollowed() throws Exception {
        ClientKeys signer = ClientKeys.generate(Instant.EPOCH);
        program.issuer.addAssertedClient("pod", signer.publicKeys(), SIGNER, SUBJECT, GRANTS, SCOPES);
        assertion(signer, Duration.ofMinutes(10));
        Files.createSymbolicLink(program.file("link.jwt"), program.file("assertion.jwt"));
        configure(serviceSetup("--client-id=pod", "--client-assertion-file=" + program.file("link.jwt")));
        assertHealthy();
    }

    // A certificate

    private X509Certificate certificate(String subject, boolean isSelfSigned) {
        return Program.CA.writeClientCertificate(
                program.file("cert.pem"), program.file("key.pem"), subject, isSelfSigned, Duration.ofDays(30));
    }

    private String[] certificateOptions(String... more) {
        return Stream.concat(
                        Stream.of(
                                "--tls-cert-file=" + program.file("cert.pem"),
                                "--tls-key-file=" + program.file("key.pem")),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    private X509Certificate lastCertificate() {
        List<Seen> requests = program.issuer.requests("/token");
        return requests.get(requests.size() - 1).certificate();
    }

    @Test
    void aHostCertificateProvesTheClient() throws Exception {
        program.issuer.startCertificatePort(Program.CA);
        X509Certificate first = certificate("ce.example.org", false);
        program.issuer.addCertificateClient("ce", Program.CA.certificate(), first, GRANTS, SCOPES);
        Result setup = serviceSetup(certificateOptions("--client-id=ce"));
        configure(setup);
        assertTrue(setup.out().contains("\ntls_cert_file = " + program.file("cert.pem") + "\n"), setup.out());
        assertFalse(setup.out().contains(program.issuer.base() + "/token"), "the alias for certificates is written");
        assertHealthy();
        assertEquals(first, lastCertificate());
        assertEquals("ce", program.issuer.requests("/token").get(0).parameter("client_id"));
        assertEquals(4, program.issuer.count("/token"), "one request for each token");

        X509Certificate renewed = certificate("ce.example.org", false);
        assertHealthy();
        assertEquals(renewed, lastCertificate());

        certificate("another.example.org", false);
        Result wrong = program.run("renew");
        assertEquals(1, wrong.status());
        assertTrue(
                wrong.err().contains("openssl x509 -noout -subject -enddate -in " + program.file("cert.pem")),
                wrong.err());
        assertEquals(1, serviceSetup(certificateOptions("--client-id=ce")).status());
    }

    @Test
    void aSelfSignedCertificateProvesTheClient() throws Exception {
        program.issuer.startCertificatePort(Program.CA);
        X509Certificate own = certificate("ce", true);
        program.issuer.addCertificateClient("ce", null, own, GRANTS, SCOPES);
        Result setup = serviceSetup(certificateOptions("--client-id=ce", "--client-auth=self_signed_tls_client_auth"));
        configure(setup);
        assertTrue(setup.out().contains("\nclient_auth = self_signed_tls_client_auth\n"), setup.out());
        assertHealthy();
        certificate("ce", true);
        assertEquals(1, program.run("renew").status(), "the issuer has to know the new one first");
    }

    @Test
    void aUserApprovesAClientWithACertificate() throws Exception {
        program.issuer.startCertificatePort(Program.CA);
        X509Certificate own = certificate("ce", false);
        program.issuer.addCertificateClient("ce", Program.CA.certificate(), own, GRANTS, SCOPES);
        Result setup = program.setup(certificateOptions("--manual", "--client-id=ce", SCOPE));
        configure(setup);
        assertHealthy();
        assertEquals(own, lastCertificate());
        assertEquals(0, program.run("remove", "--revoke", "acct").status());
        assertEquals(own, program.issuer.requests("/revoke").get(0).certificate());
    }

    @Test
    void aCertificateThatCannotBeUsedIsSaidByEachCommand() throws Exception {
        program.issuer.startCertificatePort(Program.CA);
        program.issuer.addCertificateClient("ce", Program.CA.certificate(), certificate("ce", false), GRANTS, SCOPES);
        configure(serviceSetup(certificateOptions("--client-id=ce")));
        assertEquals(0, program.run("renew").status());
        int before = program.issuer.count("/token");
        program.mode("key.pem", "rw-r--r--");
        assertNotUsable("everyone can read it");
        String former = program.read("cert.pem");
        certificate("ce", false);
        program.write("cert.pem", former);
        assertNotUsable("it is not for the key in " + program.file("key.pem"));
        Program.CA.writeClientCertificate(
                program.file("cert.pem"), program.file("key.pem"), "ce", false, Duration.ofDays(-1));
        assertNotUsable("it expired at ");
        program.write("cert.pem", "nothing");
        assertNotUsable("it has no certificate in PEM");
        Files.delete(program.file("cert.pem"));
        assertNotUsable("there is no such file");
        assertEquals(before, program.issuer.count("/token"));
    }

    @Test
    void theEndOfACertificateIsSaidInTime() throws Exception {
        program.issuer.startCertificatePort(Program.CA);
        Program.CA.writeClientCertificate(
                program.file("cert.pem"), program.file("key.pem"), "ce", false, Duration.ofDays(3));
        program.issuer.addCertificateClient("ce", Program.CA.certificate(), certificate("ce", false), GRANTS, SCOPES);
        configure(serviceSetup(certificateOptions("--client-id=ce")));
        assertEquals(0, program.run("renew").status());
        assertFalse(program.run("status").said().contains("the client certificate ends"));
        assertTrue(program.run("status", "--ics").out().contains("UID:client_certificate.acct@"));

        program.issuer.addCertificateClient(
                "ce",
                Program.CA.certificate(),
                Program.CA.writeClientCertificate(
                        program.file("cert.pem"), program.file("key.pem"), "ce", false, Duration.ofDays(3)),
                GRANTS,
                SCOPES);
        assertEquals(0, program.run("renew").status());
        Result status = program.run("status");
        assertTrue(status.said().replaceAll("\\s+", " ").contains("the client certificate ends"), status.said());
        assertTrue(program.run("status", "--json").out().contains("\"client_certificate_expires_at\":"));
    }

    @Test
    void aStoredAccountWithoutItsCertificateIsNamed() {
        program.issuer.startCertificatePort(Program.CA);
        program.issuer.addCertificateClient("ce", Program.CA.certificate(), certificate("ce", false), GRANTS, SCOPES);
        assertEquals(
                0,
                program.setup(certificateOptions("--manual", "--client-id=ce", SCOPE))
                        .status());
        program.accountWith(Program.ONE);
        Result renew = program.run("renew");
        assertEquals(1, renew.status());
        assertTrue(renew.err().contains("[account acct] has no tls_cert_file"), renew.err());
    }

    // Options that do not fit

    @Test
    void optionsThatContradictEachOther() {
        program.secret("assertion.jwt", "x");
        String assertion = "--client-assertion-file=" + program.file("assertion.jwt");
        for (String[] words : List.of(
                new String[] {key(), assertion},
                new String[] {key(), "--client-secret-file=-"},
                new String[] {key(), "--client-auth=post"},
                new String[] {"--client-auth=private_key_jwt"},
                new String[] {"--assertion-audience=issuer"},
                new String[] {"--tls-cert-file=/c"},
                new String[] {"--tls-cert-file=/c", "--tls-key-file=/k", key()},
                new String[] {"--tls-cert-file=/c", "--tls-key-file=/k", "--client-auth=post"},
                new String[] {"--client-auth=tls_client_auth"},
                new String[] {key(), "--assertion-audience=me"})) {
            Result result = serviceSetup(words);
            assertEquals(2, result.status(), Stream.of(words).toList() + result.said());
        }
        assertEquals(2, program.setup(assertion, SCOPE).status());
        assertFalse(Files.exists(program.file("client.key")));
        assertEquals(List.of(), program.issuer.requests());
    }

    // Credentials of a host

    @Test
    void aHostIsItsOwnClient() throws Exception {
        program.secret("secret", "s3cret");
        String file = "--client-secret-file=" + program.file("secret");
        program.issuer.addClient(
                "host:ce.example.org",
                "s3cret",
                "client_secret_basic",
                List.of(Policy.CLIENT_CREDENTIALS),
                List.of("host.auth"));
        program.issuer.policy.scopes = Stream.concat(program.issuer.policy.scopes.stream(), Stream.of("host.auth"))
                .collect(java.util.stream.Collectors.toSet());
        Result setup = serviceSetup("--host=CE.example.org", file);
        assertTrue(setup.out().contains("client_id = host:ce.example.org\n"), setup.said());
        assertTrue(setup.out().contains("scope = host.auth\n"), setup.out());
        assertTrue(setup.out().contains("issuer = " + program.issuer.issuer() + "\n"), setup.out());
        configure(setup);
        assertHealthy();
        assertFalse(program.run("status").out().contains("(sub)"));

        program.issuer.policy.clientSubject = "somebody";
        program.run("renew");
        Result status = program.run("status");
        String said = status.out().replaceAll("\\s+", " ");
        assertTrue(
                said.contains("the token is for somebody (sub), and services expect the client id host:ce.example.org"),
                said);
        assertTrue(program.run("status", "--json").out().contains("\"other_sub\":\"somebody\""));
        assertTrue(serviceSetup("--host=ce.example.org", file).said().contains("the token is for somebody (sub)"));
    }

    @Test
    void hostsThatCannotBe() {
        for (String[] words : List.of(
                new String[] {"--host=ce"},
                new String[] {"--host=192.0.2.1"},
                new String[] {"--host=localhost.localdomain"},
                new String[] {"--host=a b.org"},
                new String[] {"--host=ce.example.org", "--client-id=x"})) {
            Result result = serviceSetup(words);
            assertEquals(2, result.status(), Stream.of(words).toList() + result.said());
            assertTrue(result.err().contains("--host"), result.err());
        }
        assertEquals(2, program.setup("--host=ce.example.org", SCOPE).status());
        assertEquals(List.of(), program.issuer.requests());
    }

    /** Without a value, the next word is the account. */
    @Test
    void theNameOfThisMachineIsTheDefault() {
        Result setup = program.run(
                "setup",
                "--client-credentials",
                "--issuer=" + program.issuer.issuer(),
                "--host",
                "--client-id=x",
                "acct");
        assertTrue(setup.err().contains("--host and --client-id: give one of them"), setup.err());
    }

    @Test
    void aTokenEndpointThatMovedIsFoundAgain() throws Exception {
        program.secret("secret", "s3cret");
        program.issuer.addClient("service", "s3cret", "client_secret_basic", GRANTS, SCOPES);
        configure(serviceSetup("--client-id=service", "--client-secret-file=" + program.file("secret")));
        assertHealthy();
        assertFalse(program.run("check").said().contains("token endpoint"));
        program.issuer.policy.tokenPath = "/oauth2/token";
        program.issuer.clearRecords();
        assertEquals(0, program.run("renew").status());
        assertTrue(program.issuer.count("/.well-known/openid-configuration") == 1);
        assertHealthy();
        assertEquals(
                1,
                program.issuer.count("/.well-known/openid-configuration") - 1,
                "only check asks, as the state knows");
        Result check = program.run("check");
        URI now = URI.create(program.issuer.base() + "/oauth2/token");
        assertTrue(check.said().contains("set token_request_url = " + now), check.said());
        program.issuer.policy.tokenPath = "/oauth3/token";
        assertHealthy();
        program.write("config.ini", program.read("config.ini").replace("/token\n", "/old/token\n"));
        assertHealthy();
    }

    /** An endpoint that never gave a token is not remembered, and one that stops doing so is left. */
    @Test
    void aWrongEndpointIsNotRemembered() throws Exception {
        program.secret("secret", "s3cret");
        program.issuer.addClient("service", "s3cret", "client_secret_basic", GRANTS, SCOPES);
        configure(serviceSetup("--client-id=service", "--client-secret-file=" + program.file("secret")));
        program.issuer.policy.tokenPath = "/wrong";
        Fault refused = Fault.on("/wrong")
                .respond(401, "application/json", "{\"error\":\"invalid_client\"}")
                .always();
        program.issuer.fault(refused);
        assertEquals(1, program.run("renew").status());
        assertEquals(1, program.issuer.count("/wrong"));
        program.issuer.policy.tokenPath = "/token";
        program.issuer.clearRecords();
        assertEquals(0, program.run("renew", "--force").status());
        assertHealthy();
        assertEquals(0, program.issuer.count("/wrong"));

        program.issuer.clearFaults();
        program.issuer.policy.tokenPath = "/wrong"; // now it works, and is remembered
        assertHealthy();
        program.issuer.policy.tokenPath = "/token";
        program.issuer.fault(refused);
        program.issuer.clearRecords();
        assertEquals(0, program.run("renew").status());
        assertEquals(1, program.issuer.count("/wrong"));
        assertEquals(0, program.run("renew").status());
        assertEquals(1, program.issuer.count("/wrong"), "the configured one is remembered again");
    }

    /** Nor does the secret go to another server because one does not answer. */
    @Test
    void anEndpointThatDoesNotAnswerHasNotMoved() throws Exception {
        program.secret("secret", "s3cret");
        program.issuer.addClient("service", "s3cret", "client_secret_basic", GRANTS, SCOPES);
        configure(serviceSetup("--client-id=service", "--client-secret-file=" + program.file("secret")));
        program.write(
                "config.ini",
                program.read("config.ini")
                        .replaceAll("token_request_url = .*", "token_request_url = https://localhost:1/token"));
        program.issuer.clearRecords();
        assertEquals(1, program.run("renew").status());
        assertEquals(0, program.issuer.count("/token"));
    }

    @Test
    void withoutAnIssuerAMovedEndpointIsAFailure() {
        program.secret("secret", "s3cret");
        program.issuer.addClient("service", "s3cret", "client_secret_basic", GRANTS, SCOPES);
        Result setup = serviceSetup("--client-id=service", "--client-secret-file=" + program.file("secret"));
        configure(setup);
        program.write("config.ini", program.read("config.ini").replaceAll("(?m)^issuer = .*\n", ""));
        assertEquals(0, program.run("renew").status());
        program.issuer.policy.tokenPath = "/oauth2/token";
        assertEquals(1, program.run("renew").status());
    }
}

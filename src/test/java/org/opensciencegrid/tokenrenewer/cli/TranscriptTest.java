package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.FileAccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.ClusterApi;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/** Every command with all of its output, as golden files; {@link EveryTextTest} requires that no text is missing. */
@Tag("slow")
class TranscriptTest {
    private static final String ONE = Program.ONE;
    private static final String SCOPE = "--scope=openid offline_access compute.read storage.read:/";

    @TempDir
    Path directory;

    private Session session;
    private Program program;

    @BeforeEach
    void site() {
        session = new Session(directory);
        program = session.program;
    }

    @AfterEach
    void stop() {
        session.close();
    }

    @Test
    void setup() {
        session.scene("questions").answer("\n", "setup", "--pw-file=" + program.file("acct.pw"), "acct");
        String ca = "--ca-file=" + program.file("ca.pem");
        String pw = "--pw-file=" + program.file("acct.pw");
        session.answer(program.issuer.issuer() + "\n3 offline_access\n", "setup", ca, pw, "acct");
        session.scene("again, with a section in the config file").program.accountWith(ONE);
        session.setup(SCOPE);
        program.issuer.policy.omitScopesSupported = true;
        session.scene("no list of scopes").answer("\n", "setup", "--issuer=" + program.issuer.issuer(), ca, pw, "two");
        program.issuer.fault(
                Fault.on("/device_authorization").set("verification_uri", "https://login.example.org/device"));
        session.scene("another host").setup(SCOPE);
        program.issuer.clearFaults();
        program.issuer.approveAutomatically(null);
        program.issuer.policy.deviceLife = Duration.ofSeconds(30);
        session.scene("nobody approves").setup(SCOPE);
        program.issuer.policy.unapprovedClient = true;
        session.scene("a client that an administrator has to approve").setup(SCOPE);
        program.issuer.policy.unapprovedClient = false;
        program.issuer.approveAutomatically("alice");
        session.setup(SCOPE);
        session.scene("form refused").setup("--verbose", "--scope=openid nonsense");
        program.issuer.policy.registrationRefusesUnknownScope = false;
        session.scene("scope dropped").setup("--scope=openid offline_access nonsense");
        program.issuer.fault(Fault.on("/device_authorization").always().respond(503, "text/plain", "no"));
        session.scene("trouble").setup(SCOPE);
        program.issuer.clearFaults();
        new org.opensciencegrid.testkit.TestCa().writeCaPem(program.file("ca.pem"));
        session.scene("another CA").setup(SCOPE);
        program.file("ca.pem").toFile().delete();
        session.scene("no CA file").setup(SCOPE);
        Program.CA.writeCaPem(program.file("ca.pem"));
        session.scene("words of options").setup("--client-auth=digest").setup("--audience-parameter=aud");
        session.setup("--registration-token-file=" + program.file("none"));
        session.scene("no password file").answer("", "setup", "--pw-file=" + program.file("none.pw"), "acct");
        session.answer("", "setup", "--reauthenticate", "--pw-file=" + program.file("none.pw"), "acct");
        program.issuer.close();
        session.scene("nobody answers").setup(SCOPE);
        session.hold("transcripts/setup");
    }

    @Test
    void setupFindsItsWay() throws Exception {
        Policy policy = program.issuer.policy;
        String issuer = "--issuer=" + program.issuer.issuer();
        String ca = "--ca-file=" + program.file("ca.pem");
        String pw = "--pw-file=" + program.file("acct.pw");
        session.scene("a pasted address")
                .answer("", "setup", issuer + "/.well-known/openid-configuration", ca, pw, SCOPE, "acct");
        session.scene("what is there is kept").answer("", "setup", ca, pw, "acct");
        session.scene("no URL").answer("", "setup", "--issuer=iam.example.org", ca, pw, "acct");
        policy.otherIssuerText = "https://other.example.org";
        session.scene("another issuer").setup(SCOPE);
        policy.otherIssuerText = null;
        policy.registrationClearsAccessTokens = true;
        policy.registrationGrantsInstead = Set.of(Policy.AUTHORIZATION_CODE);
        session.scene("other grants than asked for").setup(SCOPE);
        policy.registrationGrantsInstead = null;
        policy.registrationClearsAccessTokens = false;
        program.issuer.registeredClients().forEach(program.issuer::removeClient);
        session.scene("a client that is gone").setup(SCOPE);
        policy.deviceRefusesScope = "offline_access";
        policy.giveRefreshTokenOnlyForOfflineAccess = false;
        session.scene("a scope that setup adds").setup("--scope=openid");
        policy.deviceRefusesScope = "compute.read";
        session.scene("a scope that was named").setup("--scope=openid compute.read");
        policy.deviceRefusesScope = null;
        policy.audienceParameter = Policy.AudienceParameter.REFUSED;
        session.scene("audiences").setup(SCOPE, "--audience=https://a");
        program.issuer.fault(Fault.on("/device_authorization")
                .always()
                .respond(400, "application/json", "{\"error\":\"invalid_request\"}"));
        session.setup(SCOPE, "--audience=https://a");
        program.issuer.clearFaults();
        program.issuer.addClient(
                "predefined",
                "its secret",
                "client_secret_basic",
                List.of(Policy.DEVICE_CODE, Policy.REFRESH_TOKEN),
                List.of("openid", "offline_access", "compute.read", "storage.read:/"));
        String[] manual = {"--manual", "--client-id=predefined", "--client-secret-file=" + program.file("secret"), SCOPE
        };
        program.secret("secret", "another");
        session.scene("predefined clients").setup(manual);
        session.setup("--public", "--client-id=predefined", SCOPE);
        program.secret("secret", "its secret");
        session.setup(manual);
        session.answer("", "setup", ca, pw, "acct");
        program.issuer.removeClient("predefined");
        session.answer("", "setup", ca, pw, "acct");
        session.setup("--reauthenticate", "--client-id=other");
        session.scene("prompts")
                .answer("99\n" + program.issuer.issuer() + "\n99\n1,nonsense\nn\n1,4\n", "setup", ca, pw, "two");
        for (String name : List.of("three", "four")) {
            policy.registrationWithoutManagement = name.equals("four");
            policy.unapprovedClient = true;
            session.scene("a client with less scope, " + name)
                    .answer("", "setup", issuer, ca, pw, "--scope=openid", name);
            policy.unapprovedClient = false;
            session.answer("", "setup", issuer, ca, pw, SCOPE, name);
        }
        Path registrations = program.file("state/registrations");
        try (LockedAccount other =
                new FileAccountStore(registrations, registrations, Program.CHEAP).lock("acct", Duration.ZERO)) {
            session.scene("two setups at once").setup(SCOPE);
            assertFalse(other.exists());
        }
        program.config("[account four]\npassword_file = DIR/acct.pw\n" + ONE.replace("acct", "four"));
        session.scene("a client without a key").run("remove", "--revoke", "--delete-client", "four");
        session.run("remove", "nobody");
        session.hold("transcripts/setup-issuers");
    }

    @Test
    void setupWithTheConfigFile() {
        String write = "--write-config";
        session.setup(SCOPE, write, "--token=one");
        session.scene("again, with a picture of the link").setup(SCOPE, write, "--token=one", "--qr");
        program.issuer.approveAutomatically("mallory");
        session.scene("another person").setup("--reauthenticate");
        session.scene("what is there says something else")
                .program
                .config("[account acct]\npassword_file = DIR/else.pw\n");
        session.setup(SCOPE, write).setup(SCOPE);
        program.config("");
        session.scene("places and names that cannot be").setup(SCOPE, write, "--token=a b");
        session.setup(SCOPE, write, "--token-path=" + program.file("gone/t"));
        session.setup(SCOPE, write, "--config=" + program.file("missing/config.ini"));
        session.setup(SCOPE, write, "--config=" + program.file("n".repeat(230)));
        session.hold("transcripts/setup-config");
    }

    @Test
    void setupByClientCredentials() {
        program.issuer.addClient(
                "host:demo", "s3cret", "client_secret_basic", List.of(Policy.CLIENT_CREDENTIALS), List.of("read:/"));
        session.answer(
                "s3cret\n",
                "setup",
                "--client-credentials",
                "--issuer=" + program.issuer.issuer(),
                "--client-id=host:demo",
                "--ca-file=" + program.file("ca.pem"),
                "acct");
        session.answer(
                "s3cret\n",
                "setup",
                "--client-credentials",
                "--issuer=" + program.issuer.issuer(),
                "--client-id=host:demo",
                "--client-secret-file=-",
                "acct");
        program.config("[account acct]\ntoken_request_url = " + program.issuer.base()
                + "/token\nclient_id = host:demo\nclient_secret = s3cret\nca_file = DIR/ca.pem\n" + ONE);
        session.run("renew").run("status").run("status", "--long");
        session.hold("transcripts/client-credentials");
    }

    @Test
    void clientsWithoutASecret() {
        List<String> grants = List.of(Policy.CLIENT_CREDENTIALS, Policy.DEVICE_CODE, Policy.REFRESH_TOKEN);
        List<String> scopes = List.of("openid", "offline_access", "compute.read", "host.auth");
        String issuer = "--issuer=" + program.issuer.issuer();
        String ca = "--ca-file=" + program.file("ca.pem");
        String key = "--client-key-file=" + program.file("client.key");
        String file = program.file("client.key").toString();
        String[] service = {"setup", "--client-credentials", issuer, ca, "--client-id=service", key, "acct"};
        session.scene("a new key").answer("", service);
        program.issuer.addKeyClient("service", program.run("client-key", file).out(), grants, scopes);
        session.answer("", service);
        session.scene("the key is replaced")
                .run("client-key", "--use-new", file)
                .run("client-key", "--add", file);
        session.run("client-key", "--remove-old", file);
        session.run("client-key", "--use-new", file).run("client-key", "--remove-old", file);
        session.run("client-key", program.file("none").toString());
        session.run("client-key", "--add", program.file("none/none").toString());
        program.config("[account acct]\ntoken_request_url = " + program.issuer.base() + "/token\nissuer = "
                + program.issuer.issuer()
                + "\nclient_id = service\nclient_key_file = DIR/client.key\nca_file = DIR/ca.pem\n"
                + ONE);
        session.scene("a key that the issuer does not know").run("renew").answer("", service);
        program.mode("client.key", "rw-r--r--");
        session.scene("a key that cannot be used").run("renew").run("status").answer("", service);
        program.secret("client.key", "-----BEGIN CERTIFICATE-----");
        session.run("renew");
        session.scene("a key is registered").setup(SCOPE, key.replace("client.key", "new.key"));
        program.issuer.policy.clientAuthMethods = List.of("private_key_jwt");
        session.setup(SCOPE, key.replace("client.key", "new.key"));
        program.accountWith(ONE);
        session.run("renew");
        program.config("[account acct]\npassword_file = DIR/acct.pw\nclient_key_file = DIR/other.key\n" + ONE);
        session.run("renew");
        var other = org.opensciencegrid.tokenrenewer.oidc.ClientKeys.generate(Instant.EPOCH);
        program.secret("other.key", new String(other.encode(), StandardCharsets.UTF_8).strip());
        session.run("renew", "--force");
        program.issuer.policy.registrationIgnoresKeys = true;
        session.setup(SCOPE, key.replace("client.key", "new.key"));
        program.issuer.policy.registrationIgnoresKeys = false;
        program.secret("assertion.jwt", "none");
        String assertion = "--client-assertion-file=" + program.file("assertion.jwt");
        String[] pod = {"setup", "--client-credentials", issuer, ca, "--client-id=pod", assertion, "acct"};
        session.scene("an assertion").answer("", pod);
        var signer = org.opensciencegrid.tokenrenewer.oidc.ClientKeys.generate(Instant.EPOCH);
        program.secret(
                "assertion.jwt",
                Assertions.signed(
                        signer,
                        "https://k8s.example.org",
                        "pod",
                        program.issuer.issuer(),
                        program.clock,
                        Duration.ofMinutes(9)));
        session.answer("", pod);
        program.config("[account acct]\ntoken_request_url = " + program.issuer.base()
                + "/token\nclient_id = pod\nclient_assertion_file = DIR/assertion.jwt\nca_file = DIR/ca.pem\n" + ONE);
        session.run("renew");
        program.clock.advance(Duration.ofHours(2));
        session.run("renew");
        program.issuer.startCertificatePort(Program.CA);
        program.issuer.addCertificateClient(
                "ce",
                Program.CA.certificate(),
                Program.CA.writeClientCertificate(
                        program.file("cert.pem"), program.file("key.pem"), "ce", false, Duration.ofDays(30)),
                grants,
                scopes);
        String certificate = "--tls-cert-file=" + program.file("cert.pem");
        String certificateKey = "--tls-key-file=" + program.file("key.pem");
        String[] ce = {
            "setup", "--client-credentials", issuer, ca, "--client-id=ce", certificate, certificateKey, "acct"
        };
        session.scene("a certificate").answer("", ce);
        Program.CA.writeClientCertificate(
                program.file("cert.pem"), program.file("key.pem"), "other", false, Duration.ofDays(30));
        session.answer("", ce);
        program.config("[account acct]\ntoken_request_url = " + program.issuer.base()
                + "/token\nclient_id = ce\ntls_cert_file = DIR/cert.pem\ntls_key_file = DIR/key.pem\nca_file = DIR/ca.pem\n"
                + ONE);
        session.run("renew", "--force");
        program.mode("key.pem", "rw-r--r--");
        session.run("renew", "--force");
        program.mode("key.pem", "rw-------");
        program.write("cert.pem", "none");
        session.run("renew", "--force").run("check");
        program.file("cert.pem").toFile().delete();
        session.run("renew", "--force");
        session.scene("options that contradict each other");
        session.answer("", "setup", certificate, "acct").answer("", "setup", certificate, certificateKey, key, "acct");
        session.answer("", "setup", "--client-auth=tls_client_auth", "acct");
        session.answer("", "setup", key, assertion, "acct");
        session.answer("", "setup", "--public", key, "acct").answer("", "setup", assertion, "acct");
        session.answer("", "setup", "--client-auth=post", key, "acct");
        session.answer("", "setup", "--client-auth=private_key_jwt", "acct");
        session.answer("", "setup", "--assertion-audience=issuer", "acct");
        session.answer("", "setup", "--reauthenticate", key, "acct");
        program.issuer.addClient("host:ce.example.org", "s3cret", "client_secret_basic", grants, List.of("host.auth"));
        program.secret("secret", "s3cret");
        String[] host = {
            "setup",
            "--client-credentials",
            issuer,
            ca,
            "--host=ce.example.org",
            "--client-secret-file=" + program.file("secret"),
            "acct"
        };
        session.scene("a host").answer("", host);
        program.issuer.policy.clientSubject = "somebody";
        session.answer("", host);
        program.config("[account acct]\ntoken_request_url = " + program.issuer.base()
                + "/token\nclient_id = host:ce.example.org\nclient_secret = s3cret\nca_file = DIR/ca.pem\n" + ONE);
        session.run("renew").run("status");
        session.answer("", "setup", "--host=ce.example.org", "acct");
        session.answer("", "setup", "--client-credentials", "--host=ce.example.org", "--client-id=x", "acct");
        session.answer("", "setup", "--client-credentials", "--host=ce", "acct");
        program.accountWith(ONE);
        program.issuer.policy.clientAuthMethods = List.of("private_key_jwt");
        String registered = program.file("registered.key").toString();
        session.scene("the key of a registered client is replaced").setup(SCOPE, "--client-key-file=" + registered);
        session.run("client-key", "--add", "--send=acct", registered);
        program.issuer.policy.registrationWithoutManagement = true;
        session.setup(SCOPE, "--client-key-file=" + registered).run("client-key", "--send=acct", registered);
        program.config("[account acct]\npassword_file = DIR/acct.pw\nclient_key_file = DIR/registered.key\n" + ONE);
        session.run("client-key", "--send=acct", program.file("new.key").toString());
        session.hold("transcripts/clients-without-a-secret");
    }

    @Test
    void commands() {
        session.scene("no command, and none that there is").run().run("stauts").run("renew", "--forse");
        session.setup(SCOPE);
        session.scene("that account again").setup(SCOPE);
        String two = "[token two]\naccount = acct\ntoken_path = DIR/two.token\n";
        program.accountWith(ONE + "min_lifetime = 100\n" + two);
        session.run("token", "one").run("token", "three");
        session.scene("some, and all")
                .run("renew", "two")
                .run("renew", "acct", "--dry-run")
                .run("renew");
        session.run("renew", "--quiet").run("renew", "three");
        assertEquals(
                program.read("one.token"), program.run("token", "one").out(), "and no line of it is in the transcript");
        program.accountWith(ONE + "scope = compute.create\n" + two);
        session.scene("one that fails").run("renew").run("renew", "--quiet");
        program.accountWith("[token acct]\naccount = acct\ntoken_path = DIR/one.token\n" + two);
        session.scene("a token of the name of its account").run("renew", "acct");
        program.clock.advance(Duration.ofHours(2));
        session.scene("expired").run("token", "acct").run("status");
        session.scene("every").run("renew", "--every=5s").run("renew", "--every=10min", "--force");
        session.run("renew", "--liveness-file=alive").run("renew", "--every=soon");
        session.scene("a cluster")
                .run("renew", "--store=vault")
                .run("import", "acct")
                .run("export", "acct");
        session.hold("transcripts/commands");
    }

    @Test
    void renewal() {
        session.setup(SCOPE);
        program.accountWith(ONE + "min_lifetime = 100\nscope = compute.read\n");
        session.run("renew", "--dry-run")
                .run("renew")
                .run("renew")
                .run("renew", "--dry-run")
                .run("status");
        session.scene("a scope that is refused").program.accountWith(ONE + "scope = compute.read compute.create\n");
        session.run("renew").run("renew").run("status").run("status", "one");
        program.issuer.policy.dropsWiderScope = true;
        session.scene("a scope that is left out").run("renew", "--force").run("status");
        program.issuer.policy.ignoresNarrowing = true;
        program.issuer.policy.audienceParameter = Policy.AudienceParameter.IGNORED;
        program.accountWith(ONE + "scope = compute.read\naudience = https://ce.example.org:9619\n");
        session.scene("more scope and another audience than asked").run("renew");
        program.issuer.policy.ignoresNarrowing = false;
        program.accountWith(ONE + "min_lifetime = 1800\n");
        session.scene("shorter than min_lifetime").run("renew").run("status");
        session.scene("strict, where the issuer shows neither scope nor audience")
                .program
                .accountWith(ONE + "strict = yes\nscope = compute.read\naudience = https://ce.example.org:9619\n");
        program.issuer.policy.opaqueAccessTokens = true;
        program.issuer.policy.sendScopeInAnswer = false;
        session.run("renew").run("status", "one");
        program.accountWith(ONE);
        program.issuer.fault(Fault.on("/token").set("expires_in", 0));
        session.scene("an opaque token with expires_in 0").run("renew");
        program.issuer.policy.opaqueAccessTokens = false;
        program.issuer.policy.sendScopeInAnswer = true;
        program.issuer.policy.sendIdToken = false;
        program.issuer.fault(
                Fault.on("/token")
                        .set(
                                "access_token",
                                "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL290aGVyLmV4YW1wbGUub3JnIiwic3ViIjoibWFsbG9yeSJ9.c2ln"));
        session.scene("about another person, without an id_token").run("renew");
        program.issuer.policy.sendIdToken = true;
        program.issuer.policy.accessSeconds = 3600;
        program.accountWith(ONE);
        session.scene("an outage").run("renew", "--force");
        program.issuer.fault(Fault.on("/token").always().respond(503, "text/plain", "no"));
        session.run("renew").run("renew", "--strict").run("status");
        program.issuer.clearFaults();
        program.issuer.revokeAll();
        session.scene("an authorization that has ended")
                .run("renew")
                .run("renew")
                .run("status")
                .run("status", "one");
        session.run("renew", "--dry-run").run("check", "--offline");
        session.scene("metrics").run("renew", "--metrics-file=" + program.file("nowhere/osg.prom"));
        session.run("renew", "--metrics-file=" + program.file("osg.prom"));
        session.comment(program.read("osg.prom").replaceAll("(?m)^osg_.*\n", ""));
        session.scene("mistakes").run("renew", "--token=two").run("renew", "--account=two");
        session.hold("transcripts/renew");
    }

    @Test
    void oneSectionForManyTokens() {
        program.issuer.policy.requireResourceAtDeviceTime = true;
        session.setup(SCOPE, "--audience=ce1:9619 ce3:9619");
        String section = "[token ce]\naccount = acct\nfor_each = ce1:9619\n  ce2:9619\n  ce3:9619\n"
                + "token_path = DIR/%(each)s.token\naudience = %(each)s\nmin_lifetime = 100\n";
        program.accountWith(section);
        session.run("renew", "--dry-run", "ce")
                .run("renew")
                .run("renew")
                .run("status")
                .run("status", "--long");
        session.run("status", "ce").run("token", "ce");
        session.run("renew", "ce@ce3:9619", "--force").run("renew", "ce@ce4:9619");
        program.accountWith(section.replace("\n  ce3:9619", ""));
        session.scene("a word that was removed").run("status");
        program.accountWith(section.replace("ce2:9619", "https://ce2/"));
        session.scene("a word that is a URL").run("renew").run("check", "--offline");
        program.accountWith(section.replace("ce2:9619", "ce2, ce1:9619 .."));
        session.scene("other words that are not right").run("renew");
        program.accountWith(section.replace("ce2:9619", "x".repeat(98)));
        session.run("renew", "--dry-run");
        program.accountWith(section + "[token ce@ce3:9619]\naccount = acct\ntoken_path = DIR/other.token\n");
        session.scene("a section of the same name").run("renew", "--dry-run");
        program.accountWith(section.replace("/%(each)s.token", "/one.token"));
        session.scene("one file for all").run("renew").run("status");
        program.accountWith(section.replace("/%(each)s.token", "/%(each)s/../one.token"));
        session.run("renew", "--dry-run");
        program.accountWith(section.replaceAll("ce[123]:9619", ""));
        session.scene("no words").run("renew");
        program.accountWith(section + "token_secret = osg-tokens\n");
        session.scene("one Secret for all").run("renew", "--dry-run");
        program.accountWith(section + "token_secret = osg-tokens#%(each)s\n");
        session.run("renew", "--dry-run");
        program.accountWith(ONE + "token_secret = osg-tokens\n[token two]\naccount = acct\ntoken_path = DIR/two.token\n"
                + "token_secret = osg-tokens\n[token own]\naccount = acct\ntoken_path = DIR/own.token\n"
                + "token_secret = osg-token-renewer-account-acct#account\n");
        session.run("renew", "--dry-run");
        session.hold("transcripts/for-each");
    }

    @Test
    void aTokenInASecret() {
        try (ClusterApi cluster = new ClusterApi(directory.resolve("pod"))) {
            program.variables.putAll(cluster.variables());
            session.setup(SCOPE);
            String section = "[token one]\naccount = acct\ntoken_secret = osg-tokens\nmin_lifetime = 100\n";
            program.accountWith(section);
            cluster.denied.add("create secrets");
            session.run("renew", "--dry-run").run("renew");
            cluster.denied.clear();
            session.run("renew").run("renew").run("status", "one").run("status", "--long");
            cluster.delete("osg-tokens");
            session.scene("a Secret that was deleted").run("status").run("token", "one");
            program.accountWith(section + "token_mode = 0640\n"
                    + "post_renewal = /usr/libexec/osg-token-renewer/hooks/push-ssh worker1\n");
            session.scene("options of a file").run("renew");
            session.hold("transcripts/secret");
        }
    }

    @Test
    void anIssuerThatNarrows() {
        session.setup(SCOPE);
        program.issuer.policy.narrowingSticks = true;
        program.accountWith(ONE + "scope = compute.read\n[token all]\naccount = acct\ntoken_path = DIR/all.token\n");
        session.run("renew").run("renew").run("status", "--long");
        session.scene("authorized again, the other token keeps its scope")
                .setup(SCOPE)
                .run("renew")
                .run("renew")
                .run("status");
        program.accountWith(ONE + "scope = compute.read\nstrict = yes\n");
        session.scene("strict").run("renew").run("status");
        session.hold("transcripts/narrowing");
    }

    @Test
    void tokensForOthers() throws IOException {
        session.setup(SCOPE);
        program.accountWith(ONE + "token_mode = 0640\npost_renewal = /bin/false\n");
        session.scene("what is to be done after it fails")
                .run("renew")
                .run("renew")
                .run("status")
                .run("status", "--long");
        program.accountWith(ONE + "post_renewal = DIR/none\n");
        session.run("renew", "--force").run("check", "--offline");
        program.write(
                "push",
                "#!/bin/sh\nfor n in 1 2 3 4 5 6 7 8; do echo destination host$n pending; done\n"
                        + "for n in 1 2 3 4 5 6 7; do echo destination host$n failed Connection refused; done\n"
                        + "echo destination host8 ok\necho destination host9 pending\nexit 1\n");
        program.mode("push", "rwxr-xr-x");
        program.accountWith(ONE + "post_renewal = DIR/push\n");
        session.scene("destinations that fail").run("renew", "--force");
        program.clock.advance(Duration.ofMinutes(1));
        session.run("renew", "--force").run("status").run("status", "one");
        messagesOfARun();
        session.scene("a group that is not there").program.accountWith(ONE + "token_group = no-such-group\n");
        session.run("renew", "--force");
        program.accountWith(ONE);
        program.issuer.fault(Fault.on("/token").set("access_token", "x".repeat(16_385)));
        session.scene("a long token").run("renew", "--force").run("check", "--offline");
        session.scene("mistakes").run("renew", "--log-format=nonsense");
        session.hold("transcripts/tokens");
    }

    private void messagesOfARun() throws IOException {
        program.accountWith("");
        session.scene("messages").run("check", "--offline", "--notify").run("check", "--notify");
        String notify = "[DEFAULT]\nowner = grid operations\nnotify = exec:DIR/tell\nnotify_after = 1\n";
        program.write(
                "tell", "#!/bin/sh\n[ ! -e " + program.file("busy") + " ] || { echo the line is busy; exit 1; }\n");
        program.mode("tell", "rwxr-xr-x");
        program.config(notify + "[account acct]\npassword_file = DIR/acct.pw\n" + ONE);
        session.run("check", "--notify");
        program.issuer.fault(
                Fault.on("/token").always().respond(400, "application/json", "{\"error\":\"invalid_grant\"}"));
        program.write("busy", "");
        session.run("check", "--notify").run("renew", "--force").run("status").run("status", "--long");
        program.file("busy").toFile().delete();
        session.run("renew", "--force");
        program.issuer.clearFaults();
        session.run("renew", "--force");
        JsonObject state =
                JsonObject.parse(program.read("state/state/acct.json")).orElseThrow();
        for (String end : List.of("refresh_token_expires_at", "client_secret_expires_at")) {
            state = state.with(end, program.clock.instant().plus(Duration.ofDays(8)));
        }
        program.write("state/state/acct.json", state.toJson() + "\n");
        session.run("renew");
        state = JsonObject.parse(program.read("state/state/acct.json")).orElseThrow();
        program.clock.advance(Duration.ofDays(2));
        program.config(notify + "[account acct]\npassword_file = DIR/acct.pw\n" + ONE);
        program.write(
                "state/state/acct.json",
                state.with("client_secret_expires_at", "").toJson() + "\n");
        session.run("renew", "--force");
    }

    @Test
    void status() throws IOException {
        program.config("");
        session.run("status").run("check");
        session.setup(SCOPE);
        program.accountWith(ONE);
        session.run("renew").run("check", "--offline").run("status", "--account=acct");
        edit(JsonObject.NONE
                .with("in_doubt_since", "2026-11-26T09:50:00Z")
                .with("other_host_at", "2026-11-26T09:00:00Z")
                .with("client_secret_expires_at", "2026-11-29T10:00:00Z")
                .with("client_certificate_expires_at", "2026-11-29T10:00:00Z")
                .with("refresh_token_expires_at", "2026-11-25T10:00:00Z"));
        program.mode("acct.pw", "rw-r--r--");
        session.scene("what needs a person soon")
                .run("status")
                .run("status", "--account=acct")
                .run("check", "--offline");
        session.scene("tokens that say other things")
                .program
                .accountWith(ONE + "scope = compute.read\naudience = https://ce.example.org:9619\n");
        token("{\"iss\":\"https://other.example.org\",\"sub\":\"bob\",\"iat\":1796000000,\"nbf\":1796000000,"
                + "\"scope\":\"compute.modify\",\"aud\":\"ANY\",\"exp\":1796003600}");
        session.run("status", "one");
        token("{\"exp\":1}");
        session.run("status", "one").run("status");
        program.write("one.token", "opaque\n");
        session.run("status", "one");
        session.scene("mistakes in the config file")
                .program
                .config(program.read("config.ini") + "[token two]\naccount = acct\n[tokn three]\n");
        session.run("status").run("status", "two").run("check", "--offline").run("renew");
        program.config(program.read("config.ini").replace("[tokn three]\n", ""));
        session.run("status").run("renew");
        program.accountWith(ONE);
        session.scene("an account that is not there")
                .run("status", "--account=none")
                .run("status", "--account=../x");
        program.config("");
        session.scene("one that no section names").run("status", "--account=acct");
        session.run("renew").run("status");
        program.write("config.ini.rpmsave", "[account acct]\n");
        session.run("check", "--offline");
        java.nio.file.Files.delete(program.file("config.ini.rpmsave"));
        program.accountWith(ONE);
        program.secret("acct.pw", "another password");
        session.run("status", "--account=acct");
        program.secret("acct.pw", Program.PASSWORD);
        program.issuer.close();
        session.scene("an issuer that is down").run("check");
        session.scene("mistakes");
        session.run("status", "two").run("status", "--warn=soon").run("check", "--warn=soon");
        session.run("status", "--watch=0").run("status", "one", "--json").run("status", "one", "--account=acct");
        session.run("status", "--state-dir=" + program.file("none"));
        session.run("status", "--color=red")
                .run("status", "--watch=x")
                .run("status", "--long", "--json")
                .run("status", "--json", "--ics")
                .run("status", "--html", "one")
                .run()
                .run("nonsense")
                .run("renew", "--tokn=x");
        session.hold("transcripts/status");
    }

    private void token(String payload) {
        String body = java.util.Base64.getUrlEncoder().encodeToString(payload.getBytes(StandardCharsets.UTF_8));
        program.write("one.token", "e30." + body + ".c2ln\n");
    }

    /** Writes the state that a run with these results would have left. */
    private void edit(JsonObject more) {
        JsonObject state =
                JsonObject.parse(program.read("state/state/acct.json")).orElseThrow();
        for (String name : more.names()) {
            state = state.with(name, more.string(name));
        }
        program.write("state/state/acct.json", state.toJson() + "\n");
    }

    @Test
    void theLifeOfAnAccount() throws IOException {
        program.accountWith(ONE);
        session.setup(SCOPE).run("renew");
        program.file("acct.pw").toFile().delete();
        session.scene("no new password").run("change-password", "acct");
        program.secret("old.pw", Program.PASSWORD);
        program.secret("acct.pw", "a new password, longer than the old one");
        String old = "--old-pw-file=" + program.file("old.pw");
        session.scene("another password").answer("wrong\n", "change-password", "acct");
        session.run("change-password", "acct").run("change-password", "acct", "--old-pw-file=/none");
        session.run("change-password", "acct", old).run("change-password", "acct", old);
        session.run("change-password", "none");
        Files.createDirectories(program.file("agent"));
        String from = "--from=" + program.file("agent");
        session.scene("to oidc-agent").run("import-oidc-agent", "--all", from).run("import-oidc-agent", "acct");
        session.run("import-oidc-agent", "--all", "--from=/none");
        session.run("export-oidc-agent", "acct", "--to=" + program.file("agent/acct"));
        session.run("export-oidc-agent", "acct", "--to=" + program.file("agent/acct"));
        session.run("export-oidc-agent", "acct", "--to=agent/acct/x").run("export-oidc-agent", "none", "--to=x");
        session.scene("from oidc-agent").run("import-oidc-agent", "acct", from).run("import-oidc-agent", "--all", from);
        session.scene("removal").run("remove", "acct", "--revoke", "--delete-client", "--dry-run");
        program.issuer.fault(Fault.on("/revoke").status(503));
        session.run("remove", "acct", "--revoke");
        program.issuer.clearFaults();
        program.secret("acct.pw", "not the password");
        session.run("remove", "acct", "--revoke").run("remove", "acct").run("remove", "acct");
        program.secret("acct.pw", "a new password, longer than the old one");
        session.scene("imported again").run("import-oidc-agent", "acct", from);
        session.run("remove", "acct", "--revoke", "--delete-client");
        assertEquals(1, program.run("status").status());
        session.hold("transcripts/accounts");
    }

    @Test
    void configurations() throws IOException {
        String account = "[account A]\npassword_file = /a\n";
        String token = "[token T]\naccount = A\ntoken_path = /t\n";
        String client = "[account A]\ntoken_request_url = https://h/t\nclient_id = id\nclient_secret = s\n";
        program.file("config.ini").toFile().delete();
        session.run("renew");
        Files.createDirectory(program.file("config.ini"));
        session.run("renew");
        Files.delete(program.file("config.ini"));
        Files.write(program.file("config.ini"), new byte[(1 << 22) + 1]);
        session.run("renew");
        Files.write(program.file("config.ini"), new byte[] {'[', 'a', '\n', (byte) 0xe4});
        session.run("renew");
        session.run("renew", "--config=/proc/self/mem");
        Map<String, String> configs = new LinkedHashMap<>();
        configs.put("a byte order mark", "\ufeff[account A]\n");
        configs.put(
                "lines that are not options",
                "password_file = /a\n[account A\n[]\n[account A]\nnonsense\n= x\na = b\na = c\n[account A]\n");
        configs.put("an unfinished section name", account + "[token T\n[]\n");
        configs.put(
                "section names",
                "[account A]b]\n[account A] x\n[account  A]\n[account a b]\npassword_file = /x\n[acount A]\n");
        configs.put("a percent sign", "[account A]\npassword_file = %x\n" + token);
        configs.put("an open percent sign", "[account A]\npassword_file = %(x\n" + token);
        configs.put("a token without its account", token);
        configs.put("an account twice", account + "[account  A]\n" + token);
        configs.put("an unknown variable", "[account A]\npassword_file = %(no)s\n" + token);
        configs.put(
                "variables that refer to each other",
                "[account A]\npassword_file = %(a)s\na = %(b)s\nb = %(a)s\n" + token);
        configs.put(
                "a value that grows",
                "[account A]\npassword_file = %(a)s%(a)s\na = " + "x".repeat(2_200_000) + "\n" + token);
        configs.put("a percent sign in a secret", client.replace("= s\n", "= s%\n") + token);
        configs.put("a value of two lines", client.replace("id\n", "id\n  x\n") + token);
        configs.put(
                "a variable of two lines", "[DEFAULT]\nv = a\n  b\n" + token + "[account A]\npassword_file = %(v)s\n");
        configs.put("token exchange", account + token + "exchange_resource = storage https://a.example.org/#b\n");
        configs.put("values of a token", account + token + "min_lifetime = 1h\nstrict = maybe\nscope = a \u0000b\n");
        configs.put(
                "values of an account",
                account + "client_auth = Basic\naudience_parameter = aud\nca_file = /x\nca_dir = /y\n" + token);
        configs.put("a name with a slash", client + "client_secret_file = /s\n" + token.replace("T", "a/b"));
        configs.put("tokens without a path", token + "[token U]\naccount = A\n[token V]\n[account A]\n");
        configs.put(
                "a token endpoint without TLS",
                token + client.replace("https://h/t", "http://h/t").replace("client_id = id\n", ""));
        configs.put(
                "a name that begins with a dot",
                token.replace("= A", "= .x") + "[account .x]\npassword_file = /a\n[account A]\n");
        configs.put(
                "options with the wrong name",
                "[account .x]\n[account A]\npassword_file = DIR/acct.pw\npasword_file = x\nclient_id = a\n" + token
                        + "audience = a,b\n[token U]\naccount = A\ntoken_path = /x/../t\nscope = a\n  audience = b\n");
        configs.put("a password file for client credentials", client + "password_file = /p\n" + token);
        configs.put(
                "a mode and an owner",
                account + token
                        + "token_mode = rw\ntoken_owner = a b\npost_renewal = bin/x\npost_renewal_timeout = 999\n");
        configs.put(
                "modes for nobody and everybody",
                account + token + "token_mode = 0040\n[token U]\naccount = A\ntoken_path = /u\ntoken_mode = 0666\n");
        configs.put("a time without its program", account + token + "post_renewal_timeout = 9\n");
        configs.put(
                "variables of a program",
                account + token + "post_renewal = /bin/x\npost_renewal_environment = A=b TOKEN_PATH\n");
        configs.put("a password file that is a directory", token + "[account A]\npassword_file = /etc/\n");
        configs.put(
                "paths that are not absolute",
                account
                        + token.replace("/t", "\"/t\"")
                        + token.replace("T", "U").replace("/t", "t")
                        + token.replace("T", "V").replace("/t", "~/t")
                        + token.replace("T", "W").replace("/t", "{{ t }}")
                        + token.replace("T", "X").replace("/t", "/t # new")
                        + token.replace("T", "Y"));
        configs.put("proxies", account + "proxy = socks5://h:1\nanswer_timeout = 5\n" + token);
        configs.put(
                "targets of messages",
                account + "notify = root@example.org mailto:a@b@c exec:bin/x https://user@chat.example.org/secret\n"
                        + "notify_after = 0\nnotify_relay = a b\nnotify_from = a b\n" + token
                        + account.replace("A", "B") + "notify = mailto:root\nnotify_after = soon\n");
        configs.put("no_proxy without a proxy", account + "no_proxy = example.org\n" + token);
        configs.put("a misspelled account", account.replace("A", "work") + token.replace("= A", "= wrk"));
        String service = token + "[account A]\ntoken_request_url = https://h/t\nclient_id = c\n";
        configs.put(
                "two proofs of a client",
                service + "client_key_file = /k\nclient_assertion_file = /a\nclient_secret = s\n");
        configs.put("a key and a password", service + "client_key_file = /k\nclient_auth = post\n");
        configs.put("no key", service + "client_auth = private_key_jwt\n");
        configs.put("an audience for nothing", service + "client_secret = s\nassertion_audience = issuer\n");
        configs.put("an audience without a name", service + "client_key_file = /k\nassertion_audience = issuer\n");
        configs.put(
                "an audience for another program",
                service + "client_assertion_file = /a\nassertion_audience = issuer\nissuer = http://h\n");
        configs.put("half a certificate", service + "tls_cert_file = /c\n");
        configs.put(
                "a certificate and a key", service + "tls_cert_file = /c\ntls_key_file = /k\nclient_key_file = /k\n");
        configs.put("no certificate", service + "client_auth = tls_client_auth\n");
        configs.forEach((title, text) -> {
            program.config(text);
            session.scene(title)
                    .comment(text.replaceAll("x{100,}", "x...").replace("\u0000", "\\0"))
                    .run("renew", "--dry-run");
        });
        session.hold("transcripts/config-errors");
    }
}

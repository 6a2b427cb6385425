package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.failure.Failure.Kind;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Failed;

/** A refresh token that could be saved is never lost, and if nothing can be saved, we send no request. */
class KeepTest extends SiteTest {
    @BeforeEach
    void anAccountWithOneToken() {
        site.authorize("acct");
        site.token("t", "acct");
    }

    private void assertKept() {
        assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
    }

    // Saved before anything else

    @Test
    void theRotatedTokenIsInTheFileBeforeTheTokenFileIsTouched() throws Exception {
        String before = site.refreshToken("acct");
        Files.createDirectory(directory.resolve("tokens/t"));

        assertEquals("t TOKEN_PATH", words(renew()));

        assertFalse(site.refreshToken("acct").equals(before));
        assertKept();
    }

    @Test
    void aTokenThatHasNoPlaceCostsNoMoreThanOneRotation() throws Exception {
        Files.createDirectory(directory.resolve("tokens/t"));
        assertEquals("t TOKEN_PATH", words(renew()));
        String after = site.refreshToken("acct");

        assertEquals("t TOKEN_PATH", words(renew()));
        assertEquals(after, site.refreshToken("acct"));

        Files.delete(directory.resolve("tokens/t"));
        assertEquals("t renewed", words(renew()));
        assertFalse(site.refreshToken("acct").equals(after));
    }

    /** When we request the second token, the first rotated refresh token and the first token are on disk. */
    @Test
    void atEachRequestTheTokenThatIsSentIsTheOneOnDisk() {
        site.token("u", "acct");
        List<String> onDisk = new ArrayList<>();
        List<byte[]> files = new ArrayList<>();
        site.issuer.fault(onRefresh().times(2).rewrite(body -> {
            files.add(Site.bytes(site.accountFile("acct")));
            onDisk.add(String.valueOf(site.isThere("t")));
            return body;
        }));

        renew();

        assertEquals(List.of("false", "true"), onDisk);
        byte[] last = Site.bytes(site.accountFile("acct"));
        for (int i = 0; i < 2; i++) {
            Site.restore(site.accountFile("acct"), files.get(i));
            assertEquals(site.sent().get(i), site.refreshToken("acct"));
        }
        Site.restore(site.accountFile("acct"), last);
    }

    @ParameterizedTest
    @ValueSource(strings = {"access_token", "token_type=mac", "access_token=a b", "cut", "scope=7", "bom"})
    void aRotatedTokenIsTakenOutOfAnAnswerThatIsOfNoUse(String how) {
        String before = site.refreshToken("acct");
        Fault fault = onRefresh().times(4);
        site.issuer.fault(
                switch (how) {
                    case "access_token" -> fault.remove("access_token");
                    case "cut" -> fault.rewrite(KeepTest::withoutItsEnd);
                    case "bom" -> fault.bom().remove("access_token");
                    default -> fault.set(how.split("=")[0], how.split("=")[1]).remove("expires_in");
                });

        Outcome outcome = renew().get(0);

        boolean usable = how.startsWith("scope");
        if (!usable) {
            failed(Kind.ISSUER_ANSWER, outcome);
            assertFalse(site.isThere("t"));
        }
        assertFalse(site.refreshToken("acct").equals(before));
        assertKept();
        assertEquals(0, site.issuer.reuses(), "every repeat used the token that it had just been given");

        site.issuer.clearFaults();
        assertEquals("t renewed", words(renew()));
    }

    /** The body is short enough for the excerpt in the message; SiteTest searches it for secrets. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void ofAnUnusableAnswerNoTokenIsShown(boolean cut) {
        site.issuer.policy.opaqueAccessTokens = true;
        site.issuer.policy.sendIdToken = false;
        Fault fault = onRefresh().always();
        site.issuer.fault(cut ? fault.rewrite(KeepTest::withoutItsEnd) : fault.set("token_type", "mac"));

        failed(Kind.ISSUER_ANSWER, renew().get(0));
    }

    private static byte[] withoutItsEnd(byte[] body) {
        return Arrays.copyOf(body, body.length - 1);
    }

    @Test
    void ofACutAnswerTheRotatedTokenIsKept() {
        site.issuer.policy.opaqueAccessTokens = true;
        site.issuer.policy.sendIdToken = false;
        site.issuer.fault(onRefresh().times(2).truncate(100_000));

        Failed outcome = (Failed) renew().get(0);

        assertTrue(outcome.failure().kind().passesByItself(), outcome.toString());
        assertKept();
        assertEquals("t renewed", words(renew()));
        assertEquals(0, site.issuer.reuses());
    }

    @Test
    void whatTheStoreDoesNotTakeGoesToTheRescueDirectoryAndComesHome() throws Exception {
        Path accounts = directory.resolve("accounts");
        Path away = directory.resolve("away");
        site.token("u", "acct");
        site.issuer.fault(onRefresh().rewrite(body -> move(accounts, away, body)));

        List<Outcome> outcomes = renew();

        Failed first = failed(Kind.REFRESH_TOKEN_RESCUED, outcomes.get(0));
        assertEquals(site.accountFile("acct").toString(), first.failure().where());
        assertEquals(
                directory.resolve("run/acct.account.rescue").toString(),
                first.failure().detail());
        assertTrue(site.isThere("t"), "the token is good");
        assertEquals(
                Kind.REFRESH_TOKEN_RESCUED,
                site.state("acct").failure().orElseThrow().kind());
        move(away, accounts, new byte[0]);
        assertKept();
        assertEquals("t renewed, u renewed", words(renew()));
        assertEquals(0, site.issuer.reuses());
        assertFalse(Files.exists(directory.resolve("run/acct.account.rescue")));
    }

    @ParameterizedTest
    @CsvSource({"nothing", "unusable", "identity", "token file"})
    void aTokenThatCouldBeKeptNowhereIsSaidWhateverElseFails(String besides) throws Exception {
        Path accounts = directory.resolve("accounts");
        Path away = directory.resolve("away");
        Fault fault = onRefresh().times(4).rewrite(body -> {
            Site.write(directory.resolve("run"), "a file where the rescue directory should be");
            return move(accounts, away, body);
        });
        switch (besides) {
            case "unusable" -> fault = fault.remove("access_token");
            case "identity" -> site.issuer.policy.idTokenSubject = "mallory";
            case "token file" -> Files.createDirectory(directory.resolve("tokens/t"));
            default -> {}
        }
        site.issuer.fault(fault);

        Failed outcome = failed(Kind.REFRESH_TOKEN_LOST, renew().get(0));

        assertEquals(site.accountFile("acct").toString(), outcome.failure().where());
        assertEquals(besides.equals("nothing"), Files.isRegularFile(directory.resolve("tokens/t")));
        assertEquals(
                Kind.REFRESH_TOKEN_LOST,
                site.state("acct").failure().orElseThrow().kind());
    }

    private static byte[] move(Path from, Path to, byte[] body) {
        try {
            if (Files.exists(from)) {
                Files.move(from, to);
            }
            return body;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // No request if nothing can be saved

    @Test
    void withoutSpaceForTheNextGenerationNothingIsAsked() throws Exception {
        site.token("u", "acct");
        Site.write(directory.resolve("tokens/t"), "old\n");
        byte[] before = Site.bytes(site.accountFile("acct"));
        Path next = directory.resolve("accounts/acct.account.next");
        site.whileOpening = () -> makeNonEmptyDirectory(next);

        List<Outcome> outcomes = renew();

        assertEquals("t STORE_UNWRITABLE, u STORE_UNWRITABLE", words(outcomes));
        assertEquals(0, site.requests());
        assertEquals("old\n", site.onDisk("t"));
        assertFalse(site.isThere("u"));
        assertArrayEquals(before, Site.bytes(site.accountFile("acct")));

        site.whileOpening = () -> {};
        assertEquals("t ACCOUNT_UNREADABLE, u ACCOUNT_UNREADABLE", words(renew()), "it may hold the newest generation");
        assertEquals(0, site.requests());
        assertArrayEquals(before, Site.bytes(site.accountFile("acct")));

        Files.delete(next.resolve("x"));
        Files.delete(next);
        assertEquals("t renewed, u renewed", words(renew()));
    }

    private static void makeNonEmptyDirectory(Path path) {
        try {
            Files.createDirectories(path.resolve("x"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void withoutADirectoryForTheAccountsNothingIsAsked() throws Exception {
        Site.write(directory.resolve("tokens/t"), "old\n");
        Path accounts = directory.resolve("accounts");
        Path away = Files.move(accounts, directory.resolve("away"));
        Files.createFile(accounts);

        assertEquals("t STORE_UNWRITABLE", words(renew()));

        assertEquals(0, site.requests());
        assertEquals("old\n", site.onDisk("t"));
        Files.delete(accounts);
        Files.move(away, accounts);
        assertEquals("t renewed", words(renew()));
    }

    // Account files that cannot be opened

    private void assertRefused(Kind kind) {
        Map<String, String> before = accountFiles();
        Site.write(directory.resolve("tokens/t"), "old\n");

        Failed outcome = failed(kind, renew().get(0));

        assertTrue(outcome.wasRequested());
        assertEquals(Optional.empty(), outcome.nextTry(), "no back-off: the issuer is not asked");
        assertEquals(0, site.requests());
        assertEquals(before, accountFiles());
        assertEquals("old\n", site.onDisk("t"));
        assertEquals(kind, site.state("acct").failure().orElseThrow().kind());
        assertEquals(kind, site.state("acct", "t").failure().orElseThrow().kind());
    }

    @Test
    void aWrongPassword() {
        Site.write(site.passwordFile("acct"), "not the right one\n");
        assertRefused(Kind.WRONG_PASSWORD);

        Site.write(site.passwordFile("acct"), Site.PASSWORD + "\n");
        assertEquals("t renewed", words(renew()));
    }

    @Test
    void aMissingPasswordFile() throws Exception {
        Files.delete(site.passwordFile("acct"));
        assertRefused(Kind.PASSWORD_MISSING);
    }

    @Test
    void anEmptyPasswordFile() {
        Site.write(site.passwordFile("acct"), "");
        assertRefused(Kind.PASSWORD_FILE);
    }

    @Test
    void aMissingAccountIsTheCauseAlsoWithoutItsPassword() throws Exception {
        Files.delete(site.accountFile("acct"));
        Files.deleteIfExists(directory.resolve("accounts/acct.account.prev"));
        Files.delete(site.passwordFile("acct"));
        assertRefused(Kind.ACCOUNT_MISSING);
    }

    @Test
    void aDamagedAccount() throws Exception {
        Files.deleteIfExists(directory.resolve("accounts/acct.account.prev"));
        byte[] bytes = Site.bytes(site.accountFile("acct"));
        bytes[bytes.length / 2] ^= 1;
        Site.restore(site.accountFile("acct"), bytes);
        assertRefused(Kind.ACCOUNT_DAMAGED);
    }

    @Test
    void anEmptyAccountFile() throws Exception {
        Files.deleteIfExists(directory.resolve("accounts/acct.account.prev"));
        Site.write(site.accountFile("acct"), "");
        assertRefused(Kind.ACCOUNT_DAMAGED);
    }

    @Test
    void aForeignAccount() throws Exception {
        site.authorize("other");
        Files.copy(site.accountFile("other"), site.accountFile("acct"), StandardCopyOption.REPLACE_EXISTING);
        assertRefused(Kind.ACCOUNT_FOREIGN);
    }

    @Test
    void anAccountOfANewerProgram() {
        Site.write(
                site.accountFile("acct"),
                Site.read(site.accountFile("acct"))
                        .replace("osg-token-renewer-account 1", "osg-token-renewer-account 2"));
        assertRefused(Kind.ACCOUNT_NEWER);
    }

    /** The generation is authenticated; this corrects the checksum, so that only the authentication can fail. */
    @Test
    void aTamperedAccount() throws Exception {
        Files.deleteIfExists(directory.resolve("accounts/acct.account.prev"));
        String text = Site.read(site.accountFile("acct"));
        String edited = text.replaceFirst("generation: \\d+", "generation: 99");
        String head = edited.substring(0, edited.indexOf("end: sha256="));
        byte[] sum = MessageDigest.getInstance("SHA-256").digest(head.getBytes(StandardCharsets.US_ASCII));
        Site.write(
                site.accountFile("acct"),
                head + "end: sha256=" + Base64.getEncoder().encodeToString(sum) + "\n");
        assertRefused(Kind.ACCOUNT_TAMPERED);
    }

    @Test
    void aFileThatOpensAndHoldsNoAccount() {
        site.save("acct", Account.decode(withoutMember("token_endpoint_auth_method")));
        Account account = site.account("acct");
        assertEquals(Site.CLIENT_SECRET, account.client().secret().orElseThrow().reveal());

        byte[] unfit = withoutMember("refresh_token");
        try (LockedAccount locked = site.hold("acct");
                var password = Password.of(Site.PASSWORD.getBytes(StandardCharsets.UTF_8))) {
            locked.open(password).save(unfit);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertRefused(Kind.ACCOUNT_DAMAGED);
        assertTrue(seen.toString().contains("refresh_token"), seen.toString());
    }

    private byte[] withoutMember(String member) {
        String json = new String(site.account("acct").encode(), StandardCharsets.UTF_8);
        return json.replaceFirst("\"" + member + "\":\"[^\"]*\",?", "")
                .replace(",}", "}")
                .getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void aDamagedFileIsMadeGoodFromTheGenerationBefore() {
        site.issuer.policy.graceForOldToken = Duration.ofHours(1);
        renew();
        Site.write(site.accountFile("acct"), "damaged");

        assertEquals("t renewed", words(renew()));
        assertKept();
    }

    private Map<String, String> accountFiles() {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(directory.resolve("accounts"))) {
            all.filter(file -> !file.toString().endsWith(".lock"))
                    .forEach(file -> files.put(
                            file.toString(),
                            Files.isDirectory(file)
                                    ? "directory"
                                    : new String(Site.bytes(file), StandardCharsets.ISO_8859_1)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }

    @Test
    void aRunThatFailsLeavesTheAccountFileAsItIs() {
        byte[] before = Site.bytes(site.accountFile("acct"));
        site.issuer.fault(onRefresh().always().respond(503, null, null));

        renew();

        assertArrayEquals(before, Site.bytes(site.accountFile("acct")));
        assertFalse(Files.exists(directory.resolve("accounts/acct.account.next")));
    }
}

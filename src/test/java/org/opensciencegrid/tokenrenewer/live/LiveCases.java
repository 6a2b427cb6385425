package org.opensciencegrid.tokenrenewer.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.dist.Installed;
import org.opensciencegrid.tokenrenewer.dist.Installed.Ended;
import org.opensciencegrid.tokenrenewer.dist.Installed.Running;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.text.Secret;

/** The cases that every server is put through, each from an empty directory. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class LiveCases {
    static final String SCOPE = "--scope=openid offline_access profile";
    private static final Pattern CODE = Pattern.compile("the code: +(\\S+)");

    @TempDir
    static Path servers;

    @TempDir
    Path directory;

    LiveIssuer issuer;
    Installed site;
    private final List<Ended> printed = new ArrayList<>();

    @BeforeEach
    void empty() {
        site = new Installed(directory);
    }

    @AfterAll
    void stop() {
        if (issuer != null) {
            issuer.close();
        }
    }

    /** RFC 6749 section 10: nothing that was printed may hold what the account file keeps secret. */
    @AfterEach
    void nothingSecretWasPrinted() throws Exception {
        if (!Files.exists(site.file("state/accounts/acct.account"))) {
            return;
        }
        Account account = account();
        for (Ended ended : printed) {
            for (Secret secret :
                    List.of(account.refreshToken(), account.client().secret().orElse(Secret.of("none")))) {
                assertFalse((ended.out() + ended.err()).contains(secret.reveal()), "a secret was printed");
            }
        }
    }

    @Test
    void registersRenewsThreeTimesAndTellsTheStatus() throws Exception {
        Ended setup = setup(true, SCOPE);
        assertEquals(0, setup.status(), setup.out() + setup.err());
        assertTrue(setup.out().contains("Registered client"), setup.out());
        configure(sectionOf(setup), "");
        String token = "";
        Secret refreshToken = account().refreshToken();
        for (int i = 0; i < 3; i++) {
            assertRenews();
            assertNotEquals(token, token());
            token = token();
            assertEquals(issuer.rotates(), !refreshToken.equals(account().refreshToken()), "rotation");
            refreshToken = account().refreshToken();
        }
        Ended status = run("status");
        assertEquals(0, status.status(), status.out());
        assertTrue(status.out().contains("authorized"), status.out());
        if (Boolean.getBoolean("live.transcript")) {
            System.out.println(setup.out() + status.out());
        }
    }

    @Test
    void aFreshTokenAsksNothingAndAChangedScopeDoes() throws Exception {
        configure(sectionOf(setup(true, SCOPE)), "min_lifetime = 60\n");
        assertRenews();
        String token = token();
        Files.delete(site.file("acct.pw")); // needed by nobody when nothing is due
        Ended fresh = run("renew");
        assertEquals(0, fresh.status(), fresh.err());
        assertTrue(fresh.out().contains("seconds remaining in 'one', not renewing"), fresh.out());
        assertEquals(token, token());
        site.write("acct.pw", "correct horse battery staple\n");
        configure(section(), "min_lifetime = 60\nscope = openid\n");
        assertRenews();
        assertNotEquals(token, token());
    }

    @Test
    void aDeadRefreshTokenIsToldWithItsRepairAndReauthenticationHealsIt() throws Exception {
        configure(sectionOf(setup(true, SCOPE)), "");
        assertRenews();
        String token = token();
        spoilRefreshToken();
        Ended dead = run("renew");
        assertEquals(1, dead.status());
        assertTrue(dead.err().contains("the authorization has ended"), dead.err());
        assertTrue(dead.err().contains("setup --reauthenticate acct"), dead.err());
        assertEquals(token, token(), "the old token stays");
        Ended later = run("renew");
        assertTrue(later.err().contains("not asked again before"), later.err());
        assertEquals(1, run("status").status());

        Ended again = decide(start("setup", "--reauthenticate", "acct"), true);
        assertEquals(0, again.status(), again.out() + again.err());
        assertRenews();
        assertEquals(0, run("status").status());
    }

    @Test
    void theIssuerIsFoundWithAndWithoutItsTrailingSlash() throws Exception {
        String other = issuer.issuer().endsWith("/")
                ? issuer.issuer().substring(0, issuer.issuer().length() - 1)
                : issuer.issuer() + "/";
        Ended setup = decide(startSetup(other, SCOPE), true);
        assertEquals(0, setup.status(), setup.out() + setup.err());
        configure(sectionOf(setup), "");
        assertRenews();
    }

    @Test
    void aScopeThatWasNotGrantedIsRefusedOrToldAndNothingIsLost() throws Exception {
        configure(sectionOf(setup(true, SCOPE)), "scope = no.such.scope\n");
        Ended refused = run("renew");
        assertEquals(1, refused.status(), refused.out());
        assertTrue(refused.err().contains("refuses the scope"), refused.err());
        configure(section(), "scope = openid\n");
        assertRenews();
    }

    /** The password in the test's own hands: a refresh token that the issuer never gave. */
    private void spoilRefreshToken() throws Exception {
        try (LockedAccount locked = store().lock("acct", Duration.ofSeconds(10));
                Password password = PasswordFile.read(site.file("acct.pw"));
                OpenAccount open = locked.open(password)) {
            Account account = Account.decode(open.plaintext());
            open.save(account.withRefreshToken(Secret.of("never-given-by-anybody"))
                    .encode());
        }
    }

    Account account() throws IOException {
        try (LockedAccount locked = store().lock("acct", Duration.ofSeconds(10));
                Password password = PasswordFile.read(site.file("acct.pw"));
                OpenAccount open = locked.open(password)) {
            return Account.decode(open.plaintext());
        }
    }

    private AccountStore store() {
        return new AccountStore(
                site.file("state/accounts"), site.file("state/rescue"), new KdfParameters(8, 1, 1), new SecureRandom());
    }

    Ended setup(boolean approve, String... options) throws Exception {
        return decide(startSetup(issuer.issuer(), options), approve);
    }

    Running startSetup(String url, String... options) {
        List<String> words = new ArrayList<>(List.of(
                "setup", "--issuer=" + url, "--ca-file=" + issuer.caFile(), "--pw-file=" + site.file("acct.pw")));
        words.addAll(List.of(options));
        words.add("acct");
        return start(words.toArray(String[]::new));
    }

    Running start(String... words) {
        return site.start("usr/bin/osg-token-renewer", words);
    }

    /** Waits for the code, decides as the person at the browser, and waits for the end. */
    Ended decide(Running setup, boolean approve) throws Exception {
        setup.awaitOutput("Waiting for your approval");
        Matcher code = CODE.matcher(Files.readString(setup.out()));
        if (code.find()) {
            issuer.decide(code.group(1), approve);
        }
        return remember(setup.await());
    }

    Ended run(String... words) throws Exception {
        return remember(start(words).await());
    }

    private Ended remember(Ended ended) {
        printed.add(ended);
        return ended;
    }

    void assertRenews() throws Exception {
        Ended renew = run("renew");
        assertEquals(0, renew.status(), renew.err());
    }

    String token() {
        return site.read("one.token");
    }

    JwtClaims claims() {
        return JwtClaims.of(token().strip()).orElseThrow();
    }

    /** The section that setup printed, as an operator pastes it. */
    static String sectionOf(Ended setup) {
        assertEquals(0, setup.status(), setup.out() + setup.err());
        return setup.out()
                .substring(setup.out().indexOf("[account "), setup.out().indexOf("and a section"));
    }

    String section() {
        return site.read("config.ini").substring(0, site.read("config.ini").indexOf("[token"));
    }

    void configure(String section, String options) {
        site.write("config.ini", section + "[token one]\naccount = acct\ntoken_path = DIR/one.token\n" + options);
    }
}

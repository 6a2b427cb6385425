package org.opensciencegrid.tokenrenewer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;

/** What an account and a token must have: messages and line numbers. */
class ValidationTest {
    private static final String ACCOUNT = "[account A]\npassword_file = /a\n";
    private static final String TOKEN = "[token T]\naccount = A\ntoken_path = /t\n";
    private static final String CLIENT =
            "[account A]\ntoken_request_url = https://h/t\nclient_id = id\nclient_secret = s\n";

    @ParameterizedTest
    @ValueSource(strings = {"9", "121", "0"})
    void anAnswerTimeoutThatIsTooShortOrTooLong(String seconds) throws Exception {
        List<String> problems = Texts.problems(ACCOUNT + "answer_timeout = " + seconds + "\n" + TOKEN);
        assertEquals(1, problems.size());
        assertTrue(
                problems.get(0)
                        .startsWith("3: Config section [account A]: answer_timeout is not from 10 to 120 seconds"),
                problems.get(0));
    }

    @Test
    void anAnswerTimeoutOfOneAccount() throws Exception {
        AccountSection account =
                Texts.read(ACCOUNT + "answer_timeout = 30\n" + TOKEN).accounts().get("A");
        assertEquals(
                Optional.of(Duration.ofSeconds(30)), account.networkOptions().responseTimeout());
        assertEquals(
                Duration.ofSeconds(30),
                Network.DIRECT.with(account.networkOptions()).responseTimeout());
        assertEquals(
                Limits.RESPONSE, Network.DIRECT.with(NetworkOptions.DEFAULT).responseTimeout());
    }

    @ParameterizedTest
    @MethodSource
    void sentencesOfTheOriginal(String text, String problem) throws Exception {
        assertEquals(List.of(problem), Texts.problems(text));
    }

    static Stream<Arguments> sentencesOfTheOriginal() {
        return Stream.of(
                arguments(
                        ACCOUNT + "[token T]\ntoken_path = /t\n",
                        "3: Config section [token T]: missing 'account' attribute"),
                arguments(
                        ACCOUNT + "[token T]\naccount =\ntoken_path = /t\n",
                        "3: Config section [token T]: missing 'account' attribute"),
                arguments(
                        ACCOUNT + "[token T]\naccount = A\n",
                        "3: Config section [token T]: missing 'token_path' attribute"),
                arguments(
                        ACCOUNT + "[token T]\naccount = A\ntoken_path =\n",
                        "3: Config section [token T]: missing 'token_path' attribute"),
                arguments(TOKEN, "2: Config for [token T]: missing [account A] section"),
                arguments(
                        TOKEN + "[account a]\npassword_file = /a\n",
                        "2: Config for [token T]: missing [account A] section (did you mean 'a'?)"),
                arguments(
                        TOKEN + "[account A]\n",
                        "4: Config section [account A]: missing both 'password_file' and 'token_request_url' attributes"),
                arguments(
                        TOKEN + "[account A]\npassword_file = %(no)s\nno =\n",
                        "4: Config section [account A]: missing both 'password_file' and 'token_request_url' attributes"),
                arguments(
                        TOKEN + CLIENT.replace("client_id = id\n", ""),
                        "4: Config section [account A]: missing 'client_id' attribute"),
                arguments(
                        TOKEN + CLIENT.replace("client_secret = s\n", ""),
                        "4: Config section [account A]: missing 'client_secret' attribute"),
                arguments(
                        "[account A/b c]\n",
                        "1: Unrecognized config section 'account A/b c'; write [account NAME], with a name that has no spaces in it"));
    }

    @Test
    void anyNumberOfEighteenDigitsIsOneOfSeconds() throws Exception {
        Config config = Texts.read(ACCOUNT + TOKEN + "min_lifetime = 999999999999999999\n");
        assertEquals(
                OptionalLong.of(999_999_999_999_999_999L),
                config.tokens().get(0).minLifetime());
    }

    @ParameterizedTest
    @MethodSource
    void otherProblems(String text, String problem) throws Exception {
        assertEquals(List.of(problem), Texts.problems(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"yes", "True", "on", "1"})
    void strict(String yes) throws Exception {
        assertTrue(Texts.read(ACCOUNT + TOKEN + "strict = " + yes + "\n")
                .tokens()
                .get(0)
                .strict());
        assertFalse(
                Texts.read(ACCOUNT + TOKEN + "strict = no\n").tokens().get(0).strict());
    }

    @Test
    void exchange() throws Exception {
        assertEquals(Optional.empty(), exchange("exchange = no\n"));
        assertEquals(Optional.of(List.of()), exchange("exchange = yes\n"));
        assertEquals(
                Optional.of(List.of("https://a.example.org/", "urn:b")),
                exchange("exchange = on\nexchange_resource = https://a.example.org/\n  urn:b\n"));
    }

    private static Optional<List<String>> exchange(String options) throws Exception {
        return Texts.read(ACCOUNT + TOKEN + options).tokens().get(0).exchange();
    }

    @ParameterizedTest
    @CsvSource({"0640, rw-r-----", "640, rw-r-----", "0400, r--------", "0664, rw-rw-r--", "0755, rwxr-xr-x"})
    void tokenMode(String octal, String mode) throws Exception {
        TokenAccess access = Texts.read(
                        ACCOUNT + TOKEN + "token_mode = " + octal + "\ntoken_owner = condor\ntoken_group = 985\n")
                .tokens()
                .get(0)
                .access();
        assertEquals(
                new TokenAccess(
                        Optional.of(PosixFilePermissions.fromString(mode)), Optional.of("condor"), Optional.of("985")),
                access);
        assertEquals(
                TokenAccess.UNCHANGED,
                Texts.read(ACCOUNT + TOKEN).tokens().get(0).access());
    }

    @Test
    void postRenewal() throws Exception {
        String text = ACCOUNT + TOKEN + "post_renewal = /usr/bin/x  --a=\"b c\"\n  $HOME ;\n";
        assertEquals(
                Optional.of(new PostRenewal(
                        List.of("/usr/bin/x", "--a=\"b", "c\"", "$HOME", ";"),
                        Duration.ofSeconds(30),
                        PostRenewal.When.RENEWED,
                        List.of())),
                Texts.read(text).tokens().get(0).postRenewal());
        assertEquals(
                Duration.ofSeconds(240),
                Texts.read(text + "post_renewal_timeout = 240\n")
                        .tokens()
                        .get(0)
                        .postRenewal()
                        .orElseThrow()
                        .timeout());
    }

    @Test
    void postRenewalInEveryRunWithVariables() throws Exception {
        String text = ACCOUNT + TOKEN
                + "post_renewal = /usr/bin/x\npost_renewal_when = every_run\npost_renewal_environment = KUBECONFIG\n  HOME\n";
        PostRenewal hook = Texts.read(text).tokens().get(0).postRenewal().orElseThrow();
        assertEquals(PostRenewal.When.EVERY_RUN, hook.when());
        assertEquals(List.of("KUBECONFIG", "HOME"), hook.environment());
    }

    @ParameterizedTest
    @ValueSource(strings = {"post_renewal_timeout = 5", "post_renewal_when = renewed", "post_renewal_environment = A"})
    void anOptionOfNoProgram(String line) throws Exception {
        assertEquals(
                List.of("6: Config section [token T]: " + line.split(" ")[0] + " without 'post_renewal' means nothing"),
                Texts.warnings(ACCOUNT + TOKEN + line + "\n"));
    }

    @Test
    void aKeyOfASecretIsOfOneToken() throws Exception {
        String two = ACCOUNT + TOKEN + "token_secret = ns/s\n[token U]\naccount = A\ntoken_path = /u\n";
        assertEquals(
                List.of(
                        "10: Config section [token U]: token_secret is also that of the token 'T'; give each token a key"
                                + " of its own, such as token_secret = ns/s#U"),
                Texts.problems(two + "token_secret = ns/s#token\n"));
        assertEquals(List.of(), Texts.problems(two + "token_secret = ns/s#u\n"));
        assertEquals(List.of(), Texts.problems(two + "token_secret = other/s\n"));
        Config inherited = Texts.read("[DEFAULT]\ntoken_secret = s\n" + two.replace("token_secret = ns/s\n", ""));
        assertEquals(
                List.of("T"),
                inherited.tokens().stream().map(TokenSection::name).toList());
    }

    private static final String IN_SECRET = ACCOUNT + "[token T]\naccount = A\ntoken_secret = s\n";

    @Test
    void aSecretCanBeTheOnlyPlace() throws Exception {
        TokenSection token = Texts.read(IN_SECRET).tokens().get(0);
        assertEquals(Optional.empty(), token.tokenPath());
        assertEquals("Secret s#token", token.place());
        assertEquals(
                List.of("6: Config section [token T]: token_mode without 'token_path' means nothing"),
                Texts.warnings(IN_SECRET + "token_mode = 0640\n"));
        assertEquals(
                List.of("6: Config section [token T]: push-ssh copies the file at token_path, and the section has none;"
                        + " write for example token_path = /etc/osg/tokens/T"),
                Texts.problems(IN_SECRET + "post_renewal = /usr/libexec/osg-token-renewer/hooks/push-ssh worker1\n"));
        assertEquals(
                List.of("Secret s#a", "Secret s#b"),
                Texts.read(IN_SECRET.replace("= s", "= s#%(each)s") + "for_each = a b\n").tokens().stream()
                        .map(TokenSection::place)
                        .toList());
    }

    static Stream<Arguments> otherProblems() {
        return Stream.of(
                arguments(
                        ACCOUNT + TOKEN + "post_renewal = /usr/bin/x\npost_renewal_environment = EACH\n",
                        "7: Config section [token T]: post_renewal_environment: EACH is set by this program; remove it"),
                arguments(
                        ACCOUNT + TOKEN + "token_secret = osg-token-renewer-account-a#account\n",
                        "6: Config section [token T]: token_secret 'osg-token-renewer-account-a#account' is a Secret of"
                                + " this program itself; use a name that does not begin with osg-token-renewer-account-"
                                + " or osg-token-renewer-state-"),
                arguments(
                        ACCOUNT + TOKEN + "token_secret = ns/osg-token-renewer-state-a\n",
                        "6: Config section [token T]: token_secret 'ns/osg-token-renewer-state-a' is a Secret of this"
                                + " program itself; use a name that does not begin with osg-token-renewer-account- or"
                                + " osg-token-renewer-state-"),
                arguments(
                        ACCOUNT + TOKEN + "token_secret = s#h:1\n",
                        "6: Config section [token T]: token_secret 's#h:1' has a ':', which Kubernetes does not allow"),
                arguments(
                        ACCOUNT + TOKEN + "post_renewal = /usr/bin/x\npost_renewal_when = always\n",
                        "7: Config section [token T]: post_renewal_when 'always' is not one of renewed, every_run"),
                arguments(
                        ACCOUNT + TOKEN + "post_renewal = /usr/bin/x\npost_renewal_environment = A=b\n",
                        "7: Config section [token T]: post_renewal_environment 'A=b' is not the name of an environment"
                                + " variable; write names only, separated by spaces"),
                arguments(
                        ACCOUNT + TOKEN + "post_renewal = /usr/bin/x\npost_renewal_environment = TOKEN_PATH\n",
                        "7: Config section [token T]: post_renewal_environment: TOKEN_PATH is set by this program;"
                                + " remove it"),
                arguments(
                        ACCOUNT + TOKEN + "token_mode = rw-r-----\n",
                        "6: Config section [token T]: token_mode 'rw-r-----' is not a mode such as 0640"),
                arguments(
                        ACCOUNT + TOKEN + "token_mode = 04755\n",
                        "6: Config section [token T]: token_mode '04755' is not a mode such as 0640"),
                arguments(
                        ACCOUNT + TOKEN + "token_mode = 0240\n",
                        "6: Config section [token T]: token_mode '0240' does not let the owner read"),
                arguments(
                        ACCOUNT + TOKEN + "token_mode = 0646\n",
                        "6: Config section [token T]: token_mode '0646' lets everyone write"),
                arguments(
                        ACCOUNT + TOKEN + "token_group = a b\n",
                        "6: Config section [token T]: token_group 'a b' is not one name or number"),
                arguments(
                        ACCOUNT + TOKEN + "token_owner = $(id)\n",
                        "6: Config section [token T]: token_owner '$(id)' is not one name or number"),
                arguments(
                        ACCOUNT + TOKEN + "scope = x\npost_renewal = condor_reconfig\n",
                        "7: Config section [token T]: post_renewal 'condor_reconfig' is not an absolute path; write the"
                                + " whole path, starting with '/'"),
                arguments(
                        ACCOUNT + TOKEN + "post_renewal = /x\npost_renewal_timeout = 0\n",
                        "7: Config section [token T]: post_renewal_timeout is not from 1 to 240 seconds: a run has 9"
                                + " minutes"),
                arguments(
                        ACCOUNT + TOKEN + "min_lifetime = -1\n",
                        "6: Config section [token T]: min_lifetime '-1' is not a number of seconds"),
                arguments(
                        ACCOUNT + TOKEN + "min_lifetime = \u0663\n",
                        "6: Config section [token T]: min_lifetime '\u0663' is not a number of seconds"),
                arguments(
                        ACCOUNT + TOKEN + "min_lifetime = 9999999999999999999\n",
                        "6: Config section [token T]: min_lifetime '9999999999999999999' is not a number of seconds"),
                arguments(
                        ACCOUNT + TOKEN + "min_lifetime = 10000000000000000000\n",
                        "6: Config section [token T]: min_lifetime '10000000000000000000' is not a number of seconds"),
                arguments(
                        ACCOUNT + TOKEN + "strict = maybe\n",
                        "6: Config section [token T]: strict 'maybe' is not yes or no"),
                arguments(
                        ACCOUNT + TOKEN + "exchange = maybe\n",
                        "6: Config section [token T]: exchange 'maybe' is not yes or no"),
                arguments(
                        ACCOUNT + TOKEN + "exchange_resource = https://a.example.org/\n",
                        "6: Config section [token T]: exchange_resource needs 'exchange = yes'"),
                arguments(
                        ACCOUNT + TOKEN + "exchange = yes\nexchange_resource = https://a.example.org/#b\n",
                        "7: Config section [token T]: exchange_resource 'https://a.example.org/#b' is not an absolute URI"
                                + " without '#', such as https://storage.example.org/; separate several with spaces"),
                arguments(
                        ACCOUNT + TOKEN + "exchange = yes\nexchange_resource = storage\n",
                        "7: Config section [token T]: exchange_resource 'storage' is not an absolute URI without '#', such"
                                + " as https://storage.example.org/; separate several with spaces"),
                arguments(
                        TOKEN + ACCOUNT + "ca_file = /x\nca_dir = /y\n",
                        "7: Config section [account A]: both 'ca_file' and 'ca_dir'; keep one"),
                arguments(
                        ACCOUNT + TOKEN + "scope = a \u0000b\n",
                        "6: Config section [token T]: scope contains the control character U+0000"),
                arguments(
                        ACCOUNT + TOKEN.replace("/t", "/t\u001b[2J"),
                        "5: Config section [token T]: token_path contains the control character U+001B"),
                arguments(
                        TOKEN + ACCOUNT + "client_auth = Basic\n",
                        "6: Config section [account A]: client_auth 'Basic' is not one of basic, basic_raw, post, none, private_key_jwt, client_secret_jwt, tls_client_auth,"
                                + " self_signed_tls_client_auth"),
                arguments(
                        TOKEN + ACCOUNT + "audience_parameter = aud\n",
                        "6: Config section [account A]: audience_parameter 'aud' is not one of resource, audience"),
                arguments(
                        TOKEN + CLIENT + "client_secret_file = /s\n",
                        "8: Config section [account A]: both 'client_secret' and 'client_secret_file'; keep one"),
                arguments(
                        TOKEN + CLIENT.replace("id\n", "id\n  x\n"),
                        "7: Config section [account A]: the line is indented, so it continues the value of 'client_id'"
                                + " above; let it begin where the line above begins"),
                arguments(
                        "[DEFAULT]\nv = a\n  b\n" + TOKEN + "[account A]\npassword_file = %(v)s\n",
                        "8: Config section [account A]: password_file takes over a value of more than one line"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a/b",
                "../x",
                "a..b",
                ".a",
                "-a",
                "_a",
                "a\\b",
                "a:b",
                "\u00e9",
                "a%b",
                "a~b",
                "a2345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
            })
    void accountNamesThatAreNoFileNames(String name) throws Exception {
        String account = "[account " + name + "]\npassword_file = /a\n";
        String rule =
                "an account name begins with a letter or digit, has only letters, digits and ._@+- in it, no '..',"
                        + " and at most 100 characters";
        assertEquals(
                List.of("1: Config section [account " + name + "]: " + rule),
                Texts.problems(account + "[token T]\ntoken_path = /t\naccount = " + name.replace("%", "%%") + "\n"));

        Config unused = Texts.read(account);
        assertEquals(List.of(), unused.unusedAccounts(), "who lists accounts may take them for file names");
        assertEquals(List.of("1: Config section [account " + name + "]: " + rule), Texts.problems(account));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"a", "0", "A.b_c@d+e-f", "a234567890123456789012345678901234567890123456789012345678901234567890"
            })
    void accountNames(String name) throws Exception {
        String text =
                "[account " + name + "]\npassword_file = /a\n[token T]\ntoken_path = /t\naccount = " + name + "\n";
        assertEquals(name, Texts.read(text).accounts().get(name).name());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a/b", ".", "..", "a\u0000b", "a\u007fb"})
    void badTokenNames(String name) throws Exception {
        String shown = name.replace("\u0000", "\\x00").replace("\u007f", "\\x7F");
        assertEquals(
                List.of("3: Config section [token " + shown
                        + "]: a token name has at most 100 characters, no '/' and no control characters, and is not '.' or"
                        + " '..'"),
                Texts.problems(ACCOUNT + TOKEN.replace("T", name)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a:b", "\u00e9", "a..b", "-", "a%b"})
    void tokenNames(String name) throws Exception {
        assertEquals(
                name,
                Texts.read(ACCOUNT + TOKEN.replace("T", name)).tokens().get(0).name());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://h.example.org/token", "HTTPS://h:8443/t?x=y", "https://[2001:db8::1]/t", "http://localhost/t",
                "http://LOCALHOST:8080/t", "http://127.0.0.1:1/t", "http://127.3.2.1/", "http://[::1]:8080/t"
            })
    void endpoints(String url) throws Exception {
        AccountSection account = Texts.read(TOKEN + CLIENT.replace("https://h/t", url))
                .accounts()
                .get("A");
        assertEquals(url, ((ClientCredentialsAccount) account).tokenRequestUrl().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://h.example.org/token",
                "http://127.0.0.1.example.org/t",
                "http://localhost.example.org/t",
                "http://127.0.0.999/t",
                "http://[::2]/t",
                "http://0.0.0.0/t",
                "https://user:hunter2@h/t",
                "https://h/t#hunter2",
                "https:///t",
                "https:t",
                "h.example.org/t",
                "/t",
                "ftp://h/t",
                "javascript:hunter2",
                "https://a b/hunter2",
                "https://h:x/t",
                "file:///hunter2",
                "http://localhost@h.example.org/t"
            })
    void addressesToWhichNoSecretIsSent(String url) throws Exception {
        assertEquals(
                List.of("5: Config section [account A]: token_request_url must be an https:// address (http:// only on"
                        + " localhost) without user name and without '#'"),
                Texts.problems(TOKEN + CLIENT.replace("https://h/t", url)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hunter2%",
                "%(hunter2)s",
                "hunter2%(",
                "hunter2\u0000",
                "x\n  hunter2",
                "%(client_secret)s hunter2"
            })
    void noProblemShowsTheSecret(String secret) throws Exception {
        List<String> problems = Texts.problems(TOKEN + CLIENT.replace("= s\n", "= " + secret + "\n"));
        assertEquals(1, problems.size());
        assertFalse(problems.toString().contains("hunter2"), problems.toString());
    }

    @Test
    void thePasswordFileGoesFirst() throws Exception {
        String text = TOKEN + CLIENT + "password_file = /p\n";
        StoredAccount account = (StoredAccount) Texts.read(text).accounts().get("A");
        assertEquals(Path.of("/p"), account.passwordFile());
        assertEquals(Optional.empty(), account.audienceParameter());
        assertEquals(
                List.of("5: Config section [account A]: 'token_request_url' is ignored: 'password_file' goes first"),
                Texts.warnings(text));
    }

    @Test
    void anUnusedAccountIsReadLikeAnyOther() throws Exception {
        Config sound = Texts.read("[account x]\npassword_file = /x.pw\nca_file = /ca.pem\nodd = 1\n");
        assertEquals(List.of("x"), sound.unusedAccounts());
        StoredAccount account = (StoredAccount) sound.accounts().get("x");
        assertEquals(Path.of("/x.pw"), account.passwordFile());
        assertEquals(Optional.of(Path.of("/ca.pem")), account.caFile());
        assertEquals(Map.of(), sound.accountsInUse());
        assertEquals(1, sound.warnings().size());

        Config faulty = Texts.read("[account x]\npassword_file = x.pw\nclient_auth = no\n[account  x]\n");
        assertEquals(List.of("x"), faulty.unusedAccounts());
        assertEquals(Map.of(), faulty.accounts());
        assertEquals(
                List.of(2, 3, 4),
                faulty.problems().stream().map(ConfigError::line).toList());
    }

    @Test
    void unknownOptions() throws Exception {
        assertEquals(
                List.of(
                        "2: Config section [DEFAULT]: unknown option 'pasword_file' is ignored (did you mean"
                                + " 'password_file'?)",
                        "6: Config section [token T]: unknown option 'scopes' is ignored (did you mean 'scope'?)",
                        "7: Config section [token T]: unknown option 'colour' is ignored",
                        "10: Config section [account A]: unknown option 'min_lifetime' is ignored"),
                Texts.warnings("[DEFAULT]\npasword_file = /a\n" + TOKEN + "Scopes = a\ncolour = %\n" + ACCOUNT
                        + "min_lifetime = 1\n"));
    }

    @Test
    void anOptionThatIsReferredToIsNotUnknown() throws Exception {
        assertEquals(
                List.of(),
                Texts.warnings(
                        "[DEFAULT]\ndir = %(root)s/d\nroot = /r\n[account A]\nf = x\npassword_file = %(dir)s/%(f)s\n"
                                + TOKEN));
    }

    /** Overwriting any of these with a token would cost more than a token. */
    @Test
    void aTokenPathThatIsAFileOfOurs(@TempDir Path directory) throws Exception {
        Path password = Files.writeString(directory.resolve("a.pw"), "secret");
        Path state =
                Files.createDirectories(directory.resolve("state/accounts")).getParent();
        Path run = Files.createDirectory(directory.resolve("run"));
        Path authorities = Files.createDirectory(directory.resolve("authorities"));
        Path alias = Files.createSymbolicLink(directory.resolve("alias"), directory);
        Path link = Files.createSymbolicLink(directory.resolve("link"), password);
        Path config = directory.resolve("config.ini");
        for (Path path : List.of(
                password,
                directory.resolve("./x/../a.pw"),
                alias.resolve("a.pw"),
                link,
                directory.resolve("ca.pem"),
                directory.resolve("s.secret"),
                config,
                run.resolve("a.key"),
                alias.resolve("run/t"),
                authorities.resolve("t.pem"),
                alias.resolve("authorities/t"),
                state.resolve("t"),
                alias.resolve("state/accounts/a.account"))) {
            Files.writeString(
                    config,
                    "[account a]\npassword_file = " + password + "\nca_file = " + directory.resolve("ca.pem")
                            + "\n[account b]\ntoken_request_url = https://x.test/\nclient_id = x\nclient_secret_file = "
                            + directory.resolve("s.secret") + "\nca_dir = " + authorities
                            + "\n[token u]\naccount = b\ntoken_path = "
                            + directory.resolve("u") + "\n[token t]\naccount = a\ntoken_path = " + path + "\n");

            List<ConfigError> problems =
                    ConfigFile.read(config, List.of(state, run), () -> {}).problems();

            assertEquals(1, problems.size(), path + ": " + problems);
            assertEquals(14, problems.get(0).line());
            assertTrue(problems.get(0).text().contains("; name a file of its own"));
        }
    }

    @Test
    void aCommaIsNoSeparator() throws Exception {
        String text = ACCOUNT + TOKEN + "audience = a,b\n";
        assertEquals(List.of("a,b"), Texts.read(text).tokens().get(0).audience());
        assertEquals(
                List.of("6: Config section [token T]: the comma in audience is taken as a part of it; audiences are"
                        + " separated by blanks"),
                Texts.warnings(text));
    }

    @Test
    void listsAreSplitAtAnyBlank() throws Exception {
        TokenSection token = Texts.read(ACCOUNT + TOKEN + "scope =\n  a\tb\n\n  # note\n  c\u00a0d\naudience =\n")
                .tokens()
                .get(0);
        assertEquals(List.of("a", "b", "c", "d"), token.scope());
        assertEquals(List.of(), token.audience());
    }

    @Test
    void twoTokensInOneFile() throws Exception {
        assertEquals(
                List.of(
                        "6: Config section [token U]: token_path is also that of [token T] (line 3); the last one wins"),
                Texts.warnings(ACCOUNT + TOKEN + "[token U]\naccount = A\ntoken_path = /x/../t\n"));
    }

    @Test
    void allProblemsAtOnce() throws Exception {
        assertEquals(
                List.of(
                        "1: Config section [account A]: missing both 'password_file' and 'token_request_url' attributes",
                        "2: Config section [account B]: missing 'client_id' attribute",
                        "2: Config section [account B]: missing 'client_secret' attribute",
                        "4: Unrecognized config section 'tokens x' (did you mean '[token x]'?)",
                        "5: Config section [token S]: missing 'account' attribute",
                        "5: Config section [token S]: missing 'token_path' attribute",
                        "6: Config section [token T]: missing 'token_path' attribute",
                        "8: Config section [token U]: missing 'token_path' attribute",
                        "9: Config section [token U]: min_lifetime '1h' is not a number of seconds",
                        "12: Config for [token V]: missing [account C] section"),
                Texts.problems("""
                        [account A]
                        [account B]
                        token_request_url = https://h/t
                        [tokens x]
                        [token S]
                        [token T]
                        account = A
                        [token U]
                        min_lifetime = 1h
                        account = B
                        [token V]
                        account = C
                        token_path = /t
                        """));
    }
}

package org.opensciencegrid.tokenrenewer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** From a file to a {@link Config}, and files that are none. */
class ConfigFileTest {
    @TempDir
    Path dir;

    @Test
    void everyOptionArrives() throws Exception {
        Config config = Texts.read("""
                [account stored]

                password_file = /etc/osg/tokens/stored.pw
                audience_parameter = resource
                client_auth = basic_raw
                ca_file = /etc/pki/ca.pem

                [account cc]
                token_request_url = https://h.example.org:8443/token?x=y
                client_id = cilogon:/client_id/12ab
                client_secret = p=q:r#s;t %%

                [account cc-file]
                token_request_url = http://localhost:8080/token
                client_id = host:demo.example.org
                client_secret_file = /secret.txt
                audience_parameter = resource
                client_auth = post

                [account spare]
                password_file = /spare.pw
                [token t]
                account = stored
                token_path = /etc/osg/tokens/stored.t.token
                audience = ce.example.org:9619  https://wlcg.cern.ch/jwt/v1/any
                scope = compute.read
                    compute.create
                min_lifetime = 7200
                [token u]
                account = cc
                token_path = /u.token
                min_lifetime =
                [token v]
                account = cc-file
                token_path = /v
                """);

        assertEquals(
                List.of(
                        new StoredAccount(
                                "stored",
                                1,
                                Path.of("/etc/osg/tokens/stored.pw"),
                                Optional.of(AudienceParameter.RESOURCE),
                                Optional.of(ClientAuth.BASIC_RAW),
                                ClientFiles.NONE,
                                Optional.of(Path.of("/etc/pki/ca.pem")),
                                NetworkOptions.DEFAULT),
                        new ClientCredentialsAccount(
                                "cc",
                                8,
                                URI.create("https://h.example.org:8443/token?x=y"),
                                Optional.empty(),
                                "cilogon:/client_id/12ab",
                                Optional.of(Secret.of("p=q:r#s;t %")),
                                Optional.empty(),
                                AudienceParameter.AUDIENCE,
                                ClientAuth.BASIC,
                                ClientFiles.NONE,
                                Optional.empty(),
                                NetworkOptions.DEFAULT),
                        new ClientCredentialsAccount(
                                "cc-file",
                                13,
                                URI.create("http://localhost:8080/token"),
                                Optional.empty(),
                                "host:demo.example.org",
                                Optional.empty(),
                                Optional.of(Path.of("/secret.txt")),
                                AudienceParameter.RESOURCE,
                                ClientAuth.POST,
                                ClientFiles.NONE,
                                Optional.empty(),
                                NetworkOptions.DEFAULT)),
                List.copyOf(config.accountsInUse().values()));
        assertEquals(
                List.of("stored", "cc", "cc-file"),
                List.copyOf(config.accountsInUse().keySet()));
        assertEquals(
                List.of(
                        new TokenSection(
                                "t",
                                "t",
                                22,
                                "stored",
                                Optional.of(Path.of("/etc/osg/tokens/stored.t.token")),
                                List.of("ce.example.org:9619", "https://wlcg.cern.ch/jwt/v1/any"),
                                List.of("compute.read", "compute.create"),
                                Optional.empty(),
                                OptionalLong.of(7200),
                                false,
                                TokenAccess.UNCHANGED,
                                Optional.empty(),
                                Optional.empty()),
                        new TokenSection(
                                "u",
                                "u",
                                29,
                                "cc",
                                Optional.of(Path.of("/u.token")),
                                List.of(),
                                List.of(),
                                Optional.empty(),
                                OptionalLong.empty(),
                                false,
                                TokenAccess.UNCHANGED,
                                Optional.empty(),
                                Optional.empty()),
                        new TokenSection(
                                "v",
                                "v",
                                33,
                                "cc-file",
                                Optional.of(Path.of("/v")),
                                List.of(),
                                List.of(),
                                Optional.empty(),
                                OptionalLong.empty(),
                                false,
                                TokenAccess.UNCHANGED,
                                Optional.empty(),
                                Optional.empty())),
                config.tokens());
        assertEquals(List.of("spare"), config.unusedAccounts());
        assertEquals(List.of(), config.warnings());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 50})
    void anyNumberOfTokens(int n) throws Exception {
        String tokens = IntStream.range(0, n)
                .mapToObj(i -> "[token t" + i + "]\naccount = a" + i % 3 + "\ntoken_path = /x/" + i + "\n")
                .collect(Collectors.joining());
        String accounts = IntStream.range(0, 3)
                .mapToObj(i -> "[account a" + i + "]\npassword_file = /x/a.pw\n")
                .collect(Collectors.joining());

        Config config = Texts.read(tokens + accounts);

        assertEquals(
                IntStream.range(0, n).mapToObj(i -> "t" + i).toList(),
                config.tokens().stream().map(TokenSection::name).toList());
        assertEquals(Math.min(n, 3), config.accountsInUse().size());
        assertEquals(3 - Math.min(n, 3), config.unusedAccounts().size());
    }

    @Test
    void anEmptyFileIsAnEmptyConfig() throws Exception {
        Path file = Files.createFile(dir.resolve("config.ini"));
        assertEquals(
                new Config(file, Map.of(), List.of(), List.of(), List.of(), List.of(), List.of(), Map.of()),
                ConfigFile.read(file));
    }

    @Test
    void theSecretIsNotShown() throws Exception {
        Config config = Texts.read("""
                [account a]
                token_request_url = https://h/t
                client_id = id
                client_secret = hunter2
                [token t]
                account = a
                token_path = /t
                """);
        assertFalse(config.toString().contains("hunter2"), config.toString());
    }

    @Test
    void aMissingFile() {
        assertUnusable(
                dir.resolve("no"), "no such file; create it, or set OSG_TOKEN_RENEWER_CONFIG_PATH to where it is");
    }

    @Test
    void aDirectory() {
        assertUnusable(dir, "is a directory; give the path of the config.ini in it");
    }

    @Test
    void aFileThatIsNotOurs() throws Exception {
        assumeFalse("root".equals(System.getProperty("user.name")), "root may read everything");
        Path file = Files.createFile(dir.resolve("config.ini"));
        assertTrue(file.toFile().setReadable(false));
        assertUnusable(
                file,
                "permission denied; the user " + System.getProperty("user.name")
                        + " must be able to read it and to enter its directory");
    }

    @Test
    void textThatIsNotUtf8() throws Exception {
        Path file = Files.write(dir.resolve("config.ini"), new byte[] {'#', '\n', (byte) 0xFC});
        assertUnusable(file, "is not UTF-8 text (line 2, byte 0xFC); save it as UTF-8");
    }

    @Test
    void aFileOfTheLongestAndOneMore() throws Exception {
        Path file = Files.writeString(dir.resolve("config.ini"), "#".repeat(ConfigFile.MAX_BYTES));
        ConfigFile.read(file);
        Files.writeString(file, "#".repeat(ConfigFile.MAX_BYTES + 1));
        assertUnusable(file, "is larger than 4 MiB; a configuration is not, so check the path");
    }

    @Test
    void theMessageNamesFileAndLines() throws Exception {
        Path file = Files.writeString(dir.resolve("config.ini"), "[token t]\naccount\ntoken_pth = /t\n");
        ConfigException e = assertThrows(ConfigException.class, () -> ConfigFile.read(file));
        assertEquals(
                file + ":1: Config section [token t]: missing 'account' attribute\n" + file
                        + ":1: Config section [token t]: missing 'token_path' attribute\n" + file
                        + ":2: neither a [section] nor an 'option = value'\n" + file
                        + ":3: Config section [token t]: unknown option 'token_pth' is ignored (did you mean 'token_path'?)",
                e.getMessage());
        assertEquals(file, e.file());
    }

    private static void assertUnusable(Path file, String text) {
        ConfigException e = assertThrows(ConfigException.class, () -> ConfigFile.read(file));
        assertEquals(List.of(new ConfigError(0, text)), e.problems());
        assertEquals(file + ": " + text, e.getMessage());
    }
}

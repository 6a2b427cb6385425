package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.opensciencegrid.cryptostore.AccountName;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.account.SecretFile;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ConfigException;
import org.opensciencegrid.tokenrenewer.config.ConfigFile;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.setup.AccountSetup;
import org.opensciencegrid.tokenrenewer.setup.ClientCredentialsSetup;
import org.opensciencegrid.tokenrenewer.setup.SetupException;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import org.opensciencegrid.tokenrenewer.text.Json;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Secret;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Registers and authorizes an account. {@code osg-token-renewer-setup} runs it as the service's user. */
@Command(
        name = "setup",
        description = {
            "Registers and authorizes an account, with a person's approval in a browser.",
            "Asks for what no option gives."
        })
final class SetupCommand implements Callable<Integer> {
    private static final String TOKENS = "/etc/osg/tokens/";

    @Parameters(paramLabel = "ACCOUNT", description = "short name of the account")
    private String account;

    /** How the client comes about; dynamic client registration when none is given. */
    static final class How {
        @Option(names = "--manual", description = "use a predefined client id and secret")
        private boolean manual;

        @Option(names = "--public", description = "use a predefined client id without a secret")
        private boolean publicClient;

        @Option(
                names = "--client-credentials",
                description = "no person: use a client id and secret that live in the config file")
        private boolean clientCredentials;

        @Option(
                names = "--reauthenticate",
                description = "authorize the account anew with the client, scopes and audience it has")
        private boolean reauthenticate;
    }

    @ArgGroup
    private How how = new How();

    @Option(
            names = "--pw-file",
            paramLabel = "FILE",
            description = "file with the account's encryption password (default: that of the config file, else"
                    + " /etc/osg/tokens/ACCOUNT.pw)")
    private Path passwordFile;

    @Option(names = "--issuer", paramLabel = "URL", description = "issuer")
    private String issuer;

    @Option(names = "--scope", paramLabel = "SCOPES", description = "scopes, with blanks between; may be repeated")
    private List<String> scope = List.of();

    @Option(
            names = "--audience",
            paramLabel = "AUDIENCES",
            description = "audiences that tokens will ask for, as some issuers grant only what is named here (default:"
                    + " those of the account's tokens in the config file)")
    private List<String> audience = List.of();

    @Option(
            names = "--audience-parameter",
            paramLabel = "NAME",
            description = "resource (RFC 8707) or audience (INDIGO IAM, WLCG); found out by itself when not given")
    private String audienceParameter;

    @Option(names = "--client-id", paramLabel = "ID", description = "client id")
    private String clientId;

    @Option(
            names = "--client-secret-file",
            paramLabel = "FILE",
            description = "file whose first line is the client secret; - for standard input")
    private String clientSecretFile;

    @Option(names = "--client-auth", paramLabel = "METHOD", description = "basic (default), basic_raw or post")
    private String clientAuth;

    @Option(
            names = "--registration-token-file",
            paramLabel = "FILE",
            description = "initial access token of an issuer with closed registration")
    private Path registrationTokenFile;

    @Option(
            names = "--ca-file",
            paramLabel = "FILE",
            description = "PEM file or directory of CAs to believe beside the system's")
    private Path caFile;

    @Option(names = "--verbose", description = "show each request to the issuer and its answer, without secrets")
    private boolean verbose;

    @Option(
            names = "--write-config",
            description = "add the [account] section to the config file, and with --token or --token-path a [token]"
                    + " section, then get the first token")
    private boolean writeConfig;

    @Option(
            names = "--token",
            paramLabel = "NAME",
            description = "name of the first token's section (default: that of the account)")
    private String token;

    @Option(
            names = "--token-path",
            paramLabel = "FILE",
            description =
                    "file of the first token (default: in the directory of the password file, else in /etc/osg/tokens,"
                            + " ACCOUNT.NAME.token; without a name ACCOUNT.token)")
    private Path tokenPath;

    @Option(names = "--config-addition", hidden = true, description = "where the wrapper takes what it has to add")
    private Path configAddition;

    /** Whether the link is drawn. */
    static final class Picture {
        @Option(names = "--qr", description = "show the link as a QR code even where this is no terminal of UTF-8")
        private boolean yes;

        @Option(names = "--no-qr", description = "never show the link as a QR code")
        private boolean no;
    }

    @ArgGroup
    private Picture picture = new Picture();

    private final Root root;
    private final Environment environment;
    private final Output output;
    private final Terminal terminal; // one for all questions: a second reader would miss what the first has buffered
    private final Countdown countdown;

    SetupCommand(Root root) {
        this.root = root;
        this.environment = root.environment();
        this.output = new Output(environment);
        this.terminal = new Terminal(environment);
        this.countdown = new Countdown(environment.out(), environment.pause(), terminal.isInteractive());
    }

    @Override
    public Integer call() {
        requireName();
        requireCaFile();
        root.makeStateDirectory();
        try {
            return how.clientCredentials ? clientCredentials() : device();
        } catch (SetupException e) {
            countdown.end();
            output.error("setup of " + account + " failed: " + line(e.failure()));
            return switch (e.failure().kind()) {
                case PASSWORD_FILE, PASSWORD_MISSING, INSECURE_URL -> ExitStatus.USAGE; // nobody was asked anything
                default -> ExitStatus.FAILED;
            };
        }
    }

    /** As {@link Messages#line}, but no timer tries a setup again, and no section names its CA yet. */
    private String line(Failure failure) {
        Messages messages = new Messages(root.commands());
        return switch (failure.kind()) {
            case ISSUER_UNREACHABLE ->
                messages.what(failure) + "; check the issuer's URL and the network, then run setup again";
            case PASSWORD_MISSING ->
                how.reauthenticate
                        ? messages.line(failure, account)
                        : messages.what(failure) + "; make it: "
                                + root.commands().makePassword(Path.of(failure.where()))
                                + ", or name another with --pw-file=FILE";
            case ISSUER_TLS -> messages.what(failure) + "; if the issuer has a CA of its own: --ca-file=FILE";
            default ->
                failure.kind().passesByItself()
                        ? messages.what(failure) + "; run setup again later"
                        : messages.line(failure, account);
        };
    }

    private void requireCaFile() {
        if (caFile != null && !Files.isReadable(caFile)) {
            throw new UsageException("--ca-file: " + Printable.of(caFile.toString())
                    + (Files.exists(caFile) ? " cannot be read" : ": no such file or directory"));
        }
    }

    private void requireName() {
        try {
            AccountName.check(account);
        } catch (IllegalArgumentException e) {
            throw new UsageException(Printable.of(e.getMessage()));
        }
    }

    private int device() throws SetupException {
        Optional<StoredAccount> configured = configured();
        Path file = passwordFile != null
                ? passwordFile
                : configured.map(StoredAccount::passwordFile).orElse(Path.of(TOKENS + account + ".pw"));
        AccountSetup.Request request = new AccountSetup.Request(
                account,
                mode(),
                audience.isEmpty() ? audienceOfTokens() : words(audience),
                audienceParameter(),
                auth(),
                Optional.ofNullable(registrationTokenFile).map(path -> secret(path, "--registration-token-file")),
                Optional.ofNullable(caFile).or(() -> configured.flatMap(StoredAccount::caFile)));
        Path tokens = Objects.requireNonNullElse(file.toAbsolutePath().getParent(), file);
        boolean asConfigured = passwordFile == null && configured.isPresent();
        Map<String, String> options = Map.of("password_file", asConfigured ? file.toString() : absolute(file));
        Handover handover = handover();
        handover.requireWritable(options, tokens);
        try (Password password = password(file)) {
            new AccountSetup(
                            root.store(),
                            root.registrations(),
                            root.states(),
                            Root.LOCK_WAIT,
                            root.network(verbose),
                            environment.clock(),
                            countdown)
                    .run(request, password, person());
        }
        return handover.finish(options, tokens);
    }

    private AccountSetup.Mode mode() {
        if (how.reauthenticate) {
            return AccountSetup.Mode.REAUTHENTICATE;
        }
        if (how.publicClient) {
            return AccountSetup.Mode.PUBLIC;
        }
        return how.manual ? AccountSetup.Mode.MANUAL : AccountSetup.Mode.REGISTER;
    }

    private int clientCredentials() throws SetupException {
        Handover handover = handover();
        handover.requireWritable();
        ClientCredentialsSetup.Result result = new ClientCredentialsSetup(
                        root.network(verbose), environment.clock(), environment.pause())
                .run(words(scope), words(audience), audienceParameter(), auth(), Optional.ofNullable(caFile), person());
        say("The issuer gave a token for client " + Printable.of(result.client().id()) + ".");
        Map<String, String> options = new LinkedHashMap<>();
        options.put("client_id", result.client().id());
        if (clientSecretFile != null && !clientSecretFile.equals("-")) {
            options.put("client_secret_file", absolute(Path.of(clientSecretFile)));
        } else {
            options.put("client_secret", result.client().secret().orElseThrow().reveal());
        }
        options.put("token_request_url", result.provider().tokenEndpoint().toString());
        if (clientAuth != null) {
            options.put("client_auth", result.client().auth().word());
        }
        if (result.audienceParameter() != AudienceParameter.AUDIENCE) { // which is what a section means that has none
            options.put("audience_parameter", result.audienceParameter().word());
        }
        if (caFile != null) {
            options.put("ca_file", absolute(caFile));
        }
        return handover.finish(options, Path.of(TOKENS));
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().toString();
    }

    private Handover handover() {
        return new Handover(
                root,
                terminal,
                account,
                new Handover.Wishes(
                        writeConfig,
                        Optional.ofNullable(configAddition),
                        Optional.ofNullable(token),
                        Optional.ofNullable(tokenPath),
                        how.clientCredentials ? words(scope) : List.of(), // else the account knows it
                        words(audience),
                        verbose));
    }

    private TerminalPerson person() {
        return new TerminalPerson(
                environment,
                terminal,
                countdown,
                new TerminalPerson.Given(
                        questions(),
                        KnownIssuers.LIST,
                        Optional.ofNullable(issuer),
                        words(scope),
                        Optional.ofNullable(clientId),
                        Optional.ofNullable(clientSecretFile).map(this::clientSecret)),
                picture.yes || !picture.no && terminal.isInteractive() && Terminal.isUtf8(environment),
                verbose);
    }

    /** The options whose questions will be asked, as they are not given. */
    private List<String> questions() {
        boolean predefined = how.manual || how.publicClient || how.clientCredentials;
        List<String> questions = new ArrayList<>();
        if (issuer == null) {
            questions.add(TerminalPerson.ISSUER);
        }
        if (words(scope).isEmpty() && !how.clientCredentials) {
            questions.add(TerminalPerson.SCOPE);
        }
        if (predefined && clientId == null) {
            questions.add(TerminalPerson.CLIENT_ID);
        }
        if (predefined && !how.publicClient && clientSecretFile == null) {
            questions.add(TerminalPerson.CLIENT_SECRET);
        }
        return questions;
    }

    /** An account that the config file knows already needs no new section. A config file in the making is no error here. */
    private Optional<StoredAccount> configured() {
        try {
            AccountSection section =
                    ConfigFile.read(root.configFile()).accounts().get(account);
            return section instanceof StoredAccount stored ? Optional.of(stored) : Optional.empty();
        } catch (ConfigException e) {
            return Optional.empty();
        }
    }

    /** Of a config file that was written before its account. */
    private List<String> audienceOfTokens() {
        try {
            return ConfigFile.read(root.configFile()).tokens().stream()
                    .filter(token -> token.account().equals(account))
                    .flatMap(token -> token.audience().stream())
                    .distinct()
                    .toList();
        } catch (ConfigException e) {
            return List.of();
        }
    }

    private Password password(Path file) throws SetupException {
        try {
            return root.passwords().read(account, file);
        } catch (PasswordFileException e) {
            throw new SetupException(Failures.of(e));
        }
    }

    private Secret clientSecret(String file) {
        return file.equals("-")
                ? terminal.askSecret("Client secret (not shown)", TerminalPerson.CLIENT_SECRET)
                : secret(Path.of(file), "--client-secret-file");
    }

    private static Secret secret(Path file, String option) {
        try {
            return SecretFile.read(file);
        } catch (PasswordFileException e) {
            throw new UsageException(option + ": " + Printable.of(e.getMessage()));
        }
    }

    private Optional<AudienceParameter> audienceParameter() {
        return Optional.ofNullable(audienceParameter)
                .map(word -> option("--audience-parameter", AudienceParameter.of(word), word));
    }

    private Optional<ClientAuth> auth() {
        return Optional.ofNullable(clientAuth).map(word -> option("--client-auth", ClientAuth.of(word), word));
    }

    private static <T> T option(String name, Optional<T> value, String word) {
        return value.orElseThrow(
                () -> new UsageException(name + ": '" + Printable.of(word) + "' is not one of its values"));
    }

    private static List<String> words(List<String> values) {
        return values.stream().flatMap(value -> Json.split(value).stream()).toList();
    }

    private void say(String line) {
        environment.out().println(line);
    }
}

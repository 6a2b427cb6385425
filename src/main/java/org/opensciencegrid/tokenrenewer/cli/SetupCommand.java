package org.opensciencegrid.tokenrenewer.cli;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.AccountName;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.account.SecretFile;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.LineWrapper;
import org.opensciencegrid.tokenrenewer.cli.output.Messages;
import org.opensciencegrid.tokenrenewer.cli.output.Output;
import org.opensciencegrid.tokenrenewer.cli.output.ProxyAdvice;
import org.opensciencegrid.tokenrenewer.cli.output.Repair;
import org.opensciencegrid.tokenrenewer.cli.output.RepairCommands;
import org.opensciencegrid.tokenrenewer.cli.output.ShellQuote;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.cli.terminal.ConsoleSetupUi;
import org.opensciencegrid.tokenrenewer.cli.terminal.Countdown;
import org.opensciencegrid.tokenrenewer.cli.terminal.Terminal;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.ClientFiles;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigAddition;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TlsFiles;
import org.opensciencegrid.tokenrenewer.config.TokenSecret;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.net.HostNames;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.ProxySettings;
import org.opensciencegrid.tokenrenewer.oidc.AssertionAudience;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.ClientKeys;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;
import org.opensciencegrid.tokenrenewer.setup.AccountSetup;
import org.opensciencegrid.tokenrenewer.setup.ClientCredentialsSetup;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Registers and authorizes an account. {@code osg-token-renewer-setup} runs it as the service's user. */
@Command(
        name = "setup",
        description = {
            "Registers and authorizes an account. You approve it in a browser.",
            "Asks for every value that you do not give as an option.",
            "If you set up an account again, values that no option changes stay the same."
        })
final class SetupCommand implements Callable<Integer> {
    private static final String TOKENS = "/etc/osg/tokens/";
    private static final String HOST_SCOPE = "host.auth";

    /** Public issuers of our users, which the prompt lists. You can type any other. */
    private static final List<String> ISSUERS = List.of(
            "https://cilogon.org",
            "https://wlcg.cloud.cnaf.infn.it/",
            "https://cms-auth.cern.ch/",
            "https://atlas-auth.cern.ch/",
            "https://aai.egi.eu/auth/realms/egi",
            "https://login.helmholtz.de/oauth2",
            "https://demo.scitokens.org");

    @Parameters(paramLabel = "ACCOUNT", description = "short name of the account")
    private String account;

    /** How to get the client; default is dynamic client registration. */
    static final class ClientSource {
        @Option(names = "--manual", description = "use a predefined client id and secret")
        private boolean manual;

        @Option(names = "--public", description = "use a predefined client id without a secret")
        private boolean publicClient;

        @Option(
                names = "--client-credentials",
                description = "no user approves: use a client id and secret from the config file")
        private boolean clientCredentials;

        @Option(
                names = "--reauthenticate",
                description =
                        "authorize the account again with its current client; --scope and --audience change what is"
                                + " requested")
        private boolean reauthenticate;
    }

    @ArgGroup
    private ClientSource clientSource = new ClientSource();

    @Option(
            names = "--pw-file",
            paramLabel = "FILE",
            description = "file with the account's encryption password (default: the file in the config file, else"
                    + " /etc/osg/tokens/ACCOUNT.pw)")
    private Path passwordFile;

    @Option(names = "--issuer", paramLabel = "URL", description = "issuer")
    private String issuer;

    @Option(names = "--scope", paramLabel = "SCOPES", description = "scopes, separated by spaces; may be repeated")
    private List<String> scope = List.of();

    @Option(
            names = "--audience",
            paramLabel = "AUDIENCES",
            description = "audiences that tokens will request; some issuers grant only these (default: the audiences of"
                    + " the account's tokens in the config file)")
    private List<String> audience = List.of();

    @Option(
            names = "--audience-parameter",
            paramLabel = "NAME",
            description = "resource (RFC 8707) or audience (INDIGO IAM, WLCG); default: setup tests which one works")
    private String audienceParameter;

    @Option(
            names = "--host",
            paramLabel = "FQDN",
            arity = "0..1",
            fallbackValue = "",
            description =
                    "with --client-credentials: the client is this host, with the client id host:FQDN and the scope"
                            + " host.auth (default: the full name of this machine)")
    private String host;

    @Option(names = "--client-id", paramLabel = "ID", description = "client id")
    private String clientId;

    @Option(
            names = "--client-secret-file",
            paramLabel = "FILE",
            description = "file whose first line is the client secret; - for standard input")
    private String clientSecretFile;

    @Option(
            names = "--client-auth",
            paramLabel = "METHOD",
            description = "basic (default), basic_raw, post or client_secret_jwt; private_key_jwt with"
                    + " --client-key-file or --client-assertion-file; tls_client_auth or self_signed_tls_client_auth with"
                    + " --tls-cert-file")
    private String clientAuth;

    @Option(
            names = "--client-key-file",
            paramLabel = "FILE",
            description = "the client has no secret and signs with the private key in this file (PEM or JWK); setup"
                    + " creates a key if there is no such file")
    private Path clientKeyFile;

    @Option(
            names = "--client-assertion-file",
            paramLabel = "FILE",
            description = "the client has no secret and sends the JWT in this file, which another program keeps fresh")
    private Path clientAssertionFile;

    @Option(
            names = "--tls-cert-file",
            paramLabel = "FILE",
            description =
                    "the client has no secret and uses the certificate in this PEM file for TLS, such as the host's")
    private Path tlsCertFile;

    @Option(
            names = "--tls-key-file",
            paramLabel = "FILE",
            description = "PEM file with the private key of the certificate")
    private Path tlsKeyFile;

    @Option(
            names = "--assertion-audience",
            paramLabel = "WHAT",
            description = "what the issuer wants as aud of the client's signature: issuer or token_endpoint (default:"
                    + " with --client-credentials setup tests which one works, else issuer)")
    private String assertionAudience;

    @Option(
            names = "--registration-token-file",
            paramLabel = "FILE",
            description = "file with the initial access token of an issuer that requires one for registration")
    private Path registrationTokenFile;

    @Option(
            names = "--ca-file",
            paramLabel = "FILE",
            description = "PEM file or directory with CAs to trust in addition to the system's CAs")
    private Path caFile;

    @Option(names = "--verbose", description = "show each request to the issuer and its answer, without secrets")
    private boolean verbose;

    @Option(
            names = "--write-config",
            description = "add the [account] section to the config file, and with --token, --token-path or"
                    + " --token-secret a [token] section, then get the first token")
    private boolean writeConfig;

    @Option(
            names = "--token",
            paramLabel = "NAME",
            description = "name of the first token's section (default: the name of the account)")
    private String token;

    @Option(
            names = "--token-path",
            paramLabel = "FILE",
            description =
                    "file of the first token (default: in the directory of the password file, else in /etc/osg/tokens,"
                            + " ACCOUNT.NAME.token; without a name ACCOUNT.token)")
    private Path tokenPath;

    @Option(
            names = "--token-secret",
            paramLabel = "SECRET",
            description =
                    "in a pod: Kubernetes Secret of the first token, [NAMESPACE/]NAME[#KEY], instead of a file, or with"
                            + " --token-path beside it")
    private String secretName;

    @Option(names = "--config-addition", hidden = true, description = "where the wrapper takes what it has to add")
    private Path configAddition;

    /** Whether to draw the link. */
    static final class QrOptions {
        @Option(names = "--qr", description = "show the link as a QR code even if the terminal does not use UTF-8")
        private boolean always;

        @Option(names = "--no-qr", description = "never show the link as a QR code")
        private boolean never;
    }

    @ArgGroup
    private QrOptions qr = new QrOptions();

    private final CommandContext context;
    private final Environment environment;
    private final Output output; // stays text if the renewal at the end logs JSON

    private final Terminal terminal; // one for all questions: another reader would miss what the first has buffered
    private final Countdown countdown;

    SetupCommand(CommandContext context) {
        this.context = context;
        this.environment = context.environment();
        this.output = new Output(environment);

        this.terminal = new Terminal(environment);
        this.countdown = new Countdown(environment.out(), environment.pause(), terminal.isInteractive());
    }

    @Override
    public Integer call() {
        requireName();
        requireNoIgnoredOptions();
        presetHost();
        requireOneProof();
        requireIssuer();
        requireCaFile();
        requireSecretName();
        context.makeStateDirectory();
        if (!confirmsReplacement()) {
            print("Nothing was changed.");
            return ExitStatus.USAGE; // for the wrapper: nothing was attempted
        }
        try {
            if (!prepareKey()) {
                return ExitStatus.FAILED;
            }
            return clientSource.clientCredentials ? clientCredentials() : device();
        } catch (FailureException e) {
            countdown.stop();
            output.error(
                    "setup of " + account + " failed: " + context.messages().what(e.failure()), repair(e.failure()));
            return switch (e.failure().kind()) {
                case PASSWORD_FILE,
                        PASSWORD_MISSING,
                        CLIENT_KEY,
                        CLIENT_ASSERTION,
                        CLIENT_CERTIFICATE,
                        FILE_ACCESS,
                        FILE_LINK,
                        INSECURE_URL -> ExitStatus.USAGE; // failed before any question
                default -> ExitStatus.FAILED;
            };
        }
    }

    /** Like {@link Messages#repair}, but no timer retries a setup, and no section names its CA yet. */
    private Repair repair(Failure failure) {
        Repair usual = context.messages().repair(failure, account);
        return switch (failure.kind()) {
            case ISSUER_UNREACHABLE -> Repair.advice("check the issuer's URL and the network, then run setup again");
            case PASSWORD_MISSING ->
                clientSource.reauthenticate
                        ? usual
                        : new Repair(
                                "name another file with --pw-file, or create it",
                                RepairCommands.makePassword(Path.of(failure.where())));
            case CERTIFICATE_UNTRUSTED, CERTIFICATE_CA_NOT_SENT, CA_FILE ->
                Repair.advice("if the issuer has a CA of its own, name its PEM file with --ca-file");
            case ISSUER_WRONG -> Repair.advice("give --issuer exactly as the issuer names itself");
            case CLIENT_REFUSED -> clientRepair();
            case SCOPE_REFUSED ->
                Repair.advice("request only what this client is allowed to request, with " + ConsoleSetupUi.SCOPE);
            case AUDIENCE_REFUSED ->
                Repair.advice("correct --audience, or try --audience-parameter=" + otherParameter());
            case REQUEST_REFUSED ->
                Repair.advice("ask the issuer's administrator, then run the same setup again"
                        + (audience.isEmpty() ? "" : ", or try --audience-parameter=" + otherParameter()));
            case ACCOUNT_BUSY ->
                Repair.advice("wait until it ends (another setup may be running), then run setup again");
            default -> failure.kind().passesByItself() ? Repair.advice("run setup again later") : usual;
        };
    }

    private Repair clientRepair() {
        if (clientKeyFile != null) {
            return new Repair(
                    "give the issuer the public keys of this client, which this prints; if it has them, check the"
                            + " client id, or try another --assertion-audience",
                    context.commands().clientKey(absolute(clientKeyFile)));
        } else if (tlsCertFile != null) {
            return Repair.advice("compare the certificate in " + Printable.of(absolute(tlsCertFile))
                    + " with the one that the issuer expects of this client; if the issuer knows the certificate itself and no"
                    + " CA, add --client-auth=self_signed_tls_client_auth");
        } else if (clientAssertionFile != null) {
            return Repair.advice("compare iss, sub and aud of the JWT in " + Printable.of(absolute(clientAssertionFile))
                    + " with what the issuer expects of this client");
        }
        boolean isPredefined = clientSource.manual || clientSource.clientCredentials;
        if (isPredefined) {
            return Repair.advice("check the client id and the secret; if they are right, the issuer may require"
                    + " --client-auth=post or --client-auth=basic_raw");
        }
        return clientSource.publicClient
                ? Repair.advice("check the client id")
                : new Repair("use a client that you have", context.commands().setup("--manual", account));
    }

    private String otherParameter() {
        return audienceParameter().orElse(AudienceParameter.RESOURCE).other().word();
    }

    /** Whether the admin wants to replace an existing account. */
    private boolean confirmsReplacement() {
        if (clientSource.reauthenticate
                || clientSource.clientCredentials
                || !context.store().exists(account)) {
            return true;
        }
        AccountState state = context.states().readOrUnknown(account);
        print(LineWrapper.of(
                environment.out(),
                "Account " + account + " is set up already"
                        + state.authorizedAt()
                                .map(at -> ", authorized "
                                        + at.atOffset(ZoneOffset.UTC).toLocalDate())
                                .orElse("")
                        + state.subject().map(who -> " by " + Printable.of(who)).orElse("")
                        + state.issuer().map(at -> " at " + Printable.of(at)).orElse("")
                        + ". The authorization stays valid there when it is replaced. To authorize the same client again: "
                        + ShellQuote.line(context.commands().reauthenticate(account))));
        return !terminal.isInteractive() || terminal.confirm("Replace it?");
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

    private void requireIssuer() {
        if (issuer == null) {
            return;
        }
        try {
            issuer = ConsoleSetupUi.issuer(issuer, this::print);
        } catch (IllegalArgumentException e) {
            throw new UsageException("--issuer: " + e.getMessage());
        }
    }

    private void requireSecretName() {
        if (secretName != null) {
            TokenSecret.mistake(secretName).ifPresent(mistake -> {
                throw new UsageException("--token-secret " + mistake);
            });
        }
    }

    private static void rejectIgnored(String option, @Nullable Object value) {
        if (value != null) {
            throw new UsageException(option + " cannot be combined with --reauthenticate, which keeps the client."
                    + " To use another client, omit --reauthenticate");
        }
    }

    /** The client of a host (WLCG token profile 1.3, section 2.2.4). */
    private void presetHost() {
        if (host == null) {
            return;
        }
        if (!clientSource.clientCredentials) {
            throw new UsageException("--host needs --client-credentials");
        } else if (clientId != null) {
            throw new UsageException("--host and --client-id: give one of them");
        }
        String name = host.isEmpty()
                ? HostNames.ofThisMachine()
                        .orElseThrow(() ->
                                new UsageException("--host: this machine has no full name; give it as --host=FQDN"))
                : host.toLowerCase(Locale.ROOT);
        if (!HostNames.isFull(name)) {
            throw new UsageException(
                    "--host: '" + Printable.of(name) + "' is not the full name of a host, such as ce.example.org");
        }
        clientId = ClientCredentialsAccount.hostClientId(name);
        if (scope.isEmpty()) {
            scope = List.of(HOST_SCOPE);
        }
    }

    /** A client proves itself in one way. */
    private void requireOneProof() {
        if ((tlsCertFile == null) != (tlsKeyFile == null)) {
            throw new UsageException("--tls-cert-file and --tls-key-file: give both");
        } else if (tlsCertFile != null && (clientKeyFile != null || clientAssertionFile != null)) {
            throw new UsageException("--tls-cert-file and " + nameOfClientFiles() + ": give one of them");
        } else if (clientKeyFile != null && clientAssertionFile != null) {
            throw new UsageException("--client-key-file and --client-assertion-file: give one of them");
        }
        if (clientFiles().isPresent()) {
            String given = nameOfClientFiles();
            if (clientSource.publicClient || clientSecretFile != null) {
                throw new UsageException(given + " and "
                        + (clientSource.publicClient ? "--public" : "--client-secret-file") + ": give one of them");
            } else if (auth().filter(method ->
                            tlsCertFile == null ? method != ClientAuth.PRIVATE_KEY_JWT : !method.usesCertificate())
                    .isPresent()) {
                throw new UsageException("--client-auth=" + clientAuth + " uses no " + given);
            } else if (clientKeyFile == null
                    && !clientSource.manual
                    && !clientSource.clientCredentials
                    && !clientSource.reauthenticate) {
                throw new UsageException(given + " needs a predefined client: add --manual or --client-credentials");
            }
        } else if (auth().equals(Optional.of(ClientAuth.PRIVATE_KEY_JWT))) {
            throw new UsageException(
                    "--client-auth=private_key_jwt needs --client-key-file or --client-assertion-file");
        } else if (auth().filter(ClientAuth::usesCertificate).isPresent()) {
            throw new UsageException("--client-auth=" + clientAuth + " needs --tls-cert-file and --tls-key-file");
        } else if (assertionAudience != null) {
            throw new UsageException("--assertion-audience needs --client-key-file");
        }
    }

    private String nameOfClientFiles() {
        return clientKeyFile != null
                ? "--client-key-file"
                : clientAssertionFile != null ? "--client-assertion-file" : "--tls-cert-file";
    }

    /** The files in the options. */
    private ClientFiles clientFiles() {
        return new ClientFiles(
                Optional.ofNullable(clientKeyFile).map(Path::toAbsolutePath),
                Optional.ofNullable(clientAssertionFile).map(Path::toAbsolutePath),
                Optional.ofNullable(assertionAudience)
                        .map(word -> option("--assertion-audience", AssertionAudience.of(word), word)),
                Optional.ofNullable(tlsCertFile)
                        .map(certificate -> new TlsFiles(
                                certificate.toAbsolutePath(),
                                Objects.requireNonNull(tlsKeyFile).toAbsolutePath())));
    }

    /**
     * Creates the private key if it does not exist.
     *
     * @return whether setup can go on: the issuer must know the key of a predefined client
     */
    private boolean prepareKey() throws FailureException {
        if (clientKeyFile == null || Files.exists(clientKeyFile, LinkOption.NOFOLLOW_LINKS)) {
            return true;
        }
        ClientKeys keys = ClientKeys.generate(environment.clock().instant());
        ClientKeyCommand.write(clientKeyFile, keys, false);
        print("Created a private key in " + Printable.of(absolute(clientKeyFile)) + ".");
        if (!clientSource.manual && !clientSource.clientCredentials) {
            return true; // it is registered with the client
        }
        print("Give the issuer this public key for the client (a JWK set):");
        print("");
        print(keys.publicKeys());
        print("");
        if (terminal.isInteractive() && terminal.confirm("Does the issuer have it?")) {
            return true;
        }
        print("When the issuer has it, run the same setup again. To see the public key again, run:");
        print("");
        print("    " + ShellQuote.line(context.commands().clientKey(absolute(clientKeyFile))));
        return false;
    }

    /** Adds what the section needs for a client without a secret. */
    private void addClientFiles(Map<String, String> options, ClientFiles files, AssertionAudience byDefault) {
        files.key().ifPresent(file -> options.put("client_key_file", file.toString()));
        files.assertion().ifPresent(file -> options.put("client_assertion_file", file.toString()));
        files.tls().ifPresent(tls -> {
            options.put("tls_cert_file", tls.certificate().toString());
            options.put("tls_key_file", tls.key().toString());
            auth().filter(method -> method == ClientAuth.SELF_SIGNED_TLS_CLIENT_AUTH)
                    .ifPresent(method -> options.put("client_auth", method.word()));
        });
        files.audience()
                .filter(audience -> audience != byDefault && files.key().isPresent())
                .ifPresent(audience -> options.put("assertion_audience", audience.word()));
    }

    /** Rejects options that would have no effect. */
    private void requireNoIgnoredOptions() {
        if (!clientSource.reauthenticate) {
            return;
        }
        rejectIgnored("--client-id", clientId);
        rejectIgnored("--client-secret-file", clientSecretFile);
        rejectIgnored("--client-auth", clientAuth);
        rejectIgnored("--client-key-file", clientKeyFile);
        rejectIgnored("--client-assertion-file", clientAssertionFile);
        rejectIgnored("--tls-cert-file", tlsCertFile);
        rejectIgnored("--registration-token-file", registrationTokenFile);
    }

    private int device() throws FailureException {
        Optional<Config> config = context.commands().readConfig(); // an incomplete file is no error here
        Path defaultFile = RepairCommands.usualPasswordFile(account);
        Optional<Path> named =
                passwordFile != null ? Optional.empty() : ConfigAddition.passwordFile(context.configFile(), account);
        Path file = named.orElse(passwordFile != null ? passwordFile : defaultFile);
        // Root's wrapper does not read the config file, and opens the default password file for us.
        if (named.isPresent() && !file.equals(defaultFile) && exists(defaultFile) && isForService()) {
            throw new UsageException(
                    context.configFile() + " names another password_file for account " + account + " than "
                            + defaultFile,
                    withPassword("use that one", file));
        }
        ClientFiles files = clientFiles().isPresent()
                ? clientFiles()
                : config.map(read -> read.accounts().get(account))
                        .map(AccountSection::clientFiles)
                        .orElse(ClientFiles.NONE);
        AccountSetup.Request request = new AccountSetup.Request(
                account,
                mode(),
                Optional.ofNullable(issuer),
                words(scope),
                audience.isEmpty() ? config.map(this::audienceOfTokens).orElse(List.of()) : words(audience),
                audienceParameter(),
                clientSource.reauthenticate
                        ? config.flatMap(read -> read.storedAccount(account)).flatMap(StoredAccount::clientAuth)
                        : auth(),
                files,
                Optional.ofNullable(registrationTokenFile).map(path -> secret(path, "--registration-token-file")),
                Optional.ofNullable(caFile).or(() -> config.flatMap(this::configuredCaFile)));
        Path tokens = Objects.requireNonNullElse(file.toAbsolutePath().getParent(), file);
        Map<String, String> options = new LinkedHashMap<>();
        options.put("password_file", named.isPresent() ? file.toString() : absolute(file));
        addClientFiles(options, files, AssertionAudience.ISSUER);
        PostSetup postSetup = postSetup();
        postSetup.requireWritable(options, tokens);
        try (Password password = password(file)) {
            new AccountSetup(
                            context.store(),
                            context.registrations(),
                            context.states(),
                            Limits.LOCK,
                            context.network(account, verbose),
                            context.passwords(),
                            environment.clock(),
                            countdown)
                    .run(request, password, ui());
        }
        int status = postSetup.finish(options, tokens);
        context.states().readOrUnknown(account).issuer().map(URI::create).ifPresent(this::adviseOnProxy);
        return status;
    }

    /** Only if the service is installed, and the config file leaves the proxy to the environment. */
    private void adviseOnProxy(URI issuerUrl) {
        Optional<ProxySettings> shell = context.proxiesOfShell();
        Optional<ProxySettings> service;
        try {
            service = context.networkOfService().map(Network::proxies);
        } catch (UsageException e) { // setup itself succeeded
            output.warning("osg-token-renewer.service: " + e.text());
            return;
        }
        if (shell.isPresent() && service.isPresent() && context.proxy(account).isEmpty()) {
            for (String line :
                    ProxyAdvice.lines(shell.get(), service.get(), issuerUrl, account, context.configFile())) {
                print(line.startsWith(" ") ? line : LineWrapper.of(environment.out(), line));
            }
        }
    }

    private AccountSetup.Mode mode() {
        if (clientSource.reauthenticate) {
            return AccountSetup.Mode.REAUTHENTICATE;
        }
        if (clientSource.publicClient) {
            return AccountSetup.Mode.PUBLIC;
        }
        return clientSource.manual ? AccountSetup.Mode.MANUAL : AccountSetup.Mode.REGISTER;
    }

    private int clientCredentials() throws FailureException {
        PostSetup postSetup = postSetup();
        postSetup.requireWritable(Path.of(TOKENS));
        ClientCredentialsSetup.Result result = new ClientCredentialsSetup(
                        account,
                        context.network(account, verbose),
                        context.passwords(),
                        environment.clock(),
                        environment.pause())
                .run(
                        words(scope),
                        words(audience),
                        audienceParameter(),
                        auth(),
                        clientFiles(),
                        Optional.ofNullable(caFile),
                        ui());
        print("The issuer gave a token for client "
                + Printable.of(result.client().id()) + ".");
        Optional<String> subject = result.token().tokenIdentity().map(TokenResponse.Identity::subject);
        if (host != null
                && subject.filter(sub -> !sub.equals(result.client().id())).isPresent()) {
            output.warning(
                    "the token is for " + Printable.of(subject.get()) + " (sub), and services expect the client id "
                            + Printable.of(result.client().id()));
        }
        Map<String, String> options = new LinkedHashMap<>();
        options.put("client_id", result.client().id());
        if (result.clientFiles().isPresent()) {
            addClientFiles(options, result.clientFiles(), AssertionAudience.ISSUER);
        } else if (clientSecretFile != null && !clientSecretFile.equals("-")) {
            options.put("client_secret_file", absolute(Path.of(clientSecretFile)));
        } else {
            options.put("client_secret", result.client().secret().orElseThrow().reveal());
        }
        options.put("token_request_url", result.provider().tokenEndpoint().toString());
        options.put("issuer", result.provider().issuer());
        if (result.client().auth() != ClientAuth.BASIC
                && !result.clientFiles().isPresent()) { // the default of a section
            options.put("client_auth", result.client().auth().word());
        }
        if (result.audienceParameter() != AudienceParameter.AUDIENCE) { // the default of a section
            options.put("audience_parameter", result.audienceParameter().word());
        }
        if (caFile != null) {
            options.put("ca_file", absolute(caFile));
        }
        int status = postSetup.finish(options, Path.of(TOKENS));
        adviseOnProxy(result.provider().tokenEndpoint());
        return status;
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().toString();
    }

    private PostSetup postSetup() {
        return new PostSetup(
                context,
                terminal,
                account,
                new PostSetup.Request(
                        writeConfig,
                        Optional.ofNullable(configAddition),
                        Optional.ofNullable(token),
                        Optional.ofNullable(tokenPath),
                        Optional.ofNullable(secretName),
                        clientSource.clientCredentials ? words(scope) : List.of(), // otherwise the account stores it
                        words(audience),
                        verbose));
    }

    private ConsoleSetupUi ui() {
        return new ConsoleSetupUi(
                environment,
                terminal,
                countdown,
                new ConsoleSetupUi.Options(
                        questions(),
                        ISSUERS,
                        Optional.ofNullable(issuer),
                        words(scope),
                        Optional.ofNullable(clientId),
                        Optional.ofNullable(clientSecretFile).map(this::clientSecret)),
                qr.always || !qr.never && terminal.isInteractive() && Terminal.isUtf8(environment),
                verbose);
    }

    /** The options that are missing, so that their questions will be asked. */
    private List<String> questions() {
        boolean predefined = clientSource.manual || clientSource.publicClient || clientSource.clientCredentials;
        List<String> questions = new ArrayList<>();
        if (issuer == null) {
            questions.add(ConsoleSetupUi.ISSUER);
        }
        if (words(scope).isEmpty() && !clientSource.clientCredentials) {
            questions.add(ConsoleSetupUi.SCOPE);
        }
        if (predefined && clientId == null) {
            questions.add(ConsoleSetupUi.CLIENT_ID);
        }
        if (predefined
                && !clientSource.publicClient
                && clientSecretFile == null
                && !clientFiles().isPresent()) {
            questions.add(ConsoleSetupUi.CLIENT_SECRET);
        }
        return questions;
    }

    private Optional<Path> configuredCaFile(Config config) {
        return config.accounts().get(account) instanceof StoredAccount stored ? stored.caFile() : Optional.empty();
    }

    /** For a config file that was written before its account. */
    private List<String> audienceOfTokens(Config config) {
        return config.tokens().stream()
                .filter(token -> token.account().equals(account))
                .filter(token -> token.exchange().isEmpty())
                .flatMap(token -> token.audience().stream())
                .distinct()
                .toList();
    }

    private Password password(Path file) throws FailureException {
        try {
            return context.passwords().read(account, file);
        } catch (PasswordFileException e) {
            if (passwordFile == null
                    && e.kind() == PasswordFileException.Kind.UNREADABLE
                    && context.commands().isService()) {
                throw new UsageException(
                        "the password_file of account " + account + ": " + e.getMessage(),
                        withPassword("name it, so that setup opens it for the service", file));
            }
            throw new FailureException(FailureMapper.of(e));
        }
    }

    private Repair withPassword(String advice, Path file) {
        return new Repair(
                advice,
                clientSource.reauthenticate
                        ? context.commands().setupWithPassword(file, "--reauthenticate", account)
                        : context.commands().setupWithPassword(file, account));
    }

    private boolean isForService() {
        return context.commands().isService() || context.passwords().isPassedByLauncher(account);
    }

    private static boolean exists(Path file) {
        return Files.exists(file, LinkOption.NOFOLLOW_LINKS);
    }

    private Secret clientSecret(String file) {
        return file.equals("-")
                ? terminal.askSecret("Client secret (not shown)", ConsoleSetupUi.CLIENT_SECRET)
                : secret(Path.of(file), "--client-secret-file");
    }

    private static Secret secret(Path file, String option) {
        try {
            return SecretFile.read(file);
        } catch (PasswordFileException e) {
            throw new UsageException(option + ": " + Printable.of(file + ": " + e.reason()));
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

    private void print(String line) {
        environment.out().println(line);
    }
}

package org.opensciencegrid.tokenrenewer.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.net.ProxySettings;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.oidc.AssertionAudience;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Reads the options of an {@code [account NAME]} or {@code [token NAME]} section as typed values. A bad value is
 * added to the diagnostics and reads as empty. A missing option, or one without a value, also reads as empty.
 */
final class Section {
    static final String CLIENT_SECRET = "client_secret";
    static final String EXCHANGE_RESOURCE = "exchange_resource";
    private static final String CLIENT_AUTH = "client_auth";
    private static final String CLIENT_KEY_FILE = "client_key_file";
    private static final String CLIENT_ASSERTION_FILE = "client_assertion_file";
    private static final String TLS_CERT_FILE = "tls_cert_file";
    private static final String TLS_KEY_FILE = "tls_key_file";
    private static final String PROXY = "proxy";
    private static final long MIN_RESPONSE_SECONDS = 10;

    private static final int MAX_DIGITS = 18; // any number with this many digits fits a long

    /** Compiled when first used, because most files have no such option. */
    private static final class Patterns {
        static final Pattern MODE = Pattern.compile("0?[0-7]{3}");
        static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,99}");
        static final Pattern PRINCIPAL = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.@-]{0,99}");
    }

    private static final long DEFAULT_HOOK_SECONDS = 30;
    private static final long MAX_HOOK_SECONDS = 240;
    private static final long MAX_NOTIFY_AFTER = 1000;

    private static final Set<String> YES = Set.of("yes", "true", "on", "1");
    private static final Set<String> NO = Set.of("no", "false", "off", "0");

    private final RawConfig raw;
    private final Diagnostics diagnostics;
    private final String header;
    private final String type;
    private final String name;
    /** The word of {@code for_each} that this is the token of. */
    private final Optional<String> word;
    /** Shared by the tokens of one section. */
    private final Set<RawConfig.Option> references;

    private final List<ConfigError> problems;
    /** The lines of options whose values contain the word. */
    private final Set<Integer> linesWithWord = new HashSet<>(0);

    private boolean isWordUsed;

    Section(RawConfig raw, Diagnostics diagnostics, String header, String type, String name) {
        this.raw = raw;
        this.diagnostics = diagnostics;
        this.header = header;
        this.type = type;
        this.name = name;
        this.word = Optional.empty();
        this.references = new HashSet<>();
        this.problems = new ArrayList<>(0);
    }

    private Section(Section of, String word) {
        this.raw = of.raw;
        this.diagnostics = of.diagnostics;
        this.header = of.header;
        this.type = of.type;
        this.name = of.name;
        this.word = Optional.of(word);
        this.references = of.references;
        this.problems = new ArrayList<>(of.problems);
    }

    /** The section with {@code %(each)s} replaced with a word. It has the problems that were found until now. */
    Section forWord(String each) {
        return new Section(this, each);
    }

    String header() {
        return header;
    }

    String type() {
        return type;
    }

    /** Of the account or token: NAME, or NAME@WORD for a token of {@code for_each}. */
    String name() {
        return word.isPresent() ? name + "@" + word.get() : name;
    }

    /** NAME in the header. */
    String headerName() {
        return name;
    }

    boolean isOfWord() {
        return word.isPresent();
    }

    /** For advice: a file name that no other token of the section has. */
    String fileName() {
        return Printable.of(name) + (word.isPresent() ? ".%(each)s.token" : "");
    }

    int line() {
        return raw.line(header);
    }

    @Override
    public String toString() {
        return "[" + type + " " + Printable.of(name) + "]";
    }

    /** The options that were referenced by {@code %(option)s}. */
    Set<RawConfig.Option> references() {
        return references;
    }

    /** Whether the option is set and not empty, valid or not. */
    boolean has(String option) {
        try {
            return expand(option).isPresent();
        } catch (Interpolation.Failure e) {
            return true;
        }
    }

    /** Whether the option is set, even if it is empty. */
    boolean isSet(String option) {
        return raw.find(header, option).isPresent();
    }

    int line(String option) {
        Optional<RawConfig.Option> found = raw.find(header, option);
        return found.isPresent() ? found.get().line() : line();
    }

    /** The line of a word in a list; the first line of the list if the word comes from another option. */
    int lineOfWord(String option, String each) {
        RawConfig.Option list = raw.find(header, option).orElseThrow();
        for (int i = 0; i < list.parts().size(); i++) {
            if (PythonText.words(list.parts().get(i)).contains(each)) {
                return list.line(i);
            }
        }
        return list.line();
    }

    /** Whether the word of {@code for_each} is part of the option's value; read the value first. */
    boolean usesWord(String option) {
        return linesWithWord.contains(line(option));
    }

    void problem(int line, String text) {
        add(new ConfigError(line, "Config section " + title(line) + ": " + text));
    }

    /** Names the token of {@code for_each} if the value in this line contains its word. */
    private String title(int line) {
        return linesWithWord.contains(line) ? "[" + type + " " + Printable.of(name()) + "]" : toString();
    }

    /** Adds a problem, which makes the section unusable. */
    void add(ConfigError problem) {
        problems.add(problem);
        diagnostics.add(problem);
    }

    /** The problems in the order in which they were found; empty for a valid section. */
    List<ConfigError> problems() {
        return problems;
    }

    void warning(int line, String text) {
        diagnostics.warning(line, "Config section " + title(line) + ": " + text);
    }

    /** A value on one line without control characters. */
    Optional<String> text(String option) {
        Optional<String> value = value(option);
        boolean isText = value.isPresent() && isOneLine(option, value.get()) && isPrintable(option, value.get());
        return isText ? value : Optional.empty();
    }

    /** Like {@link #text}, but a missing value is a problem. */
    Optional<String> requiredText(String option) {
        Optional<String> text = text(option);
        if (text.isEmpty() && !has(option)) {
            problem(line(), "missing '" + option + "' attribute");
        }
        return text;
    }

    Optional<Path> path(String option) {
        Optional<String> text = text(option);
        return text.isPresent() ? toPath(option, text.get()) : Optional.empty();
    }

    /** Like {@link #file}, but a missing value is a problem. */
    Optional<Path> requiredFile(String option) {
        return toFile(option, requiredText(option));
    }

    /** Like {@link #path}, but a directory is a problem. */
    Optional<Path> file(String option) {
        return toFile(option, text(option));
    }

    private Optional<Path> toFile(String option, Optional<String> text) {
        Optional<Path> path = text.isPresent() ? toPath(option, text.get()) : Optional.empty();
        if (path.isPresent() && (text.get().endsWith("/") || Files.isDirectory(path.get()))) {
            String shown = Printable.of(path.get().toString());
            problem(line(option), option + " '" + shown + "' is a directory; name a file in it");
            return Optional.empty();
        }
        return path;
    }

    /** The words of a value, on any number of lines. */
    List<String> words(String option) {
        Optional<RawConfig.Option> found = raw.find(header, option);
        if (found.isEmpty()) {
            return List.of();
        }
        List<String> words = PythonText.words(value(option).orElse(""));
        isPrintable(option, String.join(" ", words));
        warnOfSwallowedOptions(found.get());
        return words;
    }

    OptionalLong seconds(String option) {
        return number(option, "seconds");
    }

    private OptionalLong number(String option, String unit) {
        Optional<String> text = text(option);
        if (text.isEmpty()) {
            return OptionalLong.empty();
        }
        if (!isNumber(text.get())) {
            problem(line(option), option + " '" + Printable.of(text.get()) + "' is not a number of " + unit);
            return OptionalLong.empty();
        }
        return OptionalLong.of(Long.parseLong(text.get()));
    }

    /**
     * A loop, because most files have such a number and compiling a pattern takes as long as the rest of the parsing.
     */
    private static boolean isNumber(String text) {
        boolean isNumber = !text.isEmpty() && text.length() <= MAX_DIGITS;
        for (int i = 0; i < text.length(); i++) {
            isNumber &= text.charAt(i) >= '0' && text.charAt(i) <= '9';
        }
        return isNumber;
    }

    /** The files of a client that has no secret. */
    ClientFiles clientFiles() {
        if (!hasClientFiles() && !has("assertion_audience")) {
            return ClientFiles.NONE; // nearly always
        }
        Optional<AssertionAudience> audience = choice("assertion_audience", AssertionAudience.class);
        if (has(TLS_CERT_FILE) || has(TLS_KEY_FILE)) {
            return tlsFiles();
        }
        if (!hasClientFiles()) {
            boolean signsWithSecret = text(CLIENT_AUTH)
                    .filter(ClientAuth.CLIENT_SECRET_JWT.word()::equals)
                    .isPresent();
            if (audience.isPresent() && !signsWithSecret) {
                warning(line("assertion_audience"), "assertion_audience without 'client_key_file' means nothing");
            }
            return audience.isEmpty()
                    ? ClientFiles.NONE
                    : new ClientFiles(Optional.empty(), Optional.empty(), audience);
        }
        ClientFiles files = new ClientFiles(file(CLIENT_KEY_FILE), file(CLIENT_ASSERTION_FILE), audience);
        if (has(CLIENT_KEY_FILE) && has(CLIENT_ASSERTION_FILE)) {
            problem(line(CLIENT_ASSERTION_FILE), "both 'client_key_file' and 'client_assertion_file'; keep one");
        } else if (files.key().isEmpty() && audience.isPresent()) {
            warning(
                    line("assertion_audience"),
                    "assertion_audience means nothing: the program that writes client_assertion_file chooses it");
        }
        return files;
    }

    private ClientFiles tlsFiles() {
        for (String option : List.of(CLIENT_KEY_FILE, CLIENT_ASSERTION_FILE)) {
            if (has(option)) {
                problem(line(option), "both 'tls_cert_file' and '" + option + "'; keep one");
            }
        }
        Optional<Path> certificate = requiredFile(TLS_CERT_FILE);
        Optional<Path> key = requiredFile(TLS_KEY_FILE);
        return new ClientFiles(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                certificate.isPresent() && key.isPresent()
                        ? Optional.of(new TlsFiles(certificate.get(), key.get()))
                        : Optional.empty());
    }

    /** Whether an option names such a file, valid or not. */
    boolean hasClientFiles() {
        return has(CLIENT_KEY_FILE) || has(CLIENT_ASSERTION_FILE) || has(TLS_CERT_FILE) || has(TLS_KEY_FILE);
    }

    private String nameOfClientFiles() {
        return has(TLS_CERT_FILE) || has(TLS_KEY_FILE)
                ? TLS_CERT_FILE
                : has(CLIENT_KEY_FILE) ? CLIENT_KEY_FILE : CLIENT_ASSERTION_FILE;
    }

    /** The method of client authentication. The files above leave only one. */
    Optional<ClientAuth> clientAuth(ClientFiles files) {
        Optional<ClientAuth> auth = choice(CLIENT_AUTH, ClientAuth.class);
        boolean isTls = has(TLS_CERT_FILE) || has(TLS_KEY_FILE);
        boolean usesCertificate = auth.isPresent() && auth.get().usesCertificate();
        boolean fits = isTls ? usesCertificate : auth.equals(Optional.of(ClientAuth.PRIVATE_KEY_JWT));
        if (!hasClientFiles() && usesCertificate) {
            problem(
                    line(CLIENT_AUTH),
                    "client_auth = " + auth.get().word() + " needs 'tls_cert_file' and 'tls_key_file'");
        } else if (!hasClientFiles() && auth.equals(Optional.of(ClientAuth.PRIVATE_KEY_JWT))) {
            problem(
                    line(CLIENT_AUTH),
                    "client_auth = private_key_jwt needs 'client_key_file' or 'client_assertion_file'");
        } else if (!fits && auth.isPresent() && hasClientFiles()) {
            problem(
                    line(CLIENT_AUTH),
                    "client_auth = " + auth.get().word() + " uses no '" + nameOfClientFiles()
                            + "'; remove one of the two");
        }
        if (fits || !files.isPresent()) {
            return auth;
        }
        return Optional.of(isTls ? ClientAuth.TLS_CLIENT_AUTH : ClientAuth.PRIVATE_KEY_JWT);
    }

    /** A client has a secret or one of the files above. */
    void rejectSecret() {
        for (String option : List.of(CLIENT_SECRET, "client_secret_file")) {
            if (has(option)) {
                problem(line(option), "both '" + option + "' and '" + nameOfClientFiles() + "'; keep one");
            }
        }
    }

    /** The issuer, from which the endpoints are found. */
    Optional<String> issuer() {
        Optional<String> text = text("issuer");
        if (text.isPresent() && toUri(text.get()).filter(Transport::isSafe).isEmpty()) {
            problem(
                    line("issuer"),
                    "issuer must be an https:// address (http:// only on localhost) without user name and without '#'");
            return Optional.empty();
        }
        return text;
    }

    /** How to reach the issuer of the account. */
    NetworkOptions networkOptions() {
        List<String> noProxy = words("no_proxy");
        Optional<String> url = text(PROXY);
        Optional<ProxySettings> proxies = url.isPresent() ? proxies(url.get(), noProxy) : Optional.empty();
        if (!noProxy.isEmpty() && !has(PROXY)) {
            warning(line("no_proxy"), "no_proxy without 'proxy' means nothing");
        }
        OptionalLong seconds = seconds("answer_timeout");
        long maxSeconds = Limits.RESPONSE.toSeconds();
        if (seconds.isPresent() && (seconds.getAsLong() < MIN_RESPONSE_SECONDS || seconds.getAsLong() > maxSeconds)) {
            problem(
                    line("answer_timeout"),
                    "answer_timeout is not from " + MIN_RESPONSE_SECONDS + " to " + maxSeconds
                            + " seconds: a lost answer may" + " cost a refresh token, and a run has 9 minutes");
            seconds = OptionalLong.empty();
        }
        return new NetworkOptions(
                proxies, seconds.isPresent() ? Optional.of(Duration.ofSeconds(seconds.getAsLong())) : Optional.empty());
    }

    private Optional<ProxySettings> proxies(String url, List<String> noProxy) {
        if (url.equals("none")) {
            return Optional.of(ProxySettings.NONE);
        }
        try {
            return Optional.of(ProxySettings.of("config.ini", url, String.join(" ", noProxy)));
        } catch (IllegalArgumentException e) { // do not show the value: it may contain a password
            problem(
                    line(PROXY),
                    "proxy must be http://HOST:PORT or https://HOST:PORT, or the same with USER:PASSWORD@ before"
                            + " HOST, or none; write special characters of the password as %%XX");
            return Optional.empty();
        }
    }

    /** Whom to notify of problems with the account. */
    Optional<NotifyOptions> notifyOptions(Optional<Path> caFile, NetworkOptions networkOptions) {
        boolean isSet = isSet("owner")
                || isSet(NotifyOptions.OPTION)
                || isSet("notify_after")
                || isSet("notify_relay")
                || isSet("notify_from");
        if (!isSet) {
            return Optional.empty();
        }
        List<NotifyTarget> targets = new ArrayList<>();
        for (String word : words(NotifyOptions.OPTION)) {
            Optional<NotifyTarget> target = NotifyTarget.parse(word);
            if (target.isPresent() && !targets.contains(target.get())) {
                targets.add(target.get());
            } else if (target.isEmpty()) { // do not show an address of the web: it may contain a secret
                String shown = word.contains("//") ? "" : " '" + Printable.of(word) + "'";
                problem(
                        line(NotifyOptions.OPTION),
                        "notify" + shown + " is none of mailto:ADDRESS, exec:/PATH and https://HOST/PATH (http:// only"
                                + " on localhost); separate several with spaces");
            }
        }
        OptionalLong after = number("notify_after", "runs");
        if (after.isPresent() && (after.getAsLong() < 1 || after.getAsLong() > MAX_NOTIFY_AFTER)) {
            problem(line("notify_after"), "notify_after is not a number of runs from 1 to " + MAX_NOTIFY_AFTER);
        }
        Optional<NotifyOptions.Relay> relay = text("notify_relay").flatMap(NotifyOptions.Relay::parse);
        if (has("notify_relay") && relay.isEmpty()) {
            problem(line("notify_relay"), "notify_relay is not HOST or HOST:PORT");
        }
        Optional<String> from = text("notify_from");
        if (from.isPresent() && !NotifyTarget.isMailAddress(from.get())) {
            problem(
                    line("notify_from"),
                    "notify_from '" + Printable.of(from.get()) + "' is not a mail address such as grid@example.org");
        }
        return Optional.of(new NotifyOptions(
                text("owner"),
                targets,
                after.orElse(NotifyOptions.DEFAULT_AFTER),
                relay.orElse(NotifyOptions.Relay.LOCAL),
                from,
                caFile,
                networkOptions));
    }

    /** The resources to request by a token exchange; empty if the token is not exchanged. */
    Optional<List<String>> exchange() {
        boolean isExchanged = flag("exchange");
        List<String> resources = words(EXCHANGE_RESOURCE);
        if (!isExchanged && !resources.isEmpty()) {
            problem(line(EXCHANGE_RESOURCE), EXCHANGE_RESOURCE + " needs 'exchange = yes'");
        }
        for (String resource : resources) { // RFC 8693 section 2.1
            if (toUri(resource)
                    .filter(uri -> uri.isAbsolute() && uri.getRawFragment() == null)
                    .isEmpty()) {
                problem(
                        line(EXCHANGE_RESOURCE),
                        EXCHANGE_RESOURCE + " '" + Printable.of(resource)
                                + "' is not an absolute URI without '#', such as https://storage.example.org/; separate"
                                + " several with spaces");
            }
        }
        return isExchanged ? Optional.of(resources) : Optional.empty();
    }

    /** The Kubernetes Secret that gets the token. */
    Optional<TokenSecret> tokenSecret() {
        Optional<String> text = text("token_secret");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<String> mistake = TokenSecret.mistake(text.get());
        if (mistake.isPresent()) {
            problem(
                    line("token_secret"),
                    "token_secret " + mistake.get() + (text.get().indexOf(':') < 0 ? "" : withoutPort()));
        }
        return TokenSecret.parse(text.get());
    }

    /** Words of {@code for_each} are often HOST:PORT. */
    private String withoutPort() {
        return usesWord("token_secret")
                ? "; write only hosts in for_each, and for example audience = %(each)s:9619"
                : "";
    }

    /** The permissions of the token file. */
    TokenAccess access() {
        return new TokenAccess(mode("token_mode"), principal("token_owner"), principal("token_group"));
    }

    /**
     * Octal digits as for chmod. The service must be able to read the file, and other users must not be able to forge
     * it.
     */
    private Optional<Set<PosixFilePermission>> mode(String option) {
        Optional<String> text = text(option);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (!Patterns.MODE.matcher(text.get()).matches()) {
            problem(line(option), option + " '" + Printable.of(text.get()) + "' is not a mode such as 0640");
            return Optional.empty();
        }
        Set<PosixFilePermission> mode = permissions(text.get());
        if (!mode.contains(PosixFilePermission.OWNER_READ)) {
            problem(line(option), option + " '" + text.get() + "' does not let the owner read");
        } else if (mode.contains(PosixFilePermission.OTHERS_WRITE)) {
            problem(line(option), option + " '" + text.get() + "' lets everyone write");
        }
        return Optional.of(mode);
    }

    private static Set<PosixFilePermission> permissions(String octal) {
        PosixFilePermission[] inOrder = PosixFilePermission.values(); // in the order rwx of owner, group, others
        int bits = Integer.parseInt(octal, 8);
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        for (PosixFilePermission permission : inOrder) {
            if ((bits >> (inOrder.length - 1 - permission.ordinal()) & 1) == 1) {
                permissions.add(permission);
            }
        }
        return permissions;
    }

    /** A user or group name. This package does not check whether it exists. */
    private Optional<String> principal(String option) {
        Optional<String> text = text(option);
        if (text.isPresent() && !Patterns.PRINCIPAL.matcher(text.get()).matches()) {
            problem(line(option), option + " '" + Printable.of(text.get()) + "' is not one name or number");
        }
        return text;
    }

    /** The command to run after a renewal. */
    Optional<PostRenewal> postRenewal() {
        List<String> command = words("post_renewal");
        OptionalLong timeout = seconds("post_renewal_timeout");
        if (timeout.isPresent() && (timeout.getAsLong() < 1 || timeout.getAsLong() > MAX_HOOK_SECONDS)) {
            problem(
                    line("post_renewal_timeout"),
                    "post_renewal_timeout is not from 1 to " + MAX_HOOK_SECONDS + " seconds: a run has 9 minutes");
        }
        Optional<PostRenewal.When> when = choice("post_renewal_when", PostRenewal.When.class);
        List<String> environment = variables("post_renewal_environment");
        if (command.isEmpty()) {
            for (String option : List.of("post_renewal_timeout", "post_renewal_when", "post_renewal_environment")) {
                if (has(option)) {
                    warning(line(option), option + " without 'post_renewal' means nothing");
                }
            }
            return Optional.empty();
        }
        return toPath("post_renewal", command.get(0))
                .map(program -> new PostRenewal(
                        command,
                        Duration.ofSeconds(timeout.orElse(DEFAULT_HOOK_SECONDS)),
                        when.orElse(PostRenewal.When.RENEWED),
                        environment));
    }

    /** Names of environment variables that the program does not set itself. */
    private List<String> variables(String option) {
        List<String> names = words(option);
        for (String variable : names) {
            if (!Patterns.VARIABLE.matcher(variable).matches()) {
                problem(
                        line(option),
                        option + " '" + Printable.of(variable)
                                + "' is not the name of an environment variable; write names only, separated by spaces");
            } else if (PostRenewal.OWN_VARIABLES.contains(variable)) {
                problem(line(option), option + ": " + variable + " is set by this program; remove it");
            }
        }
        return names;
    }

    /** A boolean, in the words of Python's getboolean; false if the option is not set. */
    boolean flag(String option) {
        String text = PythonText.lower(text(option).orElse("no"));
        if (!YES.contains(text) && !NO.contains(text)) {
            problem(line(option), option + " '" + Printable.of(text) + "' is not yes or no");
        }
        return YES.contains(text);
    }

    /** One of the constants, written in lower case. */
    <E extends Enum<E>> Optional<E> choice(String option, Class<E> type) {
        Optional<String> text = text(option);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        List<String> words = new ArrayList<>();
        for (E constant : type.getEnumConstants()) {
            if (word(constant).equals(text.get())) {
                return Optional.of(constant);
            }
            words.add(word(constant));
        }
        problem(line(option), option + " '" + Printable.of(text.get()) + "' is not one of " + String.join(", ", words));
        return Optional.empty();
    }

    /** A URL that is safe to send a secret to. */
    Optional<URI> requiredEndpoint(String option) {
        Optional<String> text = requiredText(option);
        Optional<URI> endpoint = text.flatMap(Section::toUri).filter(Transport::isSafe);
        if (text.isPresent() && endpoint.isEmpty()) { // do not show the value: it may contain a password
            problem(
                    line(option),
                    option + " must be an https:// address (http:// only on localhost) without user name and without"
                            + " '#'");
        }
        return endpoint;
    }

    private Optional<String> value(String option) {
        try {
            return expand(option);
        } catch (Interpolation.Failure e) {
            // the message may repeat the text in parentheses, which may be part of a secret
            boolean secret =
                    option.equals(CLIENT_SECRET) || option.equals(PROXY) || option.equals(NotifyOptions.OPTION);
            problem(line(option), option + ": " + (secret ? "write '%%' for each '%' of the secret" : e.getMessage()));
            return Optional.empty();
        }
    }

    private Optional<String> expand(String option) throws Interpolation.Failure {
        Optional<RawConfig.Option> found = raw.find(header, option);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        isWordUsed = false;
        String written = found.get().value();
        String value = written.indexOf('%') < 0 ? written : Interpolation.expand(written, this::reference);
        if (isWordUsed) {
            linesWithWord.add(found.get().line());
        }
        return value.isEmpty() ? Optional.empty() : Optional.of(value);
    }

    /** The original program sets an option {@code name} in every section, regardless of what the file says. */
    private Optional<String> reference(String option) {
        if (option.equals("name")) {
            return Optional.of(name.replace("%", "%%"));
        }
        if (option.equals(ForEach.REFERENCE) && word.isPresent()) {
            isWordUsed = true;
            return Optional.of(word.get().replace("%", "%%"));
        }
        Optional<RawConfig.Option> found = raw.find(header, option);
        found.ifPresent(references::add);
        return found.map(RawConfig.Option::value);
    }

    private boolean isOneLine(String option, String value) {
        if (value.indexOf('\n') < 0) {
            return true;
        }
        RawConfig.Option found = raw.find(header, option).orElseThrow();
        List<String> parts = found.parts();
        int second = 1;
        while (second < parts.size() && parts.get(second).isEmpty()) {
            second++;
        }
        if (second < parts.size()) {
            problem(
                    found.line(second),
                    "the line is indented, so it continues the value of '" + option
                            + "' above; let it begin where the line above begins");
        } else {
            problem(found.line(), option + " takes over a value of more than one line");
        }
        return false;
    }

    private boolean isPrintable(String option, String value) {
        for (int i = 0; i < value.length(); i++) {
            if (Character.isISOControl(value.charAt(i))) {
                String control = String.format(Locale.ROOT, "U+%04X", (int) value.charAt(i));
                problem(line(option), option + " contains the control character " + control);
                return false;
            }
        }
        return true;
    }

    private Optional<Path> toPath(String option, String text) {
        Optional<String> mistake = mistakeInPath(text);
        if (mistake.isPresent()) {
            problem(line(option), option + " '" + Printable.of(text) + "' " + mistake.get());
            return Optional.empty();
        }
        try {
            return Optional.of(Path.of(text));
        } catch (InvalidPathException e) { // in the C locale, Java cannot use file names with characters outside ASCII
            problem(
                    line(option),
                    option + " has a character that file names cannot have in this locale; set LC_ALL=C.UTF-8");
            return Optional.empty();
        }
    }

    /** Common mistakes of people who expect the file to be read like a shell script, a template or YAML. */
    private static Optional<String> mistakeInPath(String text) {
        if (text.startsWith("\"") || text.startsWith("'")) {
            return Optional.of("begins with a quotation mark; write the path without quotation marks");
        }
        if (text.contains("{{") || text.contains("{%") || text.contains("${") || text.startsWith("$")) {
            return Optional.of("has a variable in it that was not replaced; write the path itself");
        }
        if (text.startsWith("~")) {
            return Optional.of("begins with '~', which is not replaced; write the whole path, starting with '/'");
        }
        if (!text.startsWith("/")) {
            return Optional.of("is not an absolute path; write the whole path, starting with '/'");
        }
        if (text.contains(" #") || text.contains(" ;") || text.contains("\t#") || text.contains("\t;")) {
            return Optional.of("has a comment in it; put the comment on a line of its own");
        }
        return Optional.empty();
    }

    /**
     * Warns about an indented line that was probably meant as an option. As in the original program, it becomes part of
     * the list.
     */
    private void warnOfSwallowedOptions(RawConfig.Option list) {
        List<String> parts = list.parts();
        for (int i = 1; i < parts.size(); i++) {
            String word = PythonText.lower(parts.get(i).split("[\\s=:]", 2)[0]);
            if (KnownOptions.TOKEN.contains(word)) {
                warning(
                        list.line(i),
                        "the line is indented, so '" + word + "' here is a part of the value of '" + list.name()
                                + "' above");
            }
        }
    }

    private static Optional<URI> toUri(String text) {
        try {
            return Optional.of(new URI(text));
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}

package org.opensciencegrid.tokenrenewer.config;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.opensciencegrid.cryptostore.AccountName;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.oidc.AssertionAudience;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Converts raw sections to accounts and tokens. The messages that begin with "Config" and "Unrecognized" are those of
 * the original program, word for word, because people search their journals for them.
 */
final class Validation {
    static final int MAX_TOKEN_NAME = 100;
    private static final String ACCOUNT_NAME_RULE =
            "an account name begins with a letter or digit, has only letters, digits and ._@+- in it, no '..', and at"
                    + " most 100 characters";

    private final RawConfig raw;
    private final Diagnostics diagnostics = new Diagnostics();

    /** Sections by name. A second section with the same name is a problem if a token uses the name. */
    private final Map<String, List<Section>> accountSections = new LinkedHashMap<>();

    private final Map<String, List<Section>> tokenSections = new LinkedHashMap<>();
    /** In file order. A section without an entry describes no token that can be used. */
    private final Map<Section, TokenSection> tokensBySection = new LinkedHashMap<>();

    private final Set<String> usedAccounts = new HashSet<>();
    private final Map<Path, Path> realDirectories = new HashMap<>();
    private final Map<String, NotifyOptions> notifications = new HashMap<>();
    private boolean isUnreadable;

    private Validation(RawConfig raw) {
        this.raw = raw;
    }

    static Config validate(Path file, RawConfig raw) throws ConfigException {
        return validate(file, raw, List.of());
    }

    /** @param reserved directories that must not contain a token */
    static Config validate(Path file, RawConfig raw, List<Path> reserved) throws ConfigException {
        return new Validation(raw).run(file, reserved);
    }

    /** Whether any token has no min_lifetime. A guess: the file is not validated. */
    static boolean hasTokenWithoutMinLifetime(RawConfig raw) {
        for (String header : raw.sections()) {
            if (header.startsWith("token") && raw.find(header, "min_lifetime").isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private Config run(Path file, List<Path> reserved) throws ConfigException {
        for (String header : raw.sections()) {
            addSection(header);
        }
        for (SyntaxError error : raw.syntaxErrors()) {
            addSyntaxError(error);
        }
        List<Section> read = readTokens();
        List<String> unused = new ArrayList<>();
        Map<String, AccountSection> accounts = readAccounts(unused);
        warnOfUnknownOptions();

        rejectServiceFiles(accounts.values(), file, reserved);
        rejectSharedPaths();
        rejectSharedSecrets();

        List<TokenSection> tokens = new ArrayList<>();
        List<InvalidToken> invalid = new ArrayList<>();
        for (Section section : read) {
            TokenSection token = tokensBySection.get(section);
            if (token != null && section.problems().isEmpty() && accounts.containsKey(token.account())) {
                tokens.add(token);
            } else {
                invalid.add(invalid(section));
            }
        }
        warnOfSharedPaths(tokens);
        Config config = new Config(
                file, accounts, tokens, invalid, diagnostics.problems(), diagnostics.warnings(), unused, notifications);
        if (isUnreadable) {
            throw new ConfigException(config);
        }
        return config;
    }

    /** Returns a section for each token, valid or not. */
    private List<Section> readTokens() {
        List<Section> read = new ArrayList<>();
        Map<String, Section> byName = new HashMap<>();
        for (Map.Entry<String, List<Section>> same : tokenSections.entrySet()) {
            byName.put(same.getKey(), same.getValue().get(0));
        }
        for (List<Section> same : tokenSections.values()) {
            Section first = requireUnique(same);
            List<Section> described = ForEach.tokens(first);
            if (described.isEmpty()) {
                first.text("account").ifPresent(usedAccounts::add);
                read.add(first);
            }
            for (Section section : described) {
                Section other = section.isOfWord() ? byName.putIfAbsent(section.name(), section) : null;
                if (other == null) {
                    read.add(section);
                    readToken(section);
                } else {
                    section.problem(
                            section.line(ForEach.OPTION),
                            "for_each makes a token '" + Printable.of(section.name()) + "', and the section in line "
                                    + other.line() + " too; rename one of the two sections");
                }
            }
        }
        return read;
    }

    /** @param unused gets the names of accounts that no token uses */
    private Map<String, AccountSection> readAccounts(List<String> unused) {
        Map<String, AccountSection> accounts = new LinkedHashMap<>();
        for (Map.Entry<String, List<Section>> same : accountSections.entrySet()) {
            String name = same.getKey();
            Section section = requireUnique(same.getValue());
            Optional<AccountSection> account = account(section);
            if (account.isPresent() && section.problems().isEmpty()) {
                accounts.put(name, account.get());
            }
            if (!usedAccounts.contains(name) && AccountName.isValid(name)) {
                unused.add(name);
            }
        }
        return accounts;
    }

    private InvalidToken invalid(Section section) {
        String account = section.text("account").orElse("");
        List<ConfigError> problems = new ArrayList<>(section.problems());
        List<Section> ofAccount = accountSections.getOrDefault(account, List.of());
        if (!ofAccount.isEmpty()) {
            problems.addAll(ofAccount.get(0).problems());
        }
        problems.sort(Comparator.comparingInt(ConfigError::line));
        return new InvalidToken(section.name(), section.headerName(), account, problems);
    }

    /** An error that affects more than one section makes the whole file unusable. */
    private void addSyntaxError(SyntaxError error) {
        ConfigError problem = new ConfigError(error.line(), error.text());
        Optional<Section> section = error.concernsOneSection() ? section(error.section()) : Optional.empty();
        section.ifPresentOrElse(found -> found.add(problem), () -> diagnostics.add(problem));
        isUnreadable |= !error.concernsOneSection();
    }

    private Optional<Section> section(String header) {
        return Stream.of(tokenSections, accountSections)
                .flatMap(sections -> sections.values().stream())
                .filter(same ->
                        same.stream().anyMatch(section -> section.header().equals(header)))
                .map(same -> same.get(0))
                .findFirst();
    }

    private void addSection(String header) {
        if (header.indexOf(']') >= 0) {
            // Python 3.9 and older end the name at the first ']', newer versions at the last: reject the name
            diagnostics.add(new ConfigError(
                    raw.line(header),
                    "']' in the section name '" + Printable.of(header) + "'; write [TYPE NAME] and nothing after it"));
            return;
        }
        List<String> words = PythonText.words(header);
        String type = words.size() == 2 ? words.get(0) : "";
        switch (type) {
            case "account" -> add(accountSections, header, words);
            case "token" -> add(tokenSections, header, words);
            default ->
                diagnostics.add(new ConfigError(
                        raw.line(header),
                        "Unrecognized config section '" + Printable.of(header) + "'" + suggestion(words)));
        }
    }

    private static String suggestion(List<String> words) {
        Optional<String> type = words.isEmpty() ? Optional.empty() : type(words.get(0));
        if (type.isPresent() && words.size() > 2) {
            return "; write [" + type.get() + " NAME], with a name that has no spaces in it";
        }
        return type.map(meant -> " (did you mean '[" + meant + " "
                        + (words.size() == 2 ? Printable.of(words.get(1)) : "NAME") + "]'?)")
                .orElse("");
    }

    /** The section type that a misspelled word probably means: {@code Token}, {@code acount}, {@code token:x}. */
    private static Optional<String> type(String word) {
        List<String> types = List.of("account", "token");
        String letters = PythonText.lower(word).split("[^a-z]", 2)[0];
        return KnownOptions.nearest(letters, types);
    }

    private void add(Map<String, List<Section>> sections, String header, List<String> words) {
        String name = words.get(1);
        sections.putIfAbsent(name, new ArrayList<>());
        sections.get(name).add(new Section(raw, diagnostics, header, words.get(0), name));
    }

    private void readToken(Section section) {
        if (!isTokenName(section.headerName())) {
            section.problem(
                    section.line(),
                    "a token name has at most " + MAX_TOKEN_NAME
                            + " characters, no '/' and no control characters, and is not '.' or '..'");
        }
        Optional<String> account = section.requiredText("account");
        if (account.isPresent()) {
            use(account.get(), section);
        }
        Optional<TokenSecret> tokenSecret = section.tokenSecret();
        boolean isInSecretOnly = section.has("token_secret") && !section.has("token_path");
        Optional<Path> tokenPath = isInSecretOnly ? Optional.empty() : section.requiredFile("token_path");
        Optional<PostRenewal> postRenewal = section.postRenewal();
        if (isInSecretOnly) {
            reportOptionsOfFiles(section, postRenewal);
        }
        List<String> audience = section.words("audience");
        if (String.join(" ", audience).contains(",")) {
            section.warning(
                    section.line("audience"),
                    "the comma in audience is taken as a part of it; audiences are separated by blanks");
        }
        TokenSection token = new TokenSection(
                section.name(),
                section.headerName(),
                section.line(),
                account.orElse(""),
                tokenPath,
                audience,
                section.words("scope"),
                section.exchange(),
                section.seconds("min_lifetime"),
                section.flag("strict"),
                section.access(),
                postRenewal,
                tokenSecret);
        if (account.isPresent() && (isInSecretOnly ? tokenSecret : tokenPath).isPresent()) {
            tokensBySection.put(section, token);
        }
    }

    /** Notes that a section uses the account, and reports it if there is none. */
    private void use(String account, Section section) {
        usedAccounts.add(account);
        if (!accountSections.containsKey(account)) {
            String meant = KnownOptions.nearest(account, accountSections.keySet())
                    .map(nearest -> " (did you mean '" + Printable.of(nearest) + "'?)")
                    .orElse("");
            section.add(new ConfigError(
                    section.line("account"),
                    "Config for " + section + ": missing [account " + Printable.of(account) + "] section" + meant));
        }
    }

    /** Options that have no effect without token_path, and programs that would fail after each renewal. */
    private static void reportOptionsOfFiles(Section section, Optional<PostRenewal> postRenewal) {
        for (String option : List.of("token_mode", "token_owner", "token_group")) {
            if (section.has(option)) {
                section.warning(section.line(option), option + " without 'token_path' means nothing");
            }
        }
        if (postRenewal.filter(PostRenewal::isShipped).isPresent()) {
            section.problem(
                    section.line("post_renewal"),
                    postRenewal.get().program().getFileName() + " copies the file at token_path, and the section has"
                            + " none; write for example token_path = /etc/osg/tokens/" + section.fileName());
        }
    }

    private Optional<AccountSection> account(Section section) {
        if (!AccountName.isValid(section.name())) {
            section.problem(section.line(), ACCOUNT_NAME_RULE);
        }
        Optional<AudienceParameter> audienceParameter = section.choice("audience_parameter", AudienceParameter.class);
        ClientFiles clientFiles = section.clientFiles();
        Optional<ClientAuth> clientAuth = section.clientAuth(clientFiles);
        Optional<Path> caFile = section.path("ca_file");
        if (caFile.isEmpty()) {
            caFile = section.path("ca_dir");
        }
        NetworkOptions networkOptions = section.networkOptions();
        Optional<NotifyOptions> notify = section.notifyOptions(caFile, networkOptions);
        if (notify.isPresent()) {
            notifications.put(section.name(), notify.get());
        }
        if (section.has("ca_file") && section.has("ca_dir")) {
            section.problem(section.line("ca_dir"), "both 'ca_file' and 'ca_dir'; keep one");
        }
        if (section.has("password_file")) {
            if (section.has("token_request_url")) {
                section.warning(
                        section.line("token_request_url"),
                        "'token_request_url' is ignored: 'password_file' goes first");
            }
            Optional<Path> passwordFile = section.requiredFile("password_file");
            if (passwordFile.isEmpty()) {
                return Optional.empty();
            }
            return Optional.of(new StoredAccount(
                    section.name(),
                    section.line(),
                    passwordFile.get(),
                    audienceParameter,
                    clientAuth,
                    clientFiles,
                    caFile,
                    networkOptions));
        }
        if (!section.has("token_request_url")) {
            section.problem(section.line(), "missing both 'password_file' and 'token_request_url' attributes");
            return Optional.empty();
        }
        Optional<URI> tokenRequestUrl = section.requiredEndpoint("token_request_url");
        Optional<String> issuer = section.issuer();
        boolean signs = clientAuth.isPresent()
                && clientAuth.get().usesAssertion()
                && clientFiles.assertion().isEmpty();
        boolean isForIssuer = clientFiles.audience().equals(Optional.of(AssertionAudience.ISSUER));
        if (signs && isForIssuer && !section.has("issuer")) {
            section.warning(
                    section.line("assertion_audience"),
                    "assertion_audience = issuer without 'issuer': the token endpoint is used instead");
        }
        Optional<String> clientId = section.requiredText("client_id");
        Optional<Path> secretFile = section.file("client_secret_file");
        Optional<Secret> secret = Optional.empty();
        boolean isWithoutSecret = section.hasClientFiles();
        if (isWithoutSecret) {
            section.rejectSecret();
        } else if (!section.has("client_secret_file")) {
            Optional<String> text = section.requiredText(Section.CLIENT_SECRET);
            secret = text.isPresent() ? Optional.of(Secret.of(text.get())) : Optional.empty();
        } else if (section.has(Section.CLIENT_SECRET)) {
            section.problem(
                    section.line("client_secret_file"), "both 'client_secret' and 'client_secret_file'; keep one");
        }
        boolean hasProof = isWithoutSecret ? clientFiles.isPresent() : secret.isPresent() != secretFile.isPresent();
        if (tokenRequestUrl.isEmpty() || clientId.isEmpty() || !hasProof) {
            return Optional.empty();
        }
        return Optional.of(new ClientCredentialsAccount(
                section.name(),
                section.line(),
                tokenRequestUrl.get(),
                issuer,
                clientId.get(),
                secret,
                secretFile,
                audienceParameter.orElse(AudienceParameter.AUDIENCE), // the parameter that the original program sends
                clientAuth.orElse(ClientAuth.BASIC),
                clientFiles,
                caFile,
                networkOptions));
    }

    /**
     * The first of the sections with one name; the others are problems. Headers that differ only in spaces, such as
     * [token  x], have the same name.
     */
    private static Section requireUnique(List<Section> same) {
        Section first = same.get(0);
        for (Section other : same.subList(1, same.size())) {
            first.problem(other.line(), "this section already exists (line " + first.line() + ")");
        }
        return first;
    }

    private static boolean isTokenName(String name) {
        boolean isClean = true;
        for (int i = 0; i < name.length(); i++) {
            isClean &= name.charAt(i) != '/' && !Character.isISOControl(name.charAt(i));
        }
        return isClean && name.length() <= MAX_TOKEN_NAME && !name.equals(".") && !name.equals("..");
    }

    /** Rejects a token_path that would overwrite one of the files or directories of the service. */
    private void rejectServiceFiles(Collection<AccountSection> accounts, Path file, List<Path> reserved) {
        Map<Path, String> serviceFiles = new HashMap<>();
        serviceFiles.put(realPath(file), "this config file itself");
        for (AccountSection account : accounts) {
            String of = " of [account " + Printable.of(account.name()) + "]";
            Optional<Path> caFile = Optional.empty();
            if (account instanceof StoredAccount stored) {
                serviceFiles.put(realPath(stored.passwordFile()), "the password_file" + of);
                caFile = stored.caFile();
            } else if (account instanceof ClientCredentialsAccount client) {
                if (client.clientSecretFile().isPresent()) {
                    serviceFiles.put(realPath(client.clientSecretFile().get()), "the client_secret_file" + of);
                }
                caFile = client.caFile();
            }
            if (caFile.isPresent()) {
                serviceFiles.put(realPath(caFile.get()), caOption(caFile.get()) + of);
            }
            ClientFiles files = account.clientFiles();
            if (files.key().isPresent()) {
                serviceFiles.put(realPath(files.key().get()), "the client_key_file" + of);
            }
            if (files.tls().isPresent()) {
                serviceFiles.put(realPath(files.tls().get().certificate()), "the tls_cert_file" + of);
                serviceFiles.put(realPath(files.tls().get().key()), "the tls_key_file" + of);
            }
            if (files.assertion().isPresent()) {
                serviceFiles.put(realPath(files.assertion().get()), "the client_assertion_file" + of);
            }
        }
        List<Path> directories = new ArrayList<>();
        for (Path path : reserved) {
            directories.add(realPath(path));
        }
        for (Map.Entry<Section, TokenSection> each : tokensBySection.entrySet()) {
            Section section = each.getKey();
            Optional<Path> path = each.getValue().tokenPath();
            if (path.isEmpty()) {
                continue;
            }
            Path target = realPath(path.get());
            String what = serviceFiles.get(target);
            String directoryOption = serviceFiles.get(target.getParent());
            if (what == null && directoryOption != null) {
                what = "in " + directoryOption;
            }
            for (Path directory : directories) {
                if (what == null && target.startsWith(directory)) {
                    what = "in the service's own directory " + directory;
                }
            }
            if (what != null) {
                section.problem(
                        section.line("token_path"),
                        "token_path is " + what + "; name a file of its own, such as /srv/tokens/"
                                + section.fileName());
            }
        }
    }

    /** Rejects the second of two tokens of one section that have the same file, as with {@code %(each)s/../t}. */
    private void rejectSharedPaths() {
        Map<Path, TokenSection> byPath = new HashMap<>();
        for (Map.Entry<Section, TokenSection> each : tokensBySection.entrySet()) {
            Section section = each.getKey();
            Optional<Path> path = each.getValue().tokenPath();
            if (section.usesWord("token_path") && path.isPresent()) {
                TokenSection other =
                        byPath.putIfAbsent(path.get().toAbsolutePath().normalize(), each.getValue());
                if (other != null && other.section().equals(section.headerName())) {
                    section.problem(
                            section.line("token_path"),
                            "token_path is also that of the token '" + Printable.of(other.name())
                                    + "'; write for example token_path = /etc/osg/tokens/" + section.fileName());
                }
            }
        }
    }

    /** Rejects the second of two tokens with the same key of a Secret: each run would replace one with the other. */
    private void rejectSharedSecrets() {
        Map<TokenSecret, TokenSection> bySecret = new HashMap<>();
        for (Map.Entry<Section, TokenSection> each : tokensBySection.entrySet()) {
            Section section = each.getKey();
            Optional<TokenSecret> secret = each.getValue().tokenSecret();
            if (secret.isEmpty()) {
                continue;
            }
            TokenSection other = bySecret.putIfAbsent(secret.get(), each.getValue());
            boolean isReported = section.isOfWord() && !section.usesWord("token_secret");
            if (other != null && !isReported) {
                section.problem(
                        section.line("token_secret"),
                        "token_secret is also that of the token '" + Printable.of(other.name())
                                + "'; give each token a key of its own, such as token_secret = "
                                + secret.get().withKey(section.name()));
            }
        }
    }

    private static String caOption(Path file) {
        return Files.isDirectory(file) ? "the ca_dir" : "the ca_file";
    }

    /** Resolves symbolic links, as far as the path exists. */
    private Path realPath(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        Path parent = absolute.getParent();
        if (parent == null) {
            return absolute;
        }
        Path directory = realDirectories.get(parent); // thousands of tokens may be in one directory
        if (directory == null) {
            directory = realDirectory(parent);
            realDirectories.put(parent, directory);
        }
        Path file = directory.resolve(absolute.getFileName());
        return Files.isSymbolicLink(file) ? realDirectory(file) : file;
    }

    private Path realDirectory(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            return Files.isSymbolicLink(path) ? path : realPath(path);
        }
    }

    private void warnOfSharedPaths(List<TokenSection> tokens) {
        Map<Path, TokenSection> byPath = new HashMap<>();
        for (TokenSection token : tokens) {
            if (token.tokenPath().isEmpty()) {
                continue;
            }
            TokenSection other =
                    byPath.put(token.tokenPath().get().toAbsolutePath().normalize(), token);
            if (other != null) {
                diagnostics.warning(
                        token.line(),
                        "Config section [token " + Printable.of(token.name()) + "]: token_path is also that of [token "
                                + Printable.of(other.name()) + "] (line " + other.line() + "); the last one wins");
            }
        }
    }

    private void warnOfUnknownOptions() {
        List<Section> read = new ArrayList<>();
        Set<RawConfig.Option> references = new HashSet<>();
        for (Map<String, List<Section>> sections : List.of(tokenSections, accountSections)) {
            for (List<Section> same : sections.values()) {
                read.addAll(same);
            }
        }
        for (Section section : read) {
            references.addAll(section.references());
        }
        for (Section section : read) {
            List<String> known = section.type().equals("token") ? KnownOptions.TOKEN : KnownOptions.ACCOUNT;
            warnOfUnknownOptions(section.header(), section, known, references);
        }
        List<String> all = new ArrayList<>(KnownOptions.TOKEN);
        all.addAll(KnownOptions.ACCOUNT);
        warnOfUnknownOptions(RawConfig.DEFAULT, "[DEFAULT]", all, references);
    }

    /** @param section how to name the section in a warning */
    private void warnOfUnknownOptions(
            String header, Object section, Collection<String> known, Set<RawConfig.Option> references) {
        for (RawConfig.Option option : raw.options(header)) {
            if (!known.contains(option.name()) && !references.contains(option)) {
                String hint = KnownOptions.nearest(option.name(), known)
                        .map(nearest -> " (did you mean '" + nearest + "'?)")
                        .orElse("");
                diagnostics.warning(
                        option.line(),
                        "Config section " + section + ": unknown option '" + Printable.of(option.name())
                                + "' is ignored" + hint);
            }
        }
    }
}

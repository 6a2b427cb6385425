package org.opensciencegrid.tokenrenewer.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.opensciencegrid.cryptostore.AccountName;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Secret;

/**
 * Raw sections to accounts and tokens. The sentences that begin with "Config" and "Unrecognized" are those of the original
 * program, word for word: people search their journals for them.
 */
final class Validation {
    private static final int MAX_TOKEN_NAME = 100;

    private final RawConfig raw;
    private final Findings findings = new Findings();

    /** Sections by name; a second section of the same name is a problem if the name is used. */
    private final Map<String, List<Section>> accountSections = new LinkedHashMap<>();

    private final Map<String, List<Section>> tokenSections = new LinkedHashMap<>();
    private final Set<String> usedAccounts = new HashSet<>();

    private Validation(RawConfig raw) {
        this.raw = raw;
    }

    static Config validate(Path file, RawConfig raw) throws ConfigException {
        return new Validation(raw).run(file);
    }

    /** Whether there is a token without min_lifetime, as far as can be told without checking the file. */
    static boolean isAnyAlwaysDue(RawConfig raw) {
        for (String header : raw.sections()) {
            if (header.startsWith("token") && raw.find(header, "min_lifetime").isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private Config run(Path file) throws ConfigException {
        raw.faults().forEach(fault -> findings.problem(fault.line(), fault.text()));
        raw.sections().forEach(this::sortIn);

        List<TokenSection> tokens = new ArrayList<>();
        tokenSections.values().forEach(same -> token(same).ifPresent(tokens::add));
        warnOfSharedPaths(tokens);

        Map<String, AccountSection> accounts = new LinkedHashMap<>();
        List<String> unused = new ArrayList<>();
        accountSections.forEach((name, same) -> {
            if (usedAccounts.contains(name)) {
                account(same).ifPresent(account -> accounts.put(name, account));
            } else if (AccountName.isOne(name)) {
                unused.add(name);
            } else {
                same.get(0)
                        .warning(
                                same.get(0).line(), "no token uses this account, and none could: " + accountNameRule());
            }
        });
        warnOfUnknownOptions();

        if (!findings.problems().isEmpty()) {
            throw new ConfigException(file, findings.problems());
        }
        return new Config(file, accounts, tokens, findings.warnings(), unused);
    }

    private void sortIn(String header) {
        if (header.indexOf(']') >= 0) {
            // Python 3.9 and older end the name at the first ']', newer ones at the last: nobody can mean either
            findings.problem(
                    raw.line(header),
                    "']' in the section name '" + Printable.of(header) + "'; write [TYPE NAME] and nothing after it");
            return;
        }
        List<String> words = PythonText.words(header);
        String type = words.size() == 2 ? words.get(0) : "";
        switch (type) {
            case "account" -> add(accountSections, header, words);
            case "token" -> add(tokenSections, header, words);
            default -> findings.problem(raw.line(header), "Unrecognized config section '" + Printable.of(header) + "'");
        }
    }

    private void add(Map<String, List<Section>> sections, String header, List<String> words) {
        sections.computeIfAbsent(words.get(1), name -> new ArrayList<>())
                .add(new Section(raw, findings, header, words.get(0), words.get(1)));
    }

    private Optional<TokenSection> token(List<Section> same) {
        Section section = onlyOne(same);
        if (!isTokenName(section.name())) {
            section.problem(
                    section.line(),
                    "a token name has at most " + MAX_TOKEN_NAME
                            + " characters, no '/' and no control characters, and is not '.' or '..'");
        }
        Optional<String> account = section.requiredText("account");
        account.ifPresent(name -> {
            usedAccounts.add(name);
            if (!accountSections.containsKey(name)) {
                findings.problem(
                        section.line("account"),
                        "Config for " + section + ": missing [account " + Printable.of(name) + "] section");
            }
        });
        Optional<Path> tokenPath = section.requiredPath("token_path");
        List<String> audience = section.words("audience");
        if (String.join(" ", audience).contains(",")) {
            section.warning(
                    section.line("audience"),
                    "the comma in audience is taken as a part of it; audiences are separated by blanks");
        }
        TokenSection token = new TokenSection(
                section.name(),
                section.line(),
                account.orElse(""),
                tokenPath.orElse(Path.of("")),
                audience,
                section.words("scope"),
                section.seconds("min_lifetime"),
                section.flag("strict"),
                section.access(),
                section.postRenewal());
        return account.isPresent() && tokenPath.isPresent() ? Optional.of(token) : Optional.empty();
    }

    private Optional<AccountSection> account(List<Section> same) {
        Section section = onlyOne(same);
        if (!AccountName.isOne(section.name())) {
            section.problem(section.line(), accountNameRule());
        }
        Optional<AudienceParameter> audienceParameter = section.choice("audience_parameter", AudienceParameter.class);
        Optional<ClientAuth> clientAuth = section.choice("client_auth", ClientAuth.class);
        Optional<Path> caFile = section.path("ca_file").or(() -> section.path("ca_dir"));
        if (section.has("ca_file") && section.has("ca_dir")) {
            section.problem(section.line("ca_dir"), "both 'ca_file' and 'ca_dir'; keep one");
        }
        if (section.has("password_file")) {
            if (section.has("token_request_url")) {
                section.warning(
                        section.line("token_request_url"),
                        "'token_request_url' is ignored: 'password_file' goes first");
            }
            return section.requiredPath("password_file")
                    .map(passwordFile -> new StoredAccount(
                            section.name(), section.line(), passwordFile, audienceParameter, clientAuth, caFile));
        }
        if (!section.has("token_request_url")) {
            section.problem(section.line(), "missing both 'password_file' and 'token_request_url' attributes");
            return Optional.empty();
        }
        Optional<URI> tokenRequestUrl = section.requiredEndpoint("token_request_url");
        Optional<String> clientId = section.requiredText("client_id");
        Optional<Path> secretFile = section.path("client_secret_file");
        Optional<Secret> secret = Optional.empty();
        if (!section.has("client_secret_file")) {
            secret = section.requiredText(Section.CLIENT_SECRET).map(Secret::of);
        } else if (section.has(Section.CLIENT_SECRET)) {
            section.problem(
                    section.line("client_secret_file"), "both 'client_secret' and 'client_secret_file'; keep one");
        }
        if (tokenRequestUrl.isEmpty() || clientId.isEmpty() || secret.isPresent() == secretFile.isPresent()) {
            return Optional.empty();
        }
        return Optional.of(new ClientCredentialsAccount(
                section.name(),
                section.line(),
                tokenRequestUrl.get(),
                clientId.get(),
                secret,
                secretFile,
                audienceParameter.orElse(AudienceParameter.AUDIENCE), // as the original sends it
                clientAuth.orElse(ClientAuth.BASIC),
                caFile));
    }

    /** The first of the sections with one name, which should be the only one: the blanks in [token  x] are no difference. */
    private static Section onlyOne(List<Section> same) {
        Section first = same.get(0);
        for (Section other : same.subList(1, same.size())) {
            other.problem(other.line(), "this section already exists (line " + first.line() + ")");
        }
        return first;
    }

    private static String accountNameRule() {
        return "an account name begins with a letter or digit, has only letters, digits and ._@+- in it, no '..', and at"
                + " most 100 characters";
    }

    private static boolean isTokenName(String name) {
        boolean isClean = true;
        for (int i = 0; i < name.length(); i++) {
            isClean &= name.charAt(i) != '/' && !Character.isISOControl(name.charAt(i));
        }
        return isClean && name.length() <= MAX_TOKEN_NAME && !name.equals(".") && !name.equals("..");
    }

    private void warnOfSharedPaths(List<TokenSection> tokens) {
        Map<Path, TokenSection> byPath = new HashMap<>();
        for (TokenSection token : tokens) {
            TokenSection other = byPath.put(token.tokenPath().toAbsolutePath().normalize(), token);
            if (other != null) {
                findings.warning(
                        token.line(),
                        "Config section [token " + Printable.of(token.name()) + "]: token_path is also that of [token "
                                + Printable.of(other.name()) + "] (line " + other.line() + "); the last one wins");
            }
        }
    }

    private void warnOfUnknownOptions() {
        List<Section> read = new ArrayList<>();
        tokenSections.values().forEach(read::addAll);
        accountSections.forEach((name, same) -> {
            if (usedAccounts.contains(name)) {
                read.addAll(same);
            }
        });
        Set<RawConfig.Option> references = new HashSet<>();
        read.forEach(section -> references.addAll(section.references()));
        for (Section section : read) {
            List<String> known = section.type().equals("token") ? KnownOptions.TOKEN : KnownOptions.ACCOUNT;
            warnOfUnknownOptions(section.header(), section, known, references);
        }
        List<String> all = new ArrayList<>(KnownOptions.TOKEN);
        all.addAll(KnownOptions.ACCOUNT);
        warnOfUnknownOptions(RawConfig.DEFAULT, "[DEFAULT]", all, references);
    }

    /** @param section how to call it, if need be */
    private void warnOfUnknownOptions(
            String header, Object section, Collection<String> known, Set<RawConfig.Option> references) {
        for (RawConfig.Option option : raw.options(header)) {
            if (!known.contains(option.name()) && !references.contains(option)) {
                String hint = KnownOptions.nearest(option.name(), known)
                        .map(nearest -> " (did you mean '" + nearest + "'?)")
                        .orElse("");
                findings.warning(
                        option.line(),
                        "Config section " + section + ": unknown option '" + Printable.of(option.name())
                                + "' is ignored" + hint);
            }
        }
    }
}

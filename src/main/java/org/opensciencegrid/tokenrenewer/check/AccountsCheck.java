package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.opensciencegrid.cryptostore.Header;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.account.SecretFile;
import org.opensciencegrid.tokenrenewer.check.Finding.Kind;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Network;
import org.opensciencegrid.tokenrenewer.oidc.OidcException;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;

/** Each account: its password, its file, what the last run left, and its issuer. */
final class AccountsCheck {
    /** Issuers refuse what is dated further off; tokens look expired or not yet good. */
    private static final Duration SKEW = Duration.ofMinutes(1);

    private final Checkup checkup;
    private final Config config;
    private final List<Finding> findings = new ArrayList<>();
    private final Map<Optional<Path>, Discovery> discoveries = new HashMap<>();
    private final Set<String> asked = new HashSet<>();

    AccountsCheck(Checkup checkup, Config config) {
        this.checkup = checkup;
        this.config = config;
    }

    List<Finding> run() {
        for (AccountSection section : config.accounts().values()) {
            if (section instanceof StoredAccount stored) {
                stored(stored);
            } else if (section instanceof ClientCredentialsAccount client) {
                clientCredentials(client);
            }
        }
        strangers();
        return findings;
    }

    private void stored(StoredAccount section) {
        String name = section.name();
        AccountState state = state(name);
        Optional<Account> account = Optional.empty();
        Optional<Failure> failure = Optional.empty();
        try {
            Header header = checkup.store().peek(name);
            header.waiting().forEach(file -> findings.add(Finding.of(Kind.REFRESH_TOKEN_WAITING, file, "", name)));
            passwordOddities(section);
            account = Optional.of(open(section));
        } catch (StoreException e) {
            failure = Optional.of(Failures.of(e));
        } catch (PasswordFileException e) {
            failure = Optional.of(Failures.of(e));
        } catch (IllegalArgumentException e) {
            failure = Optional.of(Failures.unfit(checkup.store().file(name), e));
        }
        failure.or(() -> standing(state)).ifPresent(why -> findings.add(Finding.of(why, name)));
        unreadable(section.passwordFile(), name + ".pw", name);
        section.caFile().ifPresent(file -> unreadable(file, "", name));
        Optional<Account> opened = account;
        remembered(name, state, opened);
        Optional<Path> ca =
                section.caFile().or(() -> opened.flatMap(Account::caFile).map(Path::of));
        Optional<String> issuer = opened.map(Account::issuer).or(state::issuer);
        if (opened.isPresent() || ca.isPresent()) {
            issuer.ifPresent(url -> issuer(name, url, ca));
        } else if (checkup.network().isPresent()) { // its CA may be named in the file that did not open
            issuer.ifPresent(url -> findings.add(Finding.of(Kind.ISSUER_NOT_ASKED, url, "", name)));
        }
    }

    /** What the last run met and nobody but the issuer can tell; not what we see better now. */
    private Optional<Failure> standing(AccountState state) {
        return state.failure()
                .filter(why -> !why.kind().isOfAccountFiles())
                .filter(why -> checkup.network().isEmpty() || !why.kind().passesByItself());
    }

    private Account open(StoredAccount section) throws StoreException, PasswordFileException {
        try (Password password = checkup.passwords().read(section.name(), section.passwordFile())) {
            byte[] content = checkup.store().view(section.name(), password);
            try {
                return Account.decode(content);
            } finally {
                Arrays.fill(content, (byte) 0);
            }
        }
    }

    private void passwordOddities(StoredAccount section) throws PasswordFileException {
        Path file = section.passwordFile();
        for (PasswordFile.Warning warning : PasswordFile.warnings(file)) {
            Kind kind = switch (warning) {
                case WORLD_READABLE -> Kind.PASSWORD_WORLD_READABLE;
                case CARRIAGE_RETURN -> Kind.PASSWORD_CARRIAGE_RETURN;
                case BYTE_ORDER_MARK -> Kind.PASSWORD_BYTE_ORDER_MARK;
                case OUTER_BLANKS -> Kind.PASSWORD_OUTER_BLANKS;
                case SHORT -> Kind.PASSWORD_SHORT;
                case MORE_LINES -> Kind.PASSWORD_MORE_LINES;
            };
            findings.add(Finding.of(kind, file, "", section.name()));
        }
    }

    /** @param credential its name among systemd's credentials, which spare the service from reading it */
    private void unreadable(Path file, String credential, String account) {
        Optional<User> user = checkup.machine().flatMap(Machine::user);
        boolean isHandedOver = checkup.machine()
                .flatMap(Machine::sandbox)
                .filter(sandbox -> sandbox.loadsCredential(credential))
                .isPresent();
        try {
            if (user.isPresent()
                    && !isHandedOver
                    && Files.exists(file)
                    && !(user.get().mayReach(file) && user.get().mayRead(file))) {
                findings.add(Finding.of(Kind.UNREADABLE_FOR_SERVICE, file, "", account));
            }
        } catch (IOException | UnsupportedOperationException e) {
            // cannot be told
        }
    }

    /** What earlier runs learned and a person should know. */
    private void remembered(String name, AccountState state, Optional<Account> account) {
        Instant now = checkup.clock().instant();
        boolean isCopy = account.filter(Account::isFromAnotherHost).isPresent() || state.isOnTwoHosts(now);
        if (isCopy) {
            findings.add(Finding.of(Kind.TWO_HOSTS, checkup.store().file(name), "", name));
        }
        state.inDoubtSince()
                .ifPresent(since -> findings.add(Finding.of(Kind.IN_DOUBT, issuer(state), text(since), name)));
        state.clientSecretExpiresAt()
                .filter(end -> AccountState.isSoon(end, now, checkup.warn()))
                .ifPresent(end -> findings.add(Finding.of(Kind.SECRET_ENDS, issuer(state), text(end), name)));
        state.refreshTokenExpiresAt()
                .filter(end -> AccountState.isSoon(end, now, checkup.warn()))
                .ifPresent(end -> findings.add(Finding.of(Kind.AUTHORIZATION_ENDS, issuer(state), text(end), name)));
    }

    private static String issuer(AccountState state) {
        return state.issuer().orElse("");
    }

    private static String text(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private void clientCredentials(ClientCredentialsAccount section) {
        String name = section.name();
        standing(state(name)).ifPresent(why -> findings.add(Finding.of(why, name)));
        section.clientSecretFile().ifPresent(file -> {
            try {
                SecretFile.read(file);
            } catch (PasswordFileException e) {
                Failure told = Failures.of(e);
                findings.add(Finding.of(new Failure(Failure.Kind.SECRET_FILE, told.where(), told.detail()), name));
            }
            unreadable(file, "", name);
        });
        ask(name, section.tokenRequestUrl().toString(), section.caFile(), discovery -> {
            discovery.reach(section.tokenRequestUrl());
            return Optional.empty();
        });
    }

    private void issuer(String name, String issuer, Optional<Path> ca) {
        ask(name, issuer, ca, discovery -> Optional.of(discovery.discover(issuer)));
    }

    /** What is asked of an issuer. */
    @FunctionalInterface
    private interface Question {
        Optional<Provider> ask(Discovery discovery) throws OidcException;
    }

    private void ask(String account, String where, Optional<Path> ca, Question question) {
        if (checkup.network().isEmpty() || !asked.add(where + " " + ca)) {
            return; // ten accounts of one issuer are one question
        }
        Network network = checkup.network().get();
        Discovery discovery = discoveries.computeIfAbsent(ca, file -> new Discovery(network.transport(file)));
        try {
            Optional<Provider> provider = question.ask(discovery);
            if (provider.filter(known -> known.deviceAuthorizationEndpoint().isEmpty())
                    .isPresent()) {
                findings.add(Finding.of(Kind.NO_REAUTHENTICATION, where, "", account));
            }
            discovery.clockOfServer().ifPresent(time -> {
                Duration ahead = Duration.between(time, checkup.clock().instant());
                if (ahead.abs().compareTo(SKEW) > 0) {
                    findings.add(Finding.of(Kind.CLOCK_DIFFERS, where, String.valueOf(ahead.toSeconds())));
                }
            });
        } catch (OidcException e) {
            findings.add(Finding.of(Failures.of(e, where, false), account));
        }
    }

    /** Accounts that lie in the store and that no section names: each is an authorization that is still good. */
    private void strangers() {
        try {
            for (String name : checkup.store().names()) {
                if (!config.accounts().containsKey(name)
                        && !config.unusedAccounts().contains(name)) {
                    findings.add(Finding.of(
                            Kind.ACCOUNT_NOT_IN_CONFIG, checkup.store().file(name), "", name));
                }
            }
        } catch (StoreException e) {
            findings.add(Finding.of(Failures.of(e), ""));
        }
    }

    private AccountState state(String account) {
        try {
            return checkup.states().read(account);
        } catch (IOException e) {
            return AccountState.UNKNOWN;
        }
    }
}

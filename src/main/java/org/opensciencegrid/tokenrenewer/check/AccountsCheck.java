package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.opensciencegrid.cryptostore.Header;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.account.ClientProof;
import org.opensciencegrid.tokenrenewer.account.HostIdentity;
import org.opensciencegrid.tokenrenewer.account.SecretFile;
import org.opensciencegrid.tokenrenewer.check.Finding.Kind;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.ClientFiles;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TlsFiles;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.net.ProxySettings;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.net.TrustStore;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.UnusedToken;
import org.opensciencegrid.tokenrenewer.systemd.Sandbox;

/** Checks each account: its password, its file, the result of the last run, and its issuer. */
final class AccountsCheck {
    /** If the clock is further off, issuers reject our requests, and tokens look expired or not yet valid. */
    private static final Duration SKEW = Duration.ofMinutes(1);

    private final HealthCheck check;
    private final Config config;
    private final List<Finding> findings = new ArrayList<>();
    private final Map<Route, Discovery> discoveries = new HashMap<>();
    private final Map<Optional<Path>, TrustStore> trusts = new HashMap<>();
    private final Set<Target> checkedTargets = new HashSet<>();

    /** The accounts that share one set of CAs and one proxy also share their connections. */
    private record Route(Optional<Path> ca, NetworkOptions options) {}

    private record Target(String where, Route route) {}

    AccountsCheck(HealthCheck check, Config config) {
        this.check = check;
        this.config = config;
    }

    List<Finding> run() {
        UnusedToken.Finder finder = new UnusedToken.Finder(config, check.clock().instant());
        Set<String> named = config.namedAccounts();
        for (AccountSection section : config.accounts().values()) {
            // An account without a token may not be set up yet.
            boolean isRequired = named.contains(section.name()) || check.store().exists(section.name());
            if (named.contains(section.name())) {
                check.rights()
                        .ifPresent(rights -> rights.missing(section.name(), section instanceof StoredAccount)
                                .forEach(why -> findings.add(Finding.of(why, section.name()))));
            }
            if (named.contains(section.name())) {
                finder.of(section.name(), state(section.name()))
                        .forEach(token -> findings.add(
                                Finding.of(Kind.TOKEN_FORGOTTEN, token.path(), token.token(), section.name())));
            }
            clientFiles(section);
            if (section instanceof StoredAccount stored) {
                stored(stored, isRequired);
            } else if (section instanceof ClientCredentialsAccount client) {
                clientCredentials(client);
            }
        }
        unconfiguredAccounts();
        return findings;
    }

    /** @param isRequired whether it is a fault if the account is not set up */
    private void stored(StoredAccount section, boolean isRequired) {
        String name = section.name();
        AccountState state = state(name);
        Optional<Failure> ofPassword =
                password(section).filter(why -> isRequired || why.kind() != Failure.Kind.PASSWORD_MISSING);
        Optional<Account> account = Optional.empty();
        Optional<Failure> failure = Optional.empty();
        try {
            Header header = check.store().peek(name);
            header.unpublished().forEach(file -> findings.add(Finding.of(Kind.REFRESH_TOKEN_WAITING, file, "", name)));
            failure = FailureMapper.olderAccount(check.store(), name);
            if (ofPassword.isEmpty()) {
                Account content = Account.view(check.store(), name, check.passwords(), section.passwordFile());
                account = Optional.of(content);
                HostIdentity here = HostIdentity.here(check.store(), name);
                failure = failure.or(() -> content.whyCopied(here, check.store().file(name))
                        .filter(why -> state.mayRotate(content.rotatedAt())));
            }
        } catch (StoreException e) {
            failure = Optional.of(FailureMapper.of(e))
                    .filter(why -> isRequired || why.kind() != Failure.Kind.ACCOUNT_MISSING);
        } catch (PasswordFileException e) {
            failure = Optional.of(FailureMapper.of(e));
        } catch (IllegalArgumentException e) {
            failure = Optional.of(FailureMapper.invalidAccount(check.store().file(name), e));
        }
        Stream.concat(ofPassword.stream(), failure.or(() -> lastFailure(state)).stream())
                .forEach(why -> findings.add(Finding.of(why, name)));
        unreadable(section.passwordFile(), name + ".pw", name);
        section.caFile().ifPresent(file -> unreadable(file, "", name));
        Optional<Account> opened = account;
        fromEarlierRuns(name, state, opened);
        Optional<Path> ca =
                section.caFile().or(() -> opened.flatMap(Account::caFile).map(Path::of));
        Optional<String> issuer = opened.map(Account::issuer).or(state::issuer);
        if (opened.isPresent() || ca.isPresent()) {
            issuer.ifPresent(url -> issuer(name, url, new Route(ca, section.networkOptions())));
        } else if (check.network().isPresent()) { // the account file may name its CA, but did not open
            issuer.ifPresent(url -> findings.add(Finding.of(Kind.ISSUER_NOT_ASKED, url, "", name)));
        }
    }

    /** What is wrong with its password file, independent of other faults. */
    private Optional<Failure> password(StoredAccount section) {
        try {
            if (!check.passwords().isPassedByLauncher(section.name())) {
                passwordOddities(section);
            }
            return Optional.empty();
        } catch (PasswordFileException e) {
            return Optional.of(FailureMapper.of(e));
        }
    }

    /**
     * The failure of the last run, if only the issuer can show whether it persists. We check everything else ourselves.
     */
    private Optional<Failure> lastFailure(AccountState state) {
        return state.failure()
                .filter(why -> !why.kind().isAccountFileFailure())
                .filter(why -> check.network().isEmpty() || !why.kind().passesByItself());
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

    /**
     * @param credential its name among systemd's credentials: the service need not read a file that systemd passes to
     *     it
     */
    private void unreadable(Path file, String credential, String account) {
        Optional<User> user = check.machine().flatMap(ServiceMachine::user);
        try {
            if (user.isPresent() && !isHandedOver(credential)) {
                findings.addAll(ConfigCheck.unreadable(user.get(), file, account));
            }
        } catch (IOException | UnsupportedOperationException e) {
            // unknown
        }
    }

    private boolean isHandedOver(String credential) {
        return check.machine()
                .flatMap(ServiceMachine::sandbox)
                .filter(sandbox -> sandbox.loadsCredential(credential))
                .isPresent();
    }

    /** Findings from earlier runs that an admin should know. */
    private void fromEarlierRuns(String name, AccountState state, Optional<Account> account) {
        Instant now = check.clock().instant();
        HostIdentity here = HostIdentity.here(check.store(), name);
        boolean isElsewhere = account.filter(of -> of.isFromAnotherHost(here)).isPresent();
        if (isElsewhere || state.isOnTwoHosts(now)) {
            findings.add(Finding.of(Kind.TWO_HOSTS, check.store().file(name), "", name));
        }
        state.inDoubtSince()
                .ifPresent(since -> findings.add(Finding.of(Kind.IN_DOUBT, issuer(state), text(since), name)));
        state.clientSecretExpiresAt()
                .filter(expiry -> AccountState.isSoon(expiry, now, check.warn()))
                .ifPresent(expiry -> findings.add(Finding.of(Kind.SECRET_ENDS, issuer(state), text(expiry), name)));
        state.refreshTokenExpiresAt()
                .filter(expiry -> AccountState.isSoon(expiry, now, check.warn()))
                .ifPresent(
                        expiry -> findings.add(Finding.of(Kind.AUTHORIZATION_ENDS, issuer(state), text(expiry), name)));
    }

    private static String issuer(AccountState state) {
        return state.issuer().orElse("");
    }

    private static String text(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private void clientCredentials(ClientCredentialsAccount section) {
        String name = section.name();
        lastFailure(state(name)).ifPresent(why -> findings.add(Finding.of(why, name)));
        section.clientSecretFile().ifPresent(file -> {
            try {
                SecretFile.read(file);
            } catch (PasswordFileException e) {
                findings.add(Finding.of(FailureMapper.ofSecret(e), name));
            }
            unreadable(file, "", name);
        });
        Route route = new Route(section.caFile(), section.networkOptions());
        if (section.issuer().isPresent()) {
            contact(name, section.tokenRequestUrl().toString(), route, discovery -> {
                Provider provider = discovery.discover(section.issuer().get()).forAuthentication(section.clientAuth());
                if (section.signsForIssuer()
                        && !provider.issuer().equals(section.issuer().get())) {
                    findings.add(Finding.of(
                            Kind.ISSUER_NAME_DIFFERS, section.issuer().get(), provider.issuer(), name));
                }
                URI now = provider.tokenEndpoint();
                if (!now.equals(section.tokenRequestUrl())) {
                    findings.add(Finding.of(
                            Kind.TOKEN_ENDPOINT_MOVED, section.issuer().get(), now.toString(), name));
                }
                boolean isElsewhere =
                        !Transport.isSameOrigin(now, URI.create(section.issuer().get()));
                if (isElsewhere && !section.clientAuth().usesCertificate()) { // check has no certificate
                    discovery.requireReachable(now);
                }
                return Optional.empty();
            });
            return;
        }
        contact(name, section.tokenRequestUrl().toString(), route, discovery -> {
            discovery.requireReachable(section.tokenRequestUrl());
            return Optional.empty();
        });
    }

    /** The private key or the assertion of a client without a secret. */
    private void clientFiles(AccountSection section) {
        ClientFiles files = section.clientFiles();
        if (!files.isPresent()) {
            return;
        }
        Optional<Failure> problem = new ClientProof(section.name(), files, check.passwords(), check.clock()).problem();
        problem.filter(why -> !isOfHandedOverKey(why, section))
                .ifPresent(why -> findings.add(Finding.of(why, section.name())));
        files.key().ifPresent(file -> unreadable(file, section.name() + ".key", section.name()));
        files.assertion().ifPresent(file -> unreadable(file, "", section.name()));
        files.tls().ifPresent(tls -> {
            unreadable(tls.certificate(), "", section.name());
            if (problem.filter(why -> why.kind() == Failure.Kind.FILE_ACCESS).isEmpty()) {
                unreadableHostKey(tls.key(), section.name());
            }
        });
    }

    /** The service gets the key from systemd, so it does not matter that this user cannot read the file. */
    private boolean isOfHandedOverKey(Failure why, AccountSection section) {
        ClientFiles files = section.clientFiles();
        Optional<Path> key = files.key().or(() -> files.tls().map(TlsFiles::key));
        return why.kind() == Failure.Kind.FILE_ACCESS
                && key.filter(file -> why.where().equals(file.toString()) && !Files.isReadable(file))
                        .isPresent()
                && isHandedOver(section.name() + ".key");
    }

    /** Other services use such a key: nobody else should get to read it. */
    private void unreadableHostKey(Path file, String account) {
        Optional<User> user = check.machine().flatMap(ServiceMachine::user);
        try {
            if (user.isPresent()
                    && !isHandedOver(account + ".key")
                    && Files.exists(file)
                    && !user.get().mayRead(file)) {
                findings.add(Finding.of(FailureMapper.unreadableTlsKey(file), account));
            }
        } catch (IOException | UnsupportedOperationException e) {
            // unknown
        }
    }

    private void issuer(String name, String issuer, Route route) {
        contact(name, issuer, route, discovery -> Optional.of(discovery.discover(issuer)));
    }

    /** A request to an issuer. */
    @FunctionalInterface
    private interface IssuerRequest {
        Optional<Provider> send(Discovery discovery) throws IssuerException;
    }

    private void contact(String account, String where, Route route, IssuerRequest request) {
        if (check.network().isEmpty() || !checkedTargets.add(new Target(where, route))) {
            return; // ask an issuer once, even if ten accounts use it
        }
        Network network = check.network().get();
        if (route.options().proxies().isEmpty()) {
            check.shell().ifPresent(shell -> compare(URI.create(where), network.proxies(), shell));
        }
        TrustStore trust = trusts.computeIfAbsent(route.ca(), TrustStore::new);
        Discovery discovery = discoveries.computeIfAbsent(
                route, key -> new Discovery(network.with(key.options()).transport(trust)));
        try {
            Optional<Provider> provider = request.send(discovery);
            if (provider.filter(known -> known.deviceAuthorizationEndpoint().isEmpty())
                    .isPresent()) {
                findings.add(Finding.of(Kind.NO_REAUTHENTICATION, where, "", account));
            }
            silentAddresses(discovery, URI.create(where));
            if (provider.isPresent()) {
                silentAddresses(discovery, provider.get().tokenEndpoint());
            }
            discovery.serverTime().ifPresent(time -> {
                Duration ahead = Duration.between(time, check.clock().instant());
                if (ahead.abs().compareTo(SKEW) > 0) {
                    findings.add(Finding.of(Kind.CLOCK_DIFFERS, where, String.valueOf(ahead.toSeconds())));
                }
            });
        } catch (IssuerException e) {
            Failure why = FailureMapper.of(e, where, false);
            // An issuer that is down recovers. A wrong proxy stays wrong.
            Optional<String> proxy = why.kind() == Failure.Kind.ISSUER_UNREACHABLE
                    ? network.with(route.options()).proxies().address(URI.create(where))
                    : Optional.empty();
            findings.add(
                    proxy.isPresent()
                            ? Finding.of(Kind.PROXY_UNREACHABLE, proxyOrigin(route), why.detail(), account)
                            : Finding.of(why, account));
        }
        trust.revocationLists().forEach(this::revocationList);
    }

    /** Where the proxy is configured. */
    private Object proxyOrigin(Route route) {
        return route.options().proxies().isPresent()
                ? config.file()
                : check.shell().isPresent() ? Sandbox.UNIT : "environment";
    }

    private void compare(URI uri, ProxySettings service, ProxySettings shell) {
        Optional<String> ofService = service.address(uri);
        Optional<String> ofShell = shell.address(uri);
        if (!ofService.equals(ofShell)) {
            String detail = "the service reaches it " + way(ofService) + ", and this shell " + way(ofShell);
            findings.add(Finding.of(Kind.PROXY_DIFFERS, uri, detail));
        }
    }

    private static String way(Optional<String> proxy) {
        return proxy.map(url -> "through the proxy " + url).orElse("without a proxy");
    }

    /** Renewals skip these addresses, but each costs up to 5 s. */
    private void silentAddresses(Discovery discovery, URI uri) throws IssuerException {
        for (String address : discovery.unreachableAddresses(uri)) {
            findings.add(Finding.of(Kind.ADDRESS_SILENT, uri.resolve("/"), address));
        }
    }

    private void revocationList(TrustStore.RevocationList list) {
        if (list.file().isEmpty()) {
            findings.add(Finding.of(Kind.CRL_MISSING, list.checked(), list.ca()));
        } else {
            list.nextUpdate()
                    .filter(nextUpdate -> nextUpdate.isBefore(check.clock().instant()))
                    .ifPresent(nextUpdate -> findings.add(
                            Finding.of(Kind.CRL_EXPIRED, list.file().get(), text(nextUpdate))));
        }
    }

    /** Accounts in the store that no section names: each is an authorization that is still valid. */
    private void unconfiguredAccounts() {
        try {
            for (String name : check.store().names()) {
                if (!config.accounts().containsKey(name)
                        && !config.unusedAccounts().contains(name)) {
                    findings.add(
                            Finding.of(Kind.ACCOUNT_NOT_IN_CONFIG, check.store().file(name), "", name));
                }
            }
        } catch (StoreException e) {
            findings.add(Finding.of(FailureMapper.of(e), ""));
        }
    }

    private AccountState state(String account) {
        return check.states().readOrUnknown(account);
    }
}

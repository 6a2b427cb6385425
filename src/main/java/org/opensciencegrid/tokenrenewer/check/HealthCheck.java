package org.opensciencegrid.tokenrenewer.check;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.tokenrenewer.account.KubernetesRights;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.check.Finding.Kind;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigException;
import org.opensciencegrid.tokenrenewer.config.ConfigFile;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.ProxySettings;
import org.opensciencegrid.tokenrenewer.state.StateLayout;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.state.UnusedAccount;
import org.opensciencegrid.tokenrenewer.token.TokenSecrets;

/**
 * Runs all checks. Deletes the test files that it creates, and changes nothing else.
 *
 * @param network empty: check no issuer
 * @param shell proxies of this process, if {@code network} uses those of the installed service
 * @param warn secrets and authorizations that expire within this time are reported
 * @param secrets the Secrets of token_secret
 * @param rights empty if the accounts are not in a cluster
 * @param machine empty if the service is not installed
 */
public record HealthCheck(
        Path config,
        StateLayout layout,
        AccountStore store,
        StateStore states,
        Passwords passwords,
        Optional<Network> network,
        Optional<ProxySettings> shell,
        TokenSecrets secrets,
        Optional<KubernetesRights> rights,
        Optional<ServiceMachine> machine,
        Duration warn,
        Clock clock) {

    /** All findings, those that need attention first. Faults become findings, not exceptions. */
    public List<Finding> run() {
        List<Finding> findings = new ArrayList<>();
        try {
            findings.addAll(of(ConfigFile.read(
                    config,
                    List.of(Objects.requireNonNullElse(layout.state().getParent(), layout.state()), layout.rescue()),
                    () -> {})));
        } catch (ConfigException e) {
            findings.addAll(ConfigCheck.problems(config, e.problems()));
            findings.addAll(ConfigCheck.warnings(config, e.warnings()));
            e.readable()
                    .ifPresent(rest -> withoutNetwork().of(rest).stream()
                            .filter(finding -> !finding.kind().isOfMissingSection())
                            .forEach(findings::add));
        }
        findings.addAll(new StateCheck(layout, store).run());
        machine.ifPresent(service -> findings.addAll(TimerCheck.ofService(service)));
        Set<String> unused = findings.stream()
                .filter(finding -> finding.kind() == Kind.ACCOUNT_FORGOTTEN)
                .map(Finding::account)
                .collect(Collectors.toSet());
        Set<String> closed = findings.stream()
                .filter(finding -> finding.kind() == Kind.DIRECTORY_CLOSED)
                .map(Finding::detail)
                .collect(Collectors.toSet());
        return new LinkedHashSet<>(findings)
                .stream()
                        .filter(finding -> finding.failure()
                                .filter(why -> why.kind() == Failure.Kind.FILE_ACCESS && closed.contains(why.where()))
                                .isEmpty())
                        .filter(finding -> !finding.kind().isOfUnusedAccount() || !unused.contains(finding.account()))
                        .sorted(Comparator.comparing((Finding finding) -> !finding.isProblem())
                                .thenComparing(Finding::kind))
                        .toList();
    }

    /** A section that lacks an option, such as ca_file or proxy, would blame the issuer. */
    private HealthCheck withoutNetwork() {
        return new HealthCheck(
                config,
                layout,
                store,
                states,
                passwords,
                Optional.empty(),
                shell,
                secrets,
                rights,
                machine,
                warn,
                clock);
    }

    private List<Finding> of(Config read) {
        List<Finding> findings = new ArrayList<>();
        List<UnusedAccount> unused = UnusedAccount.find(read, store, states, clock.instant());
        for (UnusedAccount account : unused) {
            String copy = account.copy().map(Path::toString).orElse("");
            findings.add(Finding.of(Kind.ACCOUNT_FORGOTTEN, read.file(), copy, account.account()));
        }
        findings.addAll(new ConfigCheck(read, machine).run());
        findings.addAll(new AccountsCheck(this, read).run());
        findings.addAll(new TokensCheck(this, read).run());
        if (!read.notifications().isEmpty()) {
            findings.addAll(new NotifyCheck(this, read).run());
        }
        return findings;
    }

    static String location(Path file, int line) {
        return line == 0 ? file.toString() : file + ":" + line;
    }
}

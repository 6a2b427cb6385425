package org.opensciencegrid.tokenrenewer.check;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.check.Finding.Kind;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigException;
import org.opensciencegrid.tokenrenewer.config.ConfigFile;
import org.opensciencegrid.tokenrenewer.oidc.Network;
import org.opensciencegrid.tokenrenewer.state.Places;
import org.opensciencegrid.tokenrenewer.state.StateFiles;
import org.opensciencegrid.tokenrenewer.text.Printable;

/**
 * Everything that can be looked at without changing it.
 *
 * @param network empty to leave the issuers alone
 * @param warn secrets and authorizations that end within it are told
 * @param machine empty where no installed service is meant
 */
public record Checkup(
        Path config,
        Places places,
        AccountStore store,
        StateFiles states,
        Passwords passwords,
        Optional<Network> network,
        Optional<Machine> machine,
        Duration warn,
        Clock clock) {

    /** All that was found, what needs a person first; never throws for what is wrong. */
    public List<Finding> run() {
        List<Finding> findings = new ArrayList<>();
        try {
            Config read = ConfigFile.read(config);
            findings.addAll(new ConfigCheck(read, machine).run());
            findings.addAll(new AccountsCheck(this, read).run());
            findings.addAll(new TokensCheck(this, read).run());
        } catch (ConfigException e) {
            e.problems()
                    .forEach(problem -> findings.add(Finding.of(
                            Kind.CONFIG_ERROR, place(config, problem.line()), Printable.of(problem.text()))));
        }
        findings.addAll(new StateCheck(places).run());
        machine.ifPresent(service -> findings.addAll(TimerCheck.ofService(service)));
        return new LinkedHashSet<>(findings)
                .stream()
                        .sorted(Comparator.comparing((Finding finding) -> !finding.isProblem())
                                .thenComparing(Finding::kind))
                        .toList();
    }

    static String place(Path file, int line) {
        return line == 0 ? file.toString() : file + ":" + line;
    }
}

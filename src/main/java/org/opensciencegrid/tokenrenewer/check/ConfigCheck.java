package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.opensciencegrid.tokenrenewer.check.Finding.Kind;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigError;
import org.opensciencegrid.tokenrenewer.config.ConfigWarning;
import org.opensciencegrid.tokenrenewer.net.ProxySettings;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Checks the config file: unusual settings, and its permissions. */
final class ConfigCheck {
    private final Config config;
    private final Optional<ServiceMachine> machine;
    private final List<Finding> findings = new ArrayList<>();

    ConfigCheck(Config config, Optional<ServiceMachine> machine) {
        this.config = config;
        this.machine = machine;
    }

    List<Finding> run() {
        Path file = config.file();
        findings.addAll(problems(file, config.problems()));
        findings.addAll(warnings(file, config.warnings()));
        if (config.tokens().isEmpty() && config.faultyTokens().isEmpty()) {
            findings.add(Finding.of(Kind.NO_TOKENS, file, ""));
        }
        config.unusedAccounts().forEach(name -> findings.add(Finding.of(Kind.UNUSED_ACCOUNT, file, "", name)));
        try {
            protection(file);
        } catch (IOException | UnsupportedOperationException e) {
            // We just read the file, but its permissions are unknown here.
        }
        return findings;
    }

    /** What prevents the service from reading a file that exists. */
    static List<Finding> unreadable(User user, Path file, String account) throws IOException {
        Optional<Path> closed = user.closedParent(file);
        if (closed.isPresent()) {
            return List.of(Finding.of(Kind.DIRECTORY_CLOSED, closed.get(), file.toString(), account));
        }
        return Files.exists(file) && !user.mayRead(file)
                ? List.of(Finding.of(Kind.UNREADABLE_FOR_SERVICE, file, "", account))
                : List.of();
    }

    static List<Finding> problems(Path file, List<ConfigError> problems) {
        return problems.stream()
                .map(problem -> Finding.of(
                        Kind.CONFIG_ERROR, HealthCheck.location(file, problem.line()), Printable.of(problem.text())))
                .toList();
    }

    static List<Finding> warnings(Path file, List<ConfigWarning> warnings) {
        return warnings.stream()
                .map(warning -> Finding.of(
                        Kind.CONFIG_WARNING, HealthCheck.location(file, warning.line()), Printable.of(warning.text())))
                .toList();
    }

    private void protection(Path file) throws IOException {
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
        // Write access lets a user redirect tokens that root writes, and send the service's secrets to another server.
        if (mode.contains(PosixFilePermission.OTHERS_WRITE)) {
            findings.add(Finding.of(Kind.CONFIG_WRITABLE, file, ""));
        }
        boolean holdsSecret = config.accounts().values().stream()
                .anyMatch(account -> account instanceof ClientCredentialsAccount client
                                && client.clientSecret().isPresent()
                        || account.networkOptions()
                                .proxies()
                                .filter(ProxySettings::hasPassword)
                                .isPresent());
        if (holdsSecret && mode.contains(PosixFilePermission.OTHERS_READ)) {
            findings.add(Finding.of(Kind.CONFIG_SHOWS_SECRET, file, ""));
        }
        if (machine.isPresent() && machine.get().user().isPresent()) {
            findings.addAll(unreadable(machine.get().user().get(), file, ""));
        }
    }
}

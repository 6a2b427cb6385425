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
import org.opensciencegrid.tokenrenewer.text.Printable;

/** The config file: what is odd in it, and who may read and write it. */
final class ConfigCheck {
    private final Config config;
    private final Optional<Machine> machine;
    private final List<Finding> findings = new ArrayList<>();

    ConfigCheck(Config config, Optional<Machine> machine) {
        this.config = config;
        this.machine = machine;
    }

    List<Finding> run() {
        Path file = config.file();
        config.warnings()
                .forEach(warning -> findings.add(Finding.of(
                        Kind.CONFIG_WARNING, Checkup.place(file, warning.line()), Printable.of(warning.text()))));
        if (config.tokens().isEmpty()) {
            findings.add(Finding.of(Kind.NO_TOKENS, file, ""));
        }
        config.unusedAccounts().forEach(name -> findings.add(Finding.of(Kind.UNUSED_ACCOUNT, file, "", name)));
        try {
            protection(file);
        } catch (IOException | UnsupportedOperationException e) {
            // It was read a moment ago; who may do what with it cannot be told here.
        }
        return findings;
    }

    private void protection(Path file) throws IOException {
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
        // Whoever writes it sends root's tokens where he likes, and the service's secrets to a server of his own.
        if (mode.contains(PosixFilePermission.OTHERS_WRITE)) {
            findings.add(Finding.of(Kind.CONFIG_WRITABLE, file, ""));
        }
        boolean holdsSecret = config.accounts().values().stream()
                .anyMatch(account -> account instanceof ClientCredentialsAccount client
                        && client.clientSecret().isPresent());
        if (holdsSecret && mode.contains(PosixFilePermission.OTHERS_READ)) {
            findings.add(Finding.of(Kind.CONFIG_SHOWS_SECRET, file, ""));
        }
        if (machine.isPresent() && machine.get().user().isPresent()) {
            User user = machine.get().user().get();
            if (!user.mayReach(file) || !user.mayRead(file)) {
                findings.add(Finding.of(Kind.UNREADABLE_FOR_SERVICE, file, ""));
            }
        }
    }
}

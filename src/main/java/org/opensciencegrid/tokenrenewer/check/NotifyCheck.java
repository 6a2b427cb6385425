package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.opensciencegrid.cryptostore.Owners;
import org.opensciencegrid.tokenrenewer.account.HostIdentity;
import org.opensciencegrid.tokenrenewer.check.Finding.Kind;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.config.NotifyTarget;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.notify.Delivery;
import org.opensciencegrid.tokenrenewer.notify.DeliveryException;

/** Checks whether messages to the owners of accounts can be delivered. Sends none. */
final class NotifyCheck {
    private final HealthCheck check;
    private final Config config;
    private final List<Finding> findings = new ArrayList<>();
    /** Accounts often share a target. */
    private final Map<Route, Optional<String>> known = new HashMap<>();

    private record Route(NotifyTarget target, NotifyOptions.Relay relay, Optional<String> from) {}

    NotifyCheck(HealthCheck check, Config config) {
        this.check = check;
        this.config = config;
    }

    List<Finding> run() {
        for (String account : config.accountsToNotify()) {
            NotifyOptions options =
                    Objects.requireNonNull(config.notifications().get(account));
            for (NotifyTarget target : options.targets()) {
                Optional<String> reason = target.kind() == NotifyTarget.Kind.EXEC
                        ? program(target.program(), account)
                        : known.computeIfAbsent(
                                new Route(target, options.relay(), options.from()), route -> server(target, options));
                reason.ifPresent(why -> findings.add(Finding.ofTarget(target, why, account)));
            }
        }
        return findings;
    }

    private Optional<String> server(NotifyTarget target, NotifyOptions options) {
        if (check.network().isEmpty()) {
            return Optional.empty();
        }
        try {
            new Delivery(HostIdentity.hostName(), check.network().get(), check.clock())
                    .probe(target, options, Limits.ONE_NOTIFICATION);
            return Optional.empty();
        } catch (DeliveryException e) {
            return Optional.of(e.reason());
        }
    }

    private Optional<String> program(Path program, String account) {
        try {
            if (!Files.exists(program)) {
                return Optional.of("there is no such file");
            }
            Optional<User> user = check.machine().flatMap(ServiceMachine::user);
            boolean mayRun = user.isPresent()
                    ? user.get().closedParent(program).isEmpty() && user.get().mayExecute(program)
                    : Files.isExecutable(program);
            if (!mayRun || Files.isDirectory(program)) {
                return Optional.of("it is not a program that the service may run");
            }
            for (Path open : List.of(program, Objects.requireNonNullElse(program.getParent(), program))) {
                if (TokensCheck.isOpen(open)) {
                    findings.add(Finding.of(Kind.HOOK_OPEN, open, "", account));
                }
            }
            return Delivery.unsafeFor(program, user.map(User::uid).orElse(Owners.CURRENT.user()));
        } catch (IOException | UnsupportedOperationException e) {
            // We cannot read the file; the service's journal reports its problems.
        }
        return Optional.empty();
    }
}

package org.opensciencegrid.tokenrenewer.cli.output;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.InvalidToken;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Nothing was attempted, because options or configuration are not usable. The message is printed. */
public final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient @Nullable Repair repair;

    public UsageException(String message) {
        super(message);
        this.repair = null;
    }

    /** @param repair fixes what the message says; the message is one line */
    public UsageException(String message, Repair repair) {
        super(message);
        this.repair = repair;
    }

    /** No section of the config file gives a usable token of this name: its mistakes, or the names that there are. */
    public static UsageException noToken(String name, Config config) {
        List<String> mistakes = new ArrayList<>();
        for (InvalidToken faulty : config.faultyTokens()) {
            if (faulty.name().equals(name)) {
                faulty.problems().forEach(problem -> mistakes.add(Printable.of(problem.in(config.file()))));
            }
        }
        if (!mistakes.isEmpty()) {
            return new UsageException(String.join("\n", mistakes));
        }
        TreeSet<String> names = new TreeSet<>();
        config.tokens().forEach(token -> names.add(token.name()));
        return new UsageException("no [token " + Printable.of(name) + "] in " + config.file() + "; there are: "
                + String.join(", ", names));
    }

    public Optional<Repair> repair() {
        return Optional.ofNullable(repair);
    }

    /** For output without separate lines. */
    public String text() {
        return repair().map(fix -> fix.after(getMessage())).orElse(getMessage());
    }
}

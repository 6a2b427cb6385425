package org.opensciencegrid.tokenrenewer.cli.output;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigException;
import org.opensciencegrid.tokenrenewer.config.InvalidToken;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Nothing was attempted, because options or configuration are not usable. The message is printed. */
public final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final int MOST_NAMES = 20;

    /** Of many. */
    private static final int FEW_NAMES = 5;

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

    /** The config file cannot be read; the cause has the mistakes. */
    public static UsageException of(ConfigException e) {
        UsageException usage = new UsageException(e.getMessage());
        usage.initCause(e);
        return usage;
    }

    /** No section of the config file gives a usable token of this name: its mistakes, or the names that there are. */
    public static UsageException noToken(String name, Config config) {
        Set<String> mistakes = new LinkedHashSet<>(); // the tokens of a section may share one
        for (InvalidToken faulty : config.faultyTokens()) {
            if (faulty.name().equals(name) || faulty.section().equals(name)) {
                faulty.problems().forEach(problem -> mistakes.add(Printable.of(problem.in(config.file()))));
            }
        }
        if (!mistakes.isEmpty()) {
            return new UsageException(String.join("\n", mistakes));
        }
        List<String> ofSection = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (TokenSection token : config.tokens()) {
            names.add(token.name());
            if (token.section().equals(name)) {
                ofSection.add(token.name());
            }
        }
        return ofSection.isEmpty()
                ? new UsageException("no [token " + Printable.of(name) + "] in " + config.file() + "; there are: "
                        + some(names, name))
                : new UsageException("[token " + Printable.of(name) + "] in " + config.file() + " has "
                        + HumanFormat.count(ofSection.size(), "token") + "; give the name of one: "
                        + some(ofSection, name));
    }

    /** The names that there are, sorted. If they are many, only those that begin most like the wrong name. */
    public static String some(Collection<String> names, String wrong) {
        List<String> sorted = names.stream()
                .sorted()
                .sorted(Comparator.comparingInt(name -> names.size() > MOST_NAMES ? -commonStart(name, wrong) : 0))
                .toList();
        return Printable.of(HumanFormat.some(sorted, names.size() > MOST_NAMES ? FEW_NAMES : MOST_NAMES));
    }

    private static int commonStart(String a, String b) {
        int i = 0;
        while (i < Math.min(a.length(), b.length()) && a.charAt(i) == b.charAt(i)) {
            i++;
        }
        return i;
    }

    public Optional<Repair> repair() {
        return Optional.ofNullable(repair);
    }

    /** For output without separate lines. */
    public String text() {
        return repair().map(fix -> fix.after(getMessage())).orElse(getMessage());
    }
}

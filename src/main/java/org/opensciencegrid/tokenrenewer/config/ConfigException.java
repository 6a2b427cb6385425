package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** No section of config.ini can be used. Carries every problem, and the warnings that may explain them. */
public final class ConfigException extends Exception {
    private final Path file;
    private final List<ConfigError> problems;
    private final List<ConfigWarning> warnings;
    private final Optional<Config> readable;

    ConfigException(Path file, List<ConfigError> problems) {
        this(file, problems, List.of(), Optional.empty());
    }

    /** @param rest the sections that can be read although a line of the file cannot */
    ConfigException(Config rest) {
        this(rest.file(), rest.problems(), rest.warnings(), Optional.of(rest));
    }

    private ConfigException(
            Path file, List<ConfigError> problems, List<ConfigWarning> warnings, Optional<Config> readable) {
        super(Stream.concat(
                        problems.stream().map(problem -> problem.in(file)),
                        warnings.stream().map(warning -> new ConfigError(warning.line(), warning.text()).in(file)))
                .collect(Collectors.joining("\n")));
        this.file = file;
        this.problems = List.copyOf(problems);
        this.warnings = List.copyOf(warnings);
        this.readable = readable;
    }

    public Path file() {
        return file;
    }

    /** The warnings that may explain the problems, in line order. */
    public List<ConfigWarning> warnings() {
        return warnings;
    }

    /** The sections that can be read. They may be incomplete, and must not be used except to find more mistakes,
     * and to notify of these. */
    public Optional<Config> readable() {
        return readable;
    }

    /** The problems in line order; never empty. */
    public List<ConfigError> problems() {
        return problems;
    }
}

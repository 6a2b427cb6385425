package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** A config.ini that cannot be used; carries all that is wrong with it. */
public final class ConfigException extends Exception {
    private final Path file;
    private final List<Problem> problems;

    ConfigException(Path file, List<Problem> problems) {
        super(problems.stream().map(problem -> describe(file, problem)).collect(Collectors.joining("\n")));
        this.file = file;
        this.problems = List.copyOf(problems);
    }

    public Path file() {
        return file;
    }

    /** In the order of their lines; never empty. */
    public List<Problem> problems() {
        return problems;
    }

    private static String describe(Path file, Problem problem) {
        return problem.line() == 0 ? file + ": " + problem.text() : file + ":" + problem.line() + ": " + problem.text();
    }
}

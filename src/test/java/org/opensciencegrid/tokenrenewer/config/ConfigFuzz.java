package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;

/**
 * Any bytes as config.ini: a config, or errors that can be shown. What Python makes of such files is for
 * {@link PythonFuzzTest} to compare. Run by {@code .ci/fuzz/run}; its findings are replayed by FuzzFindingsTest.
 */
public final class ConfigFuzz {
    private static final Path FILE = Path.of("/config.ini");

    private ConfigFuzz() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        try {
            Validation.validate(FILE, IniParser.parse(ConfigFile.decode(FILE, input)));
        } catch (ConfigException e) {
            for (ConfigError problem : e.problems()) {
                if (problem.text().chars().anyMatch(Character::isISOControl)) {
                    throw new AssertionError("not printable: " + problem.text());
                }
            }
        }
    }
}

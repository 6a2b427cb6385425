package org.opensciencegrid.tokenrenewer.systemd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.systemd.UnitFile.Assignment;

/**
 * The environment variables that the service's unit sets. They differ from those of a shell: a proxy set in the shell
 * does not apply to the service.
 */
public final class ServiceEnvironment {
    private ServiceEnvironment() {}

    /** Empty if the unit does not exist. */
    public static Optional<Map<String, String>> read(Path root) {
        return UnitFile.read(root, Sandbox.UNIT).map(unit -> {
            Map<String, String> set = new HashMap<>();
            Map<String, String> fromFiles =
                    new HashMap<>(); // systemd applies environment files last, in whatever order the lines appear
            for (Assignment line : unit.assignments()) {
                if (line.section().equals("Service") && line.key().equals("Environment")) {
                    addAssignments(line.value(), set);
                } else if (line.section().equals("Service") && line.key().equals("EnvironmentFile")) {
                    addFile(root, line.value(), fromFiles);
                }
            }
            set.putAll(fromFiles);
            return set;
        });
    }

    private static void addAssignments(String value, Map<String, String> variables) {
        if (value.isEmpty()) {
            variables.clear();
        }
        UnitFile.split(value).forEach(pair -> add(pair, variables));
    }

    private static void addFile(Path root, String name, Map<String, String> variables) {
        if (name.isEmpty()) {
            variables.clear();
            return;
        }
        Path file = root.resolve(name.replaceFirst("^-?/*", ""));
        if (!Files.isRegularFile(file)) {
            return;
        }
        try {
            for (String line :
                    Files.readString(file, StandardCharsets.ISO_8859_1).split("\n")) {
                if (!line.strip().startsWith("#") && !line.strip().startsWith(";")) {
                    add(line.strip().replaceFirst("=([\"'])(.*)\\1$", "=$2"), variables);
                }
            }
        } catch (IOException e) {
            // Only root can read this file, so its variables are unknown here.
        }
    }

    private static void add(String pair, Map<String, String> variables) {
        int equals = pair.indexOf('=');
        if (equals > 0) {
            variables.put(pair.substring(0, equals), pair.substring(equals + 1));
        }
    }
}

package org.opensciencegrid.tokenrenewer.systemd;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The directories in which the service's unit lets it write, regardless of file modes. */
public final class Sandbox {
    public static final String UNIT = "osg-token-renewer.service";

    private final UnitFile unit;

    private Sandbox(UnitFile unit) {
        this.unit = unit;
    }

    /** Empty if the unit does not exist. */
    public static Optional<Sandbox> read(Path root) {
        return UnitFile.read(root, UNIT).map(Sandbox::new);
    }

    /** Whether the unit lets the service write in the directory. */
    public boolean allowsWrite(Path directory) {
        if (isBelowAny(directory, unit.words("Service", "InaccessiblePaths").stream())) {
            return false;
        }
        Optional<Path> writable = deepestMatch(directory, unit.words("Service", "ReadWritePaths"));
        Optional<Path> readOnly = deepestMatch(directory, unit.words("Service", "ReadOnlyPaths"));
        if (writable.isPresent()) { // the deeper of the two rules applies
            return readOnly.isEmpty()
                    || writable.get().getNameCount() > readOnly.get().getNameCount();
        }
        return readOnly.isEmpty() && !isProtected(directory);
    }

    /**
     * Whether systemd passes the file's password to the service as a credential, so that the service need not read the
     * file.
     */
    public boolean loadsCredential(String name) {
        return unit.words("Service", "LoadCredential").stream().anyMatch(word -> word.startsWith(name + ":"));
    }

    /** Whether the unit makes the service a member of the group. */
    public boolean hasSupplementaryGroup(String group) {
        return unit.words("Service", "SupplementaryGroups").contains(group);
    }

    /** Whether the unit lets the service change the group of any file. */
    public boolean allowsChown() {
        List<String> filter = unit.words("Service", "SystemCallFilter");
        return filter.isEmpty() || filter.contains("@chown");
    }

    private boolean isProtected(Path directory) {
        String home = unit.value("Service", "ProtectHome").orElse("no");
        if (!isNo(home) && isBelowAny(directory, Stream.of("/home", "/root", "/run/user"))) {
            return true;
        }
        String system = unit.value("Service", "ProtectSystem").orElse("no");
        if (system.equals("strict")) {
            return !isBelowAny(directory, Stream.of("/dev", "/proc", "/sys"));
        }
        return !isNo(system)
                && isBelowAny(directory, Stream.of("/usr", "/boot", "/efi", system.equals("full") ? "/etc" : "/usr"));
    }

    private static boolean isNo(String word) {
        return List.of("no", "false", "off", "0").contains(word);
    }

    private static boolean isBelowAny(Path directory, Stream<String> paths) {
        return paths.anyMatch(path -> directory.startsWith(withoutPrefix(path)));
    }

    private static Optional<Path> deepestMatch(Path directory, List<String> paths) {
        return paths.stream()
                .map(Sandbox::withoutPrefix)
                .filter(directory::startsWith)
                .max((a, b) -> Integer.compare(a.getNameCount(), b.getNameCount()));
    }

    /**
     * Removes the prefixes {@code -} (the path need not exist) and {@code +} (relative to the unit's root directory).
     */
    private static Path withoutPrefix(String path) {
        return Path.of(path.replaceFirst("^[-+]+", ""));
    }
}

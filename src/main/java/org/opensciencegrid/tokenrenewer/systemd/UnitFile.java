package org.opensciencegrid.tokenrenewer.systemd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One unit and its drop-ins, merged as systemd.unit(5) describes.
 *
 * @param root the directory that systemd uses as /
 * @param name such as osg-token-renewer.timer
 * @param mask the link to /dev/null (or the empty file) that prevents systemd from starting the unit; empty if it is
 *     not masked
 */
public record UnitFile(Path root, String name, Optional<Path> mask, List<Assignment> assignments) {
    /** The unit directories. If several have a file of the same name, the first wins. */
    private static final List<String> UNIT_DIRECTORIES = List.of(
            "etc/systemd/system",
            "run/systemd/system",
            "usr/local/lib/systemd/system",
            "usr/lib/systemd/system",
            "lib/systemd/system");

    private static final Pattern WORD = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"|'((?:[^'\\\\]|\\\\.)*)'|(\\S+)");

    /** One {@code KEY=VALUE} line, with continuation lines joined. */
    public record Assignment(String section, String key, String value) {}

    /** Empty if there is no such unit or it cannot be read. */
    public static Optional<UnitFile> read(Path root, String name) {
        Optional<Path> mask = Optional.empty();
        for (String directory : UNIT_DIRECTORIES) {
            Path file = root.resolve(directory).resolve(name);
            if (isMask(file)) {
                mask = mask.or(() -> Optional.of(Path.of("/", directory, name)));
            } else if (Files.isRegularFile(file)) {
                List<Assignment> assignments = new ArrayList<>();
                parse(file, assignments);
                dropIns(root, name).forEach(dropIn -> parse(dropIn, assignments));
                return Optional.of(new UnitFile(root, name, mask, List.copyOf(assignments)));
            }
        }
        return mask.map(link -> new UnitFile(root, name, Optional.of(link), List.of()));
    }

    /** systemd.unit(5): a link to /dev/null, or an empty file. */
    private static boolean isMask(Path file) {
        try {
            return Files.isSymbolicLink(file)
                    ? Files.readSymbolicLink(file).equals(Path.of("/dev/null"))
                    : Files.isRegularFile(file) && Files.size(file) == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether another unit starts it at boot. /run is ignored because a reboot empties it. */
    public boolean isEnabled() {
        for (String directory : UNIT_DIRECTORIES) {
            if (directory.startsWith("run/")) {
                continue;
            }
            try (DirectoryStream<Path> targets =
                    Files.newDirectoryStream(root.resolve(directory), "*.{wants,requires,upholds}")) {
                for (Path target : targets) {
                    // Do not follow the link: its target is an absolute path below the real /, which may differ from
                    // root.
                    if (Files.exists(target.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
                        return true;
                    }
                }
            } catch (IOException e) {
                // the directory does not exist
            }
        }
        return false;
    }

    /** The words of a list option. An empty assignment clears the earlier ones. */
    public List<String> words(String section, String key) {
        List<String> words = new ArrayList<>();
        for (Assignment line : assignments) {
            if (line.section().equals(section) && line.key().equals(key)) {
                if (line.value().isEmpty()) {
                    words.clear();
                }
                words.addAll(split(line.value()));
            }
        }
        return words;
    }

    /** systemd.syntax(7); of the specifiers, only %% is supported. */
    static List<String> split(String value) {
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(value);
        while (word.find()) {
            for (int group = 1; group <= 3; group++) {
                if (word.group(group) != null) {
                    String text = word.group(group).replace("%%", "%");
                    words.add(group == 3 ? text : text.replaceAll("\\\\(.)", "$1"));
                }
            }
        }
        return words;
    }

    /** The last value of an option that takes one value. */
    public Optional<String> value(String section, String key) {
        return assignments.stream()
                .filter(line -> line.section().equals(section) && line.key().equals(key))
                .map(Assignment::value)
                .reduce((first, second) -> second)
                .filter(value -> !value.isEmpty());
    }

    private static Iterable<Path> dropIns(Path root, String name) {
        Map<String, Path> byName =
                new TreeMap<>(); // applied in the order of their names, in whichever directory they are
        for (String directory : UNIT_DIRECTORIES) {
            try (DirectoryStream<Path> files =
                    Files.newDirectoryStream(root.resolve(directory).resolve(name + ".d"), "*.conf")) {
                files.forEach(file -> byName.putIfAbsent(file.getFileName().toString(), file));
            } catch (IOException e) {
                // the directory does not exist
            }
        }
        return byName.values();
    }

    private static void parse(Path file, List<Assignment> assignments) {
        String text;
        try {
            text = Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return; // a drop-in that is a link to /dev/null, or that we cannot read
        }
        String section = "";
        for (String raw : text.replace("\\\n", " ").split("\n")) {
            String line = raw.strip();
            int equals = line.indexOf('=');
            if (line.startsWith("[") && line.endsWith("]")) {
                section = line.substring(1, line.length() - 1);
            } else if (equals > 0 && !line.startsWith("#") && !line.startsWith(";")) {
                assignments.add(new Assignment(
                        section,
                        line.substring(0, equals).strip(),
                        line.substring(equals + 1).strip()));
            }
        }
    }
}

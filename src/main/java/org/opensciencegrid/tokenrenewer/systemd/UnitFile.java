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
import org.opensciencegrid.tokenrenewer.text.Json;

/**
 * One unit with its drop-ins, as systemd.unit(5) puts them together.
 *
 * @param root what systemd takes for /
 * @param name such as osg-token-renewer.timer
 */
public record UnitFile(Path root, String name, List<Assignment> assignments) {
    /** Where units lie; the first place that has a file of a name wins. */
    private static final List<String> PLACES = List.of(
            "etc/systemd/system",
            "run/systemd/system",
            "usr/local/lib/systemd/system",
            "usr/lib/systemd/system",
            "lib/systemd/system");

    /** One {@code KEY=VALUE} line, with continuation lines joined. */
    public record Assignment(String section, String key, String value) {}

    /** Empty when there is no such unit, or it cannot be read. */
    public static Optional<UnitFile> read(Path root, String name) {
        for (String place : PLACES) {
            Path file = root.resolve(place).resolve(name);
            if (Files.isRegularFile(file)) {
                List<Assignment> assignments = new ArrayList<>();
                parse(file, assignments);
                dropIns(root, name).forEach(dropIn -> parse(dropIn, assignments));
                return Optional.of(new UnitFile(root, name, List.copyOf(assignments)));
            }
        }
        return Optional.empty();
    }

    /** Whether something starts it at boot. */
    public boolean isEnabled() {
        for (String place : PLACES) {
            try (DirectoryStream<Path> targets = Files.newDirectoryStream(root.resolve(place), "*.wants")) {
                for (Path target : targets) {
                    // The link's target begins at the real root, which need not be ours.
                    if (Files.exists(target.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
                        return true;
                    }
                }
            } catch (IOException e) {
                // no such place
            }
        }
        return false;
    }

    /** The words of a list option: an empty assignment forgets those before it. */
    public List<String> words(String section, String key) {
        List<String> words = new ArrayList<>();
        for (Assignment line : assignments) {
            if (line.section().equals(section) && line.key().equals(key)) {
                if (line.value().isEmpty()) {
                    words.clear();
                }
                words.addAll(Json.split(line.value()));
            }
        }
        return words;
    }

    /** The last value of an option that has one. */
    public Optional<String> value(String section, String key) {
        return assignments.stream()
                .filter(line -> line.section().equals(section) && line.key().equals(key))
                .map(Assignment::value)
                .reduce((first, second) -> second)
                .filter(value -> !value.isEmpty());
    }

    private static Iterable<Path> dropIns(Path root, String name) {
        Map<String, Path> byName = new TreeMap<>(); // applied in the order of their names, wherever they lie
        for (String place : PLACES) {
            try (DirectoryStream<Path> files =
                    Files.newDirectoryStream(root.resolve(place).resolve(name + ".d"), "*.conf")) {
                files.forEach(file -> byName.putIfAbsent(file.getFileName().toString(), file));
            } catch (IOException e) {
                // none there
            }
        }
        return byName.values();
    }

    private static void parse(Path file, List<Assignment> into) {
        String text;
        try {
            text = Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return; // a drop-in that is a link to /dev/null, or that we may not read
        }
        String section = "";
        for (String raw : text.replace("\\\n", " ").split("\n")) {
            String line = raw.strip();
            int equals = line.indexOf('=');
            if (line.startsWith("[") && line.endsWith("]")) {
                section = line.substring(1, line.length() - 1);
            } else if (equals > 0 && !line.startsWith("#") && !line.startsWith(";")) {
                into.add(new Assignment(
                        section,
                        line.substring(0, equals).strip(),
                        line.substring(equals + 1).strip()));
            }
        }
    }
}

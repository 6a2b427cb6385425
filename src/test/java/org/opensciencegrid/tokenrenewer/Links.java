package org.opensciencegrid.tokenrenewer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Links between Markdown files. */
public final class Links {
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");
    private static final Pattern CODE = Pattern.compile("(?ms)^```.*?^```|^ {4}[^\\n]*");

    private Links() {}

    /** The files below these directories, and these files. */
    public static List<Path> files(Path... roots) throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path root : roots) {
            try (Stream<Path> all = Files.walk(root)) {
                all.filter(Files::isRegularFile).sorted().forEach(files::add);
            }
        }
        return files;
    }

    /** Relative links in a file whose target, or the heading after #, does not exist. */
    public static List<String> broken(Path file) throws IOException {
        List<String> broken = new ArrayList<>();
        for (String link : links(file)) {
            String[] parts = link.split("#", 2);
            Path target = target(file, link);
            if (!Files.exists(target) || parts.length == 2 && !anchors(target).contains(parts[1])) {
                broken.add(file + ": " + link);
            }
        }
        return broken;
    }

    /** The files that a file links to. */
    static List<Path> targets(Path file) throws IOException {
        return links(file).stream().map(link -> target(file, link)).toList();
    }

    private static List<String> links(Path file) throws IOException {
        return LINK.matcher(Files.readString(file))
                .results()
                .map(link -> link.group(1))
                .filter(link -> !link.contains("://"))
                .toList();
    }

    private static Path target(Path file, String link) {
        String path = link.split("#", 2)[0];
        return path.isEmpty() ? file : file.resolveSibling(path);
    }

    /** The anchors that GitHub makes from headings. */
    private static List<String> anchors(Path file) throws IOException {
        return HEADING.matcher(CODE.matcher(Files.readString(file)).replaceAll(""))
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\w\\- ]", "")
                        .replace(' ', '-'))
                .collect(Collectors.toList());
    }
}

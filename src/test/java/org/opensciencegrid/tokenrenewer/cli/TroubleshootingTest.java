package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.cli.output.CheckText;
import org.opensciencegrid.tokenrenewer.cli.output.Colors;
import org.opensciencegrid.tokenrenewer.cli.output.Messages;
import org.opensciencegrid.tokenrenewer.cli.output.Repair;
import org.opensciencegrid.tokenrenewer.cli.output.ShellQuote;
import org.opensciencegrid.tokenrenewer.failure.Failure;

/** Generates the lists of messages in docs/admin/troubleshooting.md from the texts that the program prints. */
class TroubleshootingTest {
    private static final Path PAGE = Golden.DOCS.resolve("admin/troubleshooting.md");
    private static final String FAILURES = "## What `renew`, `setup` and `status` print\n";
    private static final String FINDINGS = "## What `check` prints\n";
    private static final String FILE = "/DIR/FILE";

    /** The lists of one part of the page: an entry stays below the heading where the page has it. */
    private static final class Lists {
        private final Map<String, StringBuilder> byHeading = new LinkedHashMap<>();
        private final Map<String, StringBuilder> byKind = new HashMap<>();

        Lists(String part) {
            StringBuilder list = new StringBuilder();
            for (String line : part.lines().toList()) {
                if (line.startsWith("### ")) {
                    list = new StringBuilder();
                    byHeading.put(line, list);
                } else if (line.startsWith("- `")) {
                    byKind.put(line.substring(3, line.indexOf('`', 3)), list);
                }
            }
        }

        StringBuilder of(String kind) {
            return Objects.requireNonNull(
                    byKind.get(kind), "first add the line \"- `" + kind + "`\" below a heading of " + PAGE);
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            byHeading.forEach((heading, list) ->
                    text.append('\n').append(heading).append("\n\n").append(list));
            return text.toString();
        }
    }

    @Test
    void theListsAreWhatTheProgramSays() throws IOException {
        Messages messages = new Messages(Host.COMMANDS);
        CheckText check = new CheckText(messages, Host.COMMANDS, Colors.NONE);
        String page = Files.readString(PAGE);
        int ofFindings = page.indexOf(FINDINGS);
        Lists failures = new Lists(page.substring(page.indexOf(FAILURES), ofFindings));
        Lists findings = new Lists(page.substring(ofFindings));
        for (Failure.Kind kind : Failure.Kind.values()) {
            String where = switch (kind) {
                case REGISTRATION_REFUSED -> "ISSUER";
                case EXCHANGE_REFUSED, EXCHANGE_SCOPE_REFUSED, EXCHANGE_AUDIENCE_REFUSED -> "TOKEN CLIENT";
                default -> FILE;
            };
            Failure failure = new Failure(kind, where, "...");
            StringBuilder list = failures.of(kind.word());
            item(list, "`" + kind.word() + "`: " + prose(messages.what(failure)));
            repair(list, messages.repair(failure, "ACCOUNT"));
        }
        for (Finding.Kind kind : Finding.Kind.values()) {
            if (kind != Finding.Kind.RENEWAL) { // in the lists above
                String detail = kind == Finding.Kind.MIN_LIFETIME_TOO_SHORT ? "840" : "...";
                Finding finding = new Finding(kind, FILE, detail, "ACCOUNT", Optional.empty());
                StringBuilder list = findings.of(kind.word());
                item(list, "`" + kind.word() + "`: " + prose(check.what(finding)));
                item(list, "  Why: ", prose(check.why(finding)));
                repair(list, check.repair(finding));
            }
        }
        Golden.hold(PAGE, page.substring(0, page.indexOf(FAILURES)) + FAILURES + failures + "\n" + FINDINGS + findings);
    }

    private static void item(StringBuilder list, String text) {
        item(list, "- ", text);
    }

    /** Wraps the text; further lines are indented as the text of a list item. */
    private static void item(StringBuilder list, String start, String text) {
        StringBuilder line = new StringBuilder(start);
        String separator = "";
        for (String word : text.split(" ")) {
            if (line.length() + separator.length() + word.length() > 116) {
                list.append(line).append('\n');
                line.setLength(0);
                line.append("  ");
                separator = "";
            }
            line.append(separator).append(word);
            separator = " ";
        }
        list.append(line).append('\n');
    }

    private static void repair(StringBuilder list, Repair repair) {
        String label = repair.equals(Repair.NOTHING) ? "  Nothing to do: " : "  To fix: ";
        item(list, label, prose(repair.advice()) + (repair.command().isEmpty() ? "" : ":"));
        if (!repair.command().isEmpty()) {
            list.append("  `").append(ShellQuote.line(repair.command())).append("`\n");
        }
    }

    private static String prose(String text) {
        return text.replace("<", "&lt;").replace("*", "\\*");
    }
}

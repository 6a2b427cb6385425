package org.opensciencegrid.tokenrenewer.cli;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.state.Failure;

/** docs/troubleshooting.md, made from the texts that the program prints. */
class TroubleshootingTest {
    private static final String FILE = "/DIR/FILE";

    @Test
    void theTableIsWhatTheProgramSays() {
        Messages messages = new Messages(Host.COMMANDS);
        CheckText check = new CheckText(messages, Host.COMMANDS, Colours.NONE);
        StringBuilder page = new StringBuilder("""
                # Troubleshooting

                Each line that the program prints names what is wrong and the command that repairs it; here are all of them. The word is
                that of `failure.kind` in [the JSON of status](status-json.md) and of the history in `status TOKEN`. `/DIR/FILE` stands for
                the file that is meant, ACCOUNT for the account, ISSUER for the issuer's address or the page that it names, `...` for what
                the system or the issuer said. Made from the program's own texts, and tested against them. More on the units and on setup:
                [administration.md](administration.md).

                ## What `renew`, `setup` and `status` say

                | word | message | repair |
                |---|---|---|
                """);
        for (Failure.Kind kind : Failure.Kind.values()) {
            Failure failure = new Failure(kind, kind == Failure.Kind.REGISTRATION_REFUSED ? "ISSUER" : FILE, "...");
            row(page, kind.word(), messages.what(failure), messages.repair(failure, "ACCOUNT"));
        }
        page.append("""

                ## What `check` says

                | message | why it matters | repair |
                |---|---|---|
                """);
        for (Finding.Kind kind : Finding.Kind.values()) {
            if (kind != Finding.Kind.RENEWAL) { // those are the table above
                String detail = kind == Finding.Kind.MIN_LIFETIME_TOO_SHORT ? "840" : "...";
                Finding finding = new Finding(kind, FILE, detail, "ACCOUNT", Optional.empty());
                row(page, check.what(finding), check.why(finding), check.repair(finding));
            }
        }
        Golden.hold(Golden.DOCS.resolve("troubleshooting.md"), page.toString());
    }

    private static void row(StringBuilder page, String first, String second, String third) {
        page.append("| ").append(cell(first)).append(" | ").append(cell(second)).append(" | ");
        page.append(cell(third)).append(" |\n");
    }

    private static String cell(String text) {
        return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_");
    }
}

package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
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
    private static final String GENERATED = "## What `renew`, `setup` and `status` print\n";
    private static final String FILE = "/DIR/FILE";

    /** The headings of the page, in its order. */
    private enum Subject {
        CONFIG("config.ini"),
        PASSWORD("Passwords"),
        ACCOUNT("Accounts"),
        DISK("Disk and state"),
        TIMER("The timer"),
        NETWORK("Connection to the issuer"),
        ISSUER("Answers of the issuer"),
        TOKEN("Token files"),
        HOOK("post_renewal"),
        SETUP("Setup"),
        AGENT("oidc-agent"),
        OTHER("Other");

        final String heading;

        Subject(String heading) {
            this.heading = heading;
        }
    }

    @Test
    void theListsAreWhatTheProgramSays() throws IOException {
        Messages messages = new Messages(Host.COMMANDS);
        CheckText check = new CheckText(messages, Host.COMMANDS, Colors.NONE);
        Map<Subject, StringBuilder> failures = new EnumMap<>(Subject.class);
        for (Failure.Kind kind : Failure.Kind.values()) {
            Failure failure = new Failure(kind, kind == Failure.Kind.REGISTRATION_REFUSED ? "ISSUER" : FILE, "...");
            StringBuilder list = failures.computeIfAbsent(subject(kind), none -> new StringBuilder());
            item(list, "`" + kind.word() + "`: " + prose(messages.what(failure)));
            repair(list, messages.repair(failure, "ACCOUNT"));
        }
        Map<Subject, StringBuilder> findings = new EnumMap<>(Subject.class);
        for (Finding.Kind kind : Finding.Kind.values()) {
            if (kind != Finding.Kind.RENEWAL) { // in the lists above
                String detail = kind == Finding.Kind.MIN_LIFETIME_TOO_SHORT ? "840" : "...";
                Finding finding = new Finding(kind, FILE, detail, "ACCOUNT", Optional.empty());
                StringBuilder list = findings.computeIfAbsent(subject(kind), none -> new StringBuilder());
                item(list, "`" + kind.word() + "`: " + prose(check.what(finding)));
                item(list, "  Why: ", prose(check.why(finding)));
                repair(list, check.repair(finding));
            }
        }
        String page = Files.readString(PAGE);
        Golden.hold(
                PAGE,
                page.substring(0, page.indexOf(GENERATED)) + GENERATED + sections(failures)
                        + "\n## What `check` prints\n" + sections(findings));
    }

    private static String sections(Map<Subject, StringBuilder> lists) {
        StringBuilder text = new StringBuilder();
        lists.forEach((subject, list) ->
                text.append("\n### ").append(subject.heading).append("\n\n").append(list));
        return text.toString();
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

    private static Subject subject(Failure.Kind kind) {
        return switch (kind) {
            case CONFIG_ERROR -> Subject.CONFIG;
            case PASSWORD_FILE, PASSWORD_MISSING, SECRET_FILE, FILE_ACCESS, FILE_LINK, WRONG_PASSWORD ->
                Subject.PASSWORD;
            case ACCOUNT_MISSING,
                    ACCOUNT_DAMAGED,
                    ACCOUNT_TAMPERED,
                    ACCOUNT_FOREIGN,
                    ACCOUNT_NEWER,
                    ACCOUNT_UNREADABLE,
                    ACCOUNT_OLDER,
                    ACCOUNT_COPIED,
                    ACCOUNT_BUSY -> Subject.ACCOUNT;
            case STORE_UNWRITABLE,
                    STORE_READ_ONLY,
                    STORE_FULL,
                    STORE_NO_INODES,
                    REFRESH_TOKEN_RESCUED,
                    REFRESH_TOKEN_LOST,
                    STATE_UNWRITABLE -> Subject.DISK;
            case ISSUER_UNREACHABLE,
                    ISSUER_TLS,
                    PROXY_REFUSED,
                    CERTIFICATE_EXPIRED,
                    CERTIFICATE_NOT_YET_VALID,
                    CERTIFICATE_UNTRUSTED,
                    CERTIFICATE_CA_NOT_SENT,
                    CERTIFICATE_OF_OTHER_HOST,
                    CERTIFICATE_REVOKED,
                    CERTIFICATE_WEAK,
                    CRYPTO_POLICY,
                    CA_FILE,
                    NO_SYSTEM_CAS,
                    ISSUER_WRONG,
                    INSECURE_URL -> Subject.NETWORK;
            case ISSUER_TROUBLE,
                    ISSUER_ANSWER,
                    AUTHORIZATION_DEAD,
                    AUTHORIZATION_LOST,
                    PERSON_REFUSED,
                    CLIENT_REFUSED,
                    CREDENTIALS_REFUSED,
                    SCOPE_REFUSED,
                    GRANT_NARROWED,
                    ACCOUNT_SHARED,
                    AUDIENCE_REFUSED,
                    REQUEST_REFUSED,
                    TOO_MUCH_GRANTED,
                    IDENTITY_CHANGED,
                    TOKEN_NOT_VALID -> Subject.ISSUER;
            case TOKEN_DIRECTORY_MISSING,
                    TOKEN_NOT_PERMITTED,
                    TOKEN_READ_ONLY,
                    TOKEN_DISK_FULL,
                    TOKEN_PATH,
                    TOKEN_LINK,
                    TOKEN_DIRECTORY_FOREIGN,
                    TOKEN_FILE_SYSTEM,
                    TOKEN_NAME_UNKNOWN,
                    TOKEN_GROUP_CLOSED,
                    TOKEN_OWNER_CLOSED -> Subject.TOKEN;
            case HOOK_NOT_STARTED, HOOK_FAILED, HOOK_TIMEOUT -> Subject.HOOK;
            case REGISTRATION_REFUSED,
                    CLIENT_NOT_APPROVED,
                    NO_REFRESH_TOKEN,
                    NO_DEVICE_FLOW,
                    DENIED,
                    EXPIRED,
                    NOT_CONFIRMED,
                    APPROVAL_LOST -> Subject.SETUP;
            case ACCOUNT_EXISTS,
                    AGENT_FILE_MISSING,
                    AGENT_FILE_EMPTY,
                    AGENT_FILE_PGP,
                    AGENT_FILE_DAMAGED,
                    AGENT_FILE_UNREADABLE,
                    AGENT_WRONG_PASSWORD,
                    AGENT_MYTOKEN,
                    AGENT_PASSWORD_GRANT,
                    AGENT_NO_REFRESH_TOKEN,
                    EXPORT_UNWRITABLE -> Subject.AGENT;
            case OUT_OF_TIME, INTERNAL -> Subject.OTHER;
        };
    }

    private static Subject subject(Finding.Kind kind) {
        return switch (kind) {
            case CONFIG_ERROR,
                    CONFIG_WARNING,
                    CONFIG_WRITABLE,
                    CONFIG_SHOWS_SECRET,
                    NO_TOKENS,
                    ACCOUNT_FORGOTTEN,
                    TOKEN_FORGOTTEN,
                    UNUSED_ACCOUNT -> Subject.CONFIG;
            case UNREADABLE_FOR_SERVICE,
                    DIRECTORY_CLOSED,
                    PASSWORD_WORLD_READABLE,
                    PASSWORD_CARRIAGE_RETURN,
                    PASSWORD_BYTE_ORDER_MARK,
                    PASSWORD_OUTER_BLANKS,
                    PASSWORD_SHORT,
                    PASSWORD_MORE_LINES -> Subject.PASSWORD;
            case ACCOUNT_NOT_IN_CONFIG, REFRESH_TOKEN_WAITING, TWO_HOSTS, IN_DOUBT, SECRET_ENDS, AUTHORIZATION_ENDS ->
                Subject.ACCOUNT;
            case STATE_OPEN, STATE_OWNER, STATE_NEARLY_FULL -> Subject.DISK;
            case TOKEN_DIRECTORY_OPEN,
                    TOKEN_DIRECTORY_CLOSED,
                    TOKEN_OUTSIDE_SANDBOX,
                    TOKEN_WORLD_READABLE,
                    TOKEN_LONG -> Subject.TOKEN;
            case HOOK_OPEN -> Subject.HOOK;
            case TIMER_MASKED,
                    TIMER_STATE_LINK,
                    TIMER_NO_FIRST_RUN,
                    TIMER_NO_SECOND_RUN,
                    TIMER_OFF,
                    TIMER_NOT_STARTED,
                    TIMER_BROKEN_RUN,
                    TIMER_NOT_RELOADED,
                    TIMER_NOT_ENABLED,
                    TIMER_UNKNOWN,
                    TIMER_TOO_SLOW,
                    MIN_LIFETIME_TOO_SHORT,
                    LIFE_TOO_SHORT -> Subject.TIMER;
            case CLOCK_BEHIND,
                    CLOCK_DIFFERS,
                    CRL_MISSING,
                    CRL_EXPIRED,
                    ADDRESS_SILENT,
                    PROXY_UNREACHABLE,
                    PROXY_DIFFERS,
                    NO_REAUTHENTICATION,
                    ISSUER_NOT_ASKED -> Subject.NETWORK;
            case NO_CLASS_ARCHIVE, RENEWAL -> Subject.OTHER;
        };
    }
}

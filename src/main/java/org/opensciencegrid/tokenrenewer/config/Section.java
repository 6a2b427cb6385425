package org.opensciencegrid.tokenrenewer.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.oidc.Transport;
import org.opensciencegrid.tokenrenewer.text.Printable;

/**
 * An {@code [account NAME]} or {@code [token NAME]} whose options can be read as what they should be. What is wrong with a
 * value goes to the findings and reads as empty; so does an option that is not there, or has no value.
 */
final class Section {
    static final String CLIENT_SECRET = "client_secret";

    private static final int MOST_DIGITS = 18; // of which any number fits a long

    /** Compiled at the first need, which most files do not have. */
    private static final class Form {
        static final Pattern MODE = Pattern.compile("0?[0-7]{3}");
        static final Pattern PRINCIPAL = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.@-]{0,99}");
    }

    private static final long HOOK_SECONDS = 30;
    private static final long LONGEST_HOOK_SECONDS = 240;

    private static final Set<String> YES = Set.of("yes", "true", "on", "1");
    private static final Set<String> NO = Set.of("no", "false", "off", "0");

    private final RawConfig raw;
    private final Findings findings;
    private final String header;
    private final String type;
    private final String name;
    private final Set<RawConfig.Option> references = new HashSet<>();

    Section(RawConfig raw, Findings findings, String header, String type, String name) {
        this.raw = raw;
        this.findings = findings;
        this.header = header;
        this.type = type;
        this.name = name;
    }

    String header() {
        return header;
    }

    String type() {
        return type;
    }

    String name() {
        return name;
    }

    int line() {
        return raw.line(header);
    }

    @Override
    public String toString() {
        return "[" + type + " " + Printable.of(name) + "]";
    }

    /** The options whose values were taken over by {@code %(option)s}. */
    Set<RawConfig.Option> references() {
        return references;
    }

    /** Whether the option is there and not empty, right or wrong. */
    boolean has(String option) {
        try {
            return expand(option).isPresent();
        } catch (Interpolation.Failure e) {
            return true;
        }
    }

    int line(String option) {
        return raw.find(header, option).map(RawConfig.Option::line).orElse(line());
    }

    void problem(int line, String text) {
        findings.problem(line, "Config section " + this + ": " + text);
    }

    void warning(int line, String text) {
        findings.warning(line, "Config section " + this + ": " + text);
    }

    /** A value on one line, without control characters. */
    Optional<String> text(String option) {
        return value(option).filter(value -> isOneLine(option, value) && isPrintable(option, value));
    }

    /** As {@link #text}, and it is a problem if it is not there. */
    Optional<String> requiredText(String option) {
        Optional<String> text = text(option);
        if (text.isEmpty() && !has(option)) {
            problem(line(), "missing '" + option + "' attribute");
        }
        return text;
    }

    Optional<Path> path(String option) {
        return text(option).flatMap(text -> toPath(option, text));
    }

    Optional<Path> requiredPath(String option) {
        return requiredText(option).flatMap(text -> toPath(option, text));
    }

    /** The words of a value, however they are spread over lines. */
    List<String> words(String option) {
        Optional<RawConfig.Option> found = raw.find(header, option);
        if (found.isEmpty()) {
            return List.of();
        }
        List<String> words = value(option).map(PythonText::words).orElse(List.of());
        isPrintable(option, String.join(" ", words));
        warnOfSwallowedOptions(found.get());
        return words;
    }

    OptionalLong seconds(String option) {
        Optional<String> text = text(option);
        if (text.isEmpty()) {
            return OptionalLong.empty();
        }
        if (!isNumber(text.get())) {
            problem(line(option), option + " '" + Printable.of(text.get()) + "' is not a number of seconds");
            return OptionalLong.empty();
        }
        return OptionalLong.of(Long.parseLong(text.get()));
    }

    /** Told by a loop: most files have such a number, and a pattern takes as long as the rest of them. */
    private static boolean isNumber(String text) {
        boolean isNumber = !text.isEmpty() && text.length() <= MOST_DIGITS;
        for (int i = 0; i < text.length(); i++) {
            isNumber &= text.charAt(i) >= '0' && text.charAt(i) <= '9';
        }
        return isNumber;
    }

    /** Who may read the token file. */
    TokenAccess access() {
        return new TokenAccess(mode("token_mode"), principal("token_owner"), principal("token_group"));
    }

    /** Octal digits as chmod reads them. The service itself must be able to read the file, and nobody else to forge it. */
    private Optional<Set<PosixFilePermission>> mode(String option) {
        Optional<String> text = text(option);
        Optional<Set<PosixFilePermission>> mode =
                text.filter(digits -> Form.MODE.matcher(digits).matches()).map(Section::permissions);
        if (text.isPresent() && mode.isEmpty()) {
            problem(line(option), option + " '" + Printable.of(text.get()) + "' is not a mode such as 0640");
        } else if (mode.isPresent() && !mode.get().contains(PosixFilePermission.OWNER_READ)) {
            problem(line(option), option + " '" + text.get() + "' does not let the owner read");
        } else if (mode.isPresent() && mode.get().contains(PosixFilePermission.OTHERS_WRITE)) {
            problem(line(option), option + " '" + text.get() + "' lets everybody write");
        }
        return mode;
    }

    private static Set<PosixFilePermission> permissions(String octal) {
        PosixFilePermission[] fromTheLeft = PosixFilePermission.values(); // rwx of owner, group, others
        int bits = Integer.parseInt(octal, 8);
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        for (PosixFilePermission permission : fromTheLeft) {
            if ((bits >> (fromTheLeft.length - 1 - permission.ordinal()) & 1) == 1) {
                permissions.add(permission);
            }
        }
        return permissions;
    }

    /** Whether there is such a user or group is not for this room to ask. */
    private Optional<String> principal(String option) {
        Optional<String> text = text(option);
        if (text.isPresent() && !Form.PRINCIPAL.matcher(text.get()).matches()) {
            problem(line(option), option + " '" + Printable.of(text.get()) + "' is not one name or number");
        }
        return text;
    }

    /** What is run after a renewal. */
    Optional<PostRenewal> postRenewal() {
        List<String> command = words("post_renewal");
        OptionalLong timeout = seconds("post_renewal_timeout");
        if (timeout.isPresent() && (timeout.getAsLong() < 1 || timeout.getAsLong() > LONGEST_HOOK_SECONDS)) {
            problem(
                    line("post_renewal_timeout"),
                    "post_renewal_timeout is not from 1 to " + LONGEST_HOOK_SECONDS + " seconds: a run has 5 minutes");
        }
        if (command.isEmpty()) {
            if (has("post_renewal_timeout")) {
                warning(line("post_renewal_timeout"), "post_renewal_timeout without 'post_renewal' means nothing");
            }
            return Optional.empty();
        }
        if (!command.get(0).startsWith("/")) {
            problem(line("post_renewal"), "post_renewal must begin with the whole path of a program, from / on");
        }
        return toPath("post_renewal", command.get(0))
                .map(program -> new PostRenewal(command, Duration.ofSeconds(timeout.orElse(HOOK_SECONDS))));
    }

    /** Yes or no, in the words that Python's getboolean knows; no when it is not there. */
    boolean flag(String option) {
        Optional<String> text = text(option).map(PythonText::lower);
        if (text.isPresent() && !YES.contains(text.get()) && !NO.contains(text.get())) {
            problem(line(option), option + " '" + Printable.of(text.get()) + "' is not yes or no");
        }
        return text.filter(YES::contains).isPresent();
    }

    /** One of the constants, written in lower case. */
    <E extends Enum<E>> Optional<E> choice(String option, Class<E> type) {
        Optional<String> text = text(option);
        Optional<E> chosen = text.flatMap(word -> Arrays.stream(type.getEnumConstants())
                .filter(constant -> word(constant).equals(word))
                .findFirst());
        if (text.isPresent() && chosen.isEmpty()) {
            List<String> words =
                    Arrays.stream(type.getEnumConstants()).map(Section::word).toList();
            problem(
                    line(option),
                    option + " '" + Printable.of(text.get()) + "' is not one of " + String.join(", ", words));
        }
        return chosen;
    }

    /** An address to which a secret may be sent. */
    Optional<URI> requiredEndpoint(String option) {
        Optional<String> text = requiredText(option);
        Optional<URI> endpoint = text.flatMap(Section::toUri).filter(Transport::isSafe);
        if (text.isPresent() && endpoint.isEmpty()) { // not shown: it may have a password in it
            problem(
                    line(option),
                    option + " must be an https:// address (http:// only on localhost) without user name and without"
                            + " '#'");
        }
        return endpoint;
    }

    private Optional<String> value(String option) {
        try {
            return expand(option);
        } catch (Interpolation.Failure e) {
            // the message may repeat what stands between brackets, which in a secret is a part of it
            boolean secret = option.equals(CLIENT_SECRET);
            problem(line(option), option + ": " + (secret ? "write '%%' for each '%' of the secret" : e.getMessage()));
            return Optional.empty();
        }
    }

    private Optional<String> expand(String option) throws Interpolation.Failure {
        Optional<RawConfig.Option> found = raw.find(header, option);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        String value = Interpolation.expand(found.get().value(), this::reference);
        return value.isEmpty() ? Optional.empty() : Optional.of(value);
    }

    /** The original sets an option {@code name} in every section, whatever the file says it is. */
    private Optional<String> reference(String option) {
        if (option.equals("name")) {
            return Optional.of(name.replace("%", "%%"));
        }
        Optional<RawConfig.Option> found = raw.find(header, option);
        found.ifPresent(references::add);
        return found.map(RawConfig.Option::value);
    }

    private boolean isOneLine(String option, String value) {
        if (value.indexOf('\n') < 0) {
            return true;
        }
        RawConfig.Option found = raw.find(header, option).orElseThrow();
        List<String> parts = found.parts();
        int second = 1;
        while (second < parts.size() && parts.get(second).isEmpty()) {
            second++;
        }
        if (second < parts.size()) {
            problem(
                    found.line(second),
                    "the line is indented, so it continues the value of '" + option
                            + "' above; let it begin where the line above begins");
        } else {
            problem(found.line(), option + " takes over a value of more than one line");
        }
        return false;
    }

    private boolean isPrintable(String option, String value) {
        for (int i = 0; i < value.length(); i++) {
            if (Character.isISOControl(value.charAt(i))) {
                String control = String.format(Locale.ROOT, "U+%04X", (int) value.charAt(i));
                problem(line(option), option + " contains the control character " + control);
                return false;
            }
        }
        return true;
    }

    private Optional<Path> toPath(String option, String text) {
        try {
            return Optional.of(Path.of(text));
        } catch (InvalidPathException e) { // in the C locale Java cannot name files outside ASCII
            problem(
                    line(option),
                    option + " has a character that file names cannot have in this locale; set LC_ALL=C.UTF-8");
            return Optional.empty();
        }
    }

    /** The option that an indented line was meant to be: a part of a list here, as in the original. */
    private void warnOfSwallowedOptions(RawConfig.Option list) {
        List<String> parts = list.parts();
        for (int i = 1; i < parts.size(); i++) {
            String word = PythonText.lower(parts.get(i).split("[\\s=:]", 2)[0]);
            if (KnownOptions.TOKEN.contains(word)) {
                warning(
                        list.line(i),
                        "the line is indented, so '" + word + "' here is a part of the value of '" + list.name()
                                + "' above");
            }
        }
    }

    private static Optional<URI> toUri(String text) {
        try {
            return Optional.of(new URI(text));
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}

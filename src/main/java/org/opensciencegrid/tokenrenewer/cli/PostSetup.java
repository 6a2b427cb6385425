package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.opensciencegrid.tokenrenewer.cli.output.Colors;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.LineWrapper;
import org.opensciencegrid.tokenrenewer.cli.output.Messages;
import org.opensciencegrid.tokenrenewer.cli.output.Repair;
import org.opensciencegrid.tokenrenewer.cli.output.RepairCommands;
import org.opensciencegrid.tokenrenewer.cli.output.ShellQuote;
import org.opensciencegrid.tokenrenewer.cli.output.TimerText;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.cli.terminal.Terminal;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigAddition;
import org.opensciencegrid.tokenrenewer.config.ConfigAddition.NewSection;
import org.opensciencegrid.tokenrenewer.config.ConfigException;
import org.opensciencegrid.tokenrenewer.config.TokenSecret;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** The last steps of setup: adds the account's sections to config.ini, and renews its first token. */
final class PostSetup {
    /**
     * The options for these steps.
     *
     * @param write whether we may change config.ini
     * @param additionFile the file from which the wrapper reads the text to add, because it runs as root and we do not
     * @param token name of the first token
     * @param tokenPath its path
     * @param tokenSecret its Secret
     * @param scope of the first token, if its account stores none
     * @param audience of the first token
     */
    record Request(
            boolean write,
            Optional<Path> additionFile,
            Optional<String> token,
            Optional<Path> tokenPath,
            Optional<String> tokenSecret,
            List<String> scope,
            List<String> audience,
            boolean verbose) {
        boolean namesToken() {
            return token.isPresent() || tokenPath.isPresent() || tokenSecret.isPresent();
        }
    }

    private final CommandContext context;
    private final Terminal terminal;
    private final String account;
    private final Request request;

    PostSetup(CommandContext context, Terminal terminal, String account, Request request) {
        this.context = context;
        this.terminal = terminal;
        this.account = account;
        this.request = request;
    }

    /** Ends setup before it asks any question if config.ini could not be changed at the end. */
    void requireWritable(Map<String, String> options, Path tokens) {
        if (!request.write()) {
            return;
        }
        try {
            ConfigAddition.to(context.configFile(), newSections(options, tokens));
        } catch (ConfigException e) {
            throw new UsageException(e.getMessage());
        }
        requireWritable(tokens);
    }

    /** Checks this before a user approves, because the approval is of no use without the token. */
    void requireWritable(Path tokens) {
        if (!request.write()) {
            return;
        }
        requireWritableConfig();
        if (request.namesToken()) {
            tokenPath(tokens).ifPresent(this::requireWritableFile);
            tokenSecret().flatMap(TokenSecret::parse).ifPresent(this::requireWritable);
        }
    }

    private void requireWritable(TokenSecret secret) {
        try {
            context.tokenSecrets().requireWritable(secret);
        } catch (KubernetesException e) {
            Failure failure = FailureMapper.of(e, secret.toString());
            throw new UsageException(
                    "token_secret " + secret + ": " + context.messages().what(failure),
                    context.messages().repair(failure, account));
        }
    }

    private void requireWritableFile(Path token) {
        Path directory = Objects.requireNonNullElse(token.getParent(), token); // the path is /
        String user = "token_path " + token + ": the user " + System.getProperty("user.name");
        Optional<Path> closed = RepairCommands.closedParent(directory);
        if (closed.isPresent()) {
            throw new UsageException(
                    user + " cannot enter " + closed.get(), context.commands().letPass(closed.get(), token.toString()));
        }
        if (!Files.isDirectory(directory)) {
            throw new UsageException("token_path " + token + ": the directory " + directory + " does not exist");
        }
        if (!Files.isWritable(directory) && !Files.isWritable(token)) {
            throw new UsageException(
                    user + " cannot write in " + directory, context.commands().letService("rwx", directory));
        }
    }

    private void requireWritableConfig() {
        try {
            if (request.additionFile().isEmpty() && !new ConfigAppender(context.configFile()).mayWrite()) {
                throw new UsageException("--write-config: " + context.configFile() + " cannot be written by the user "
                        + System.getProperty("user.name")
                        + (context.commands().isService() ? "; run osg-token-renewer-setup as root" : ""));
            }
        } catch (IOException e) {
            throw new UsageException("--write-config: " + Printable.of(e.toString()));
        }
    }

    /**
     * @param options of the account's section
     * @param tokens the directory for tokens
     */
    int finish(Map<String, String> options, Path tokens) {
        print("Account " + account + " is ready.");
        if (request.write()) {
            return write(options, tokens);
        }
        Optional<Config> config = configWith(account(options));
        if (config.filter(this::hasToken).isPresent()) {
            if (terminal.isInteractive()) {
                return renew();
            }
            print("Its tokens are renewed at the next run. To get them now, run:");
            print("");
            print("    " + ShellQuote.line(context.commands().renew()));
            return ExitStatus.OK;
        }
        printSections(config.isPresent() ? List.of(token(tokens)) : List.of(account(options), token(tokens)));
        return ExitStatus.OK;
    }

    private int write(Map<String, String> options, Path tokens) {
        List<NewSection> sections = newSections(options, tokens);
        ConfigAddition addition;
        try {
            addition = ConfigAddition.to(context.configFile(), sections);
            if (request.additionFile().isPresent()) {
                if (!hasToken(addition.after())) {
                    printSections(List.of(token(tokens)));
                }
                ConfigAppender.passToWrapper(
                        addition,
                        hasToken(addition.after()),
                        request.additionFile().get());
                return ExitStatus.OK; // the wrapper does the rest
            }
            if (!addition.text().isEmpty()) {
                new ConfigAppender(context.configFile()).append(addition);
            }
        } catch (ConfigException | IOException e) {
            context.output()
                    .error(
                            e instanceof ConfigException
                                    ? e.getMessage()
                                    : context.configFile() + " could not be written: " + Printable.of(e.toString()));
            printSections(List.of(account(options), token(tokens)));
            return ExitStatus.FAILED;
        }
        String titles = sections.stream().map(NewSection::title).collect(Collectors.joining(" and "));
        String message = addition.text().isEmpty()
                ? context.configFile() + " has " + titles + " already."
                : "Added " + titles + " to " + context.configFile() + ".";
        print(LineWrapper.of(context.environment().out(), message));
        if (hasToken(addition.after())) {
            return renew();
        }
        printSections(List.of(token(tokens)));
        return ExitStatus.OK;
    }

    /** Renews at once, so that problems appear while the admin is present. */
    private int renew() {
        int status = RenewCommand.of(context, account, request.verbose()).call();
        timer(context).forEach(this::print);
        return status == ExitStatus.USAGE ? ExitStatus.FAILED : status; // setup itself succeeded
    }

    private void printSections(List<NewSection> sections) {
        print("Add this to " + context.configFile() + ";");
        print("you can choose the token's name and " + (tokenSecret().isPresent() ? "Secret:" : "path:"));
        print("");
        for (NewSection section : sections) {
            section.lines().forEach(this::print);
            print("");
        }
        print("To get the token now, run:");
        print("");
        print("    " + ShellQuote.line(context.commands().renew()));
        List<String> timer = timer(context);
        if (!timer.isEmpty()) {
            print("");
            timer.forEach(this::print);
        }
    }

    /** Whether the timer of the installed service will renew the tokens; if not, the command that fixes it. */
    static List<String> timer(CommandContext context) {
        Optional<Timer> timer = context.timerNow();
        if (!context.commands().isTimerPossible()) {
            return List.of();
        }
        if (timer.isEmpty()) {
            return toFix(context, Messages.NO_TIMER, TimerText.repairWithout(context.commands()));
        }
        String detail = timer.get().detail();
        return timer.get()
                .trouble()
                .map(trouble -> toFix(
                        context,
                        TimerText.what(trouble, detail),
                        TimerText.repair(trouble, detail, context.commands())))
                .orElse(List.of("The timer keeps it fresh."));
    }

    private static List<String> toFix(CommandContext context, String what, Repair repair) {
        if (!Environment.isTerminal(context.environment().out())) {
            return List.of(repair.after("But " + what));
        }
        List<String> lines = new ArrayList<>();
        LineWrapper.wrap(lines, "", "But " + what + ".");
        lines.addAll(repair.lines(LineWrapper.HANGING, Colors.NONE));
        return lines;
    }

    private List<NewSection> newSections(Map<String, String> options, Path tokens) {
        return request.namesToken() ? List.of(account(options), token(tokens)) : List.of(account(options));
    }

    private NewSection account(Map<String, String> options) {
        return new NewSection("account", account, options);
    }

    private NewSection token(Path tokens) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("account", account);
        tokenPath(tokens).ifPresent(path -> options.put("token_path", path.toString()));
        tokenSecret().ifPresent(secret -> options.put("token_secret", secret));
        if (!request.scope().isEmpty()) {
            options.put("scope", String.join(" ", request.scope()));
        }
        if (!request.audience().isEmpty()) {
            options.put("audience", String.join(" ", request.audience()));
        }
        return new NewSection("token", request.token().orElse(account), options);
    }

    /** Empty if the token is only in a file. A pod has no place for files that others read. */
    private Optional<String> tokenSecret() {
        return request.tokenSecret().isEmpty() && request.tokenPath().isEmpty() && context.isInCluster()
                ? Optional.of("osg-tokens#" + request.token().orElse(account).replaceAll("[^-._a-zA-Z0-9]", "-"))
                : request.tokenSecret();
    }

    /** Empty if the token is only in a Secret. */
    private Optional<Path> tokenPath(Path tokens) {
        if (request.tokenPath().isEmpty() && tokenSecret().isPresent()) {
            return Optional.empty();
        }
        String file = account + request.token().map(name -> "." + name).orElse("") + ".token";
        return Optional.of(
                request.tokenPath().orElseGet(() -> tokens.resolve(file)).toAbsolutePath());
    }

    private boolean hasToken(Config config) {
        return config.accountsInUse().containsKey(account);
    }

    /**
     * The config file, if it has the section already; empty if the file is incomplete or has another version of the
     * section.
     */
    private Optional<Config> configWith(NewSection section) {
        try {
            ConfigAddition addition = ConfigAddition.to(context.configFile(), List.of(section));
            return addition.text().isEmpty() ? Optional.of(addition.after()) : Optional.empty();
        } catch (ConfigException e) {
            e.getMessage().lines().forEach(context.output()::warning);
            return Optional.empty();
        }
    }

    private void print(String line) {
        context.environment().out().println(line);
        context.environment().out().flush();
    }
}

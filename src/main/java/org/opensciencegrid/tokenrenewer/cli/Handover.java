package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.opensciencegrid.tokenrenewer.config.Addition;
import org.opensciencegrid.tokenrenewer.config.Addition.NewSection;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigException;
import org.opensciencegrid.tokenrenewer.text.Printable;

/** What is left to do when setup has made an account: its sections in config.ini, and its first token. */
final class Handover {
    /**
     * What was asked for.
     *
     * @param write whether config.ini is ours to change
     * @param to where the wrapper takes what to add, as it is root and we are not
     * @param token name of the first token
     * @param tokenPath where it goes
     * @param scope of the first token, where its account keeps none
     * @param audience of the first token
     */
    record Wishes(
            boolean write,
            Optional<Path> to,
            Optional<String> token,
            Optional<Path> tokenPath,
            List<String> scope,
            List<String> audience,
            boolean verbose) {
        boolean nameToken() {
            return token.isPresent() || tokenPath.isPresent();
        }
    }

    private final Root root;
    private final Terminal terminal;
    private final String account;
    private final Wishes wishes;

    Handover(Root root, Terminal terminal, String account, Wishes wishes) {
        this.root = root;
        this.terminal = terminal;
        this.account = account;
        this.wishes = wishes;
    }

    /** Ends setup before anybody is asked anything, if config.ini could not be changed in the end. */
    void requireWritable(Map<String, String> options, Path tokens) {
        if (!wishes.write()) {
            return;
        }
        try {
            Addition.to(root.configFile(), wanted(options, tokens));
            requireWritable();
            if (wishes.nameToken()) {
                requireWritable(tokenPath(tokens));
            }
        } catch (ConfigException e) {
            throw new UsageException(e.getMessage());
        }
    }

    /** A person's approval is not asked for in vain. */
    private void requireWritable(Path token) {
        Path directory = Objects.requireNonNullElse(token.getParent(), token); // of / itself
        if (!Files.isDirectory(directory)) {
            throw new UsageException("token_path " + token + ": the directory " + directory + " does not exist");
        }
        if (!Files.isWritable(directory) && !Files.isWritable(token)) {
            throw new UsageException("token_path " + token + ": the user " + System.getProperty("user.name")
                    + " cannot write in " + directory
                    + (root.commands().isService()
                            ? "; as root: " + root.commands().letServiceWrite(directory)
                            : ""));
        }
    }

    void requireWritable() {
        try {
            if (wishes.write() && wishes.to().isEmpty() && !new ConfigWriter(root.configFile()).mayWrite()) {
                throw new UsageException("--write-config: " + root.configFile() + " cannot be written by the user "
                        + System.getProperty("user.name")
                        + (root.commands().isService() ? "; run osg-token-renewer-setup as root" : ""));
            }
        } catch (IOException e) {
            throw new UsageException("--write-config: " + Printable.of(e.toString()));
        }
    }

    /**
     * @param options of the account's section
     * @param tokens the directory of tokens
     */
    int finish(Map<String, String> options, Path tokens) {
        say("Account " + account + " is ready.");
        if (wishes.write()) {
            return write(options, tokens);
        }
        Optional<Config> config = configWith(account(options));
        if (config.filter(this::hasToken).isPresent()) {
            if (terminal.isInteractive()) {
                return renew();
            }
            say("Its tokens are renewed at the next run; to have them now:");
            say("");
            say("    " + root.commands().renew());
            return ExitStatus.OK;
        }
        paste(config.isPresent() ? List.of(token(tokens)) : List.of(account(options), token(tokens)));
        return ExitStatus.OK;
    }

    private int write(Map<String, String> options, Path tokens) {
        List<NewSection> wanted = wanted(options, tokens);
        Addition addition;
        try {
            addition = Addition.to(root.configFile(), wanted);
            if (wishes.to().isPresent()) {
                if (!hasToken(addition.after())) {
                    paste(List.of(token(tokens)));
                }
                ConfigWriter.handOver(
                        addition, hasToken(addition.after()), wishes.to().get());
                return ExitStatus.OK; // the wrapper goes on
            }
            if (!addition.text().isEmpty()) {
                new ConfigWriter(root.configFile()).append(addition);
            }
        } catch (ConfigException | IOException e) {
            new Output(root.environment())
                    .error(
                            e instanceof ConfigException
                                    ? e.getMessage()
                                    : root.configFile() + " could not be written: " + Printable.of(e.toString()));
            paste(List.of(account(options), token(tokens)));
            return ExitStatus.FAILED;
        }
        String titles = wanted.stream().map(NewSection::title).collect(Collectors.joining(" and "));
        String done = addition.text().isEmpty()
                ? root.configFile() + " has " + titles + " already."
                : "Added " + titles + " to " + root.configFile() + ".";
        say(Prose.of(root.environment().out(), done));
        if (hasToken(addition.after())) {
            return renew();
        }
        paste(List.of(token(tokens)));
        return ExitStatus.OK;
    }

    /** The first renewal, so that what is wrong shows itself while somebody is there. */
    private int renew() {
        int status = RenewCommand.of(root, account, wishes.verbose()).call();
        if (root.commands().isService()) {
            say(Prose.of(
                    root.environment().out(),
                    "The timer keeps its tokens fresh: " + root.commands().enableTimer()));
        }
        return status;
    }

    private void paste(List<NewSection> sections) {
        say("Add this to " + root.configFile() + ";");
        say("the token's name and path are yours to choose:");
        say("");
        for (NewSection section : sections) {
            section.lines().forEach(this::say);
            say("");
        }
        say((root.commands().isService() ? "The timer renews it from then on. " : "") + "To have it now:");
        say("");
        say("    " + root.commands().renew());
    }

    private List<NewSection> wanted(Map<String, String> options, Path tokens) {
        return wishes.nameToken() ? List.of(account(options), token(tokens)) : List.of(account(options));
    }

    private NewSection account(Map<String, String> options) {
        return new NewSection("account", account, options);
    }

    private NewSection token(Path tokens) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("account", account);
        options.put("token_path", tokenPath(tokens).toString());
        if (!wishes.scope().isEmpty()) {
            options.put("scope", String.join(" ", wishes.scope()));
        }
        if (!wishes.audience().isEmpty()) {
            options.put("audience", String.join(" ", wishes.audience()));
        }
        return new NewSection("token", wishes.token().orElse(account), options);
    }

    private Path tokenPath(Path tokens) {
        String file = account + wishes.token().map(name -> "." + name).orElse("") + ".token";
        return wishes.tokenPath().orElseGet(() -> tokens.resolve(file)).toAbsolutePath();
    }

    private boolean hasToken(Config config) {
        return config.accounts().containsKey(account);
    }

    /** The config file, if it has the section already; one that is in the making, or has it otherwise, is no failure. */
    private Optional<Config> configWith(NewSection section) {
        try {
            Addition addition = Addition.to(root.configFile(), List.of(section));
            return addition.text().isEmpty() ? Optional.of(addition.after()) : Optional.empty();
        } catch (ConfigException e) {
            e.getMessage().lines().forEach(new Output(root.environment())::warning);
            return Optional.empty();
        }
    }

    private void say(String line) {
        root.environment().out().println(line);
        root.environment().out().flush();
    }
}

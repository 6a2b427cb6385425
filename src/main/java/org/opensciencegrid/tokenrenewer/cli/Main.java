package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.Output;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.util.Printable;
import picocli.CommandLine;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program's entry point. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(run(Environment.ofProcess(), arguments));
    }

    /** Runs one command line and returns its exit status. */
    public static int run(Environment environment, String... arguments) {
        CommandContext context = new CommandContext(environment, arguments);
        if (arguments.length == 1 && arguments[0].equals("renew")) {
            return call(new RenewCommand(context), context); // the timer's command line
        }
        if (arguments.length == 1 && arguments[0].equals("status")) {
            return call(new StatusCommand(context), context);
        }
        if (arguments.length == 1 && arguments[0].equals("self-test")) {
            return selfTest(context); // for make-archive alone
        }
        return commandLine(context, environment).execute(withoutGuess(arguments));
    }

    /** The option --host without a value would take the name of the account as its value. */
    private static String[] withoutGuess(String... arguments) {
        return Stream.of(arguments)
                .map(word -> word.equals("--host") ? "--host=" : word)
                .toArray(String[]::new);
    }

    /** All commands with their options; tests compare the completion files and the man pages with it. */
    static CommandLine commandLine(CommandContext context, Environment environment) {
        return new CommandLine(context)
                .addSubcommand(new RenewCommand(context))
                .addSubcommand(new StatusCommand(context))
                .addSubcommand(new TokenCommand(context))
                .addSubcommand(new CheckCommand(context))
                .addSubcommand(new SetupCommand(context))
                .addSubcommand(new ClientKeyCommand(context))
                .addSubcommand(new ImportCommand(context))
                .addSubcommand(new ExportCommand(context))
                .addSubcommand(new MoveCommand.Import(context))
                .addSubcommand(new MoveCommand.Export(context))
                .addSubcommand(new ChangePasswordCommand(context))
                .addSubcommand(new RemoveCommand(context))
                .addSubcommand(new HelpCommand())
                .setExpandAtFiles(false) // an error message would show the words of a password file
                .setOut(new PrintWriter(environment.out(), true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(environment.err(), true, StandardCharsets.UTF_8))
                .setExecutionExceptionHandler((e, command, parsed) -> reportFailure(context, e))
                .setParameterExceptionHandler((e, words) -> reportUsage(environment, e));
    }

    /** The first letter: people rarely mistype it. */
    private static String firstLetter(String word) {
        return word.replaceFirst("^-+", "").replaceFirst("(?<=.).*", "");
    }

    private static int reportUsage(Environment environment, ParameterException e) {
        CommandLine command = e.getCommandLine();
        String message = Printable.of(e.getMessage());
        List<String> suggestions = List.of();
        if (e instanceof UnmatchedArgumentException unmatched) {
            String typed = unmatched.getUnmatched().get(0);
            suggestions = unmatched.getSuggestions().stream()
                    .filter(word -> firstLetter(word).equals(firstLetter(typed)))
                    .toList();
            if (command.getParent() == null && !unmatched.isUnknownOption()) {
                message = "'" + Printable.of(typed) + "' is not a command";
            }
        }
        new Output(environment)
                .error("osg-token-renewer: " + message
                        + (suggestions.isEmpty() ? "" : "; did you mean " + String.join(" or ", suggestions) + "?"));
        environment.err().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        return ExitStatus.USAGE;
    }

    /** Runs a command without options and without picocli, whose reflection takes longer than the rest of the command. */
    private static int call(Callable<Integer> command, CommandContext context) {
        try {
            return command.call();
        } catch (Exception e) {
            return reportFailure(context, e);
        }
    }

    private static int selfTest(CommandContext context) {
        try {
            return new SelfTest(context.environment()).run();
        } catch (IOException | GeneralSecurityException | InterruptedException | RuntimeException e) {
            return reportFailure(context, e);
        }
    }

    /** Reports what ended a command; returns the exit status. */
    static int reportFailure(CommandContext context, Exception e) {
        Output output = context.output();
        if (e instanceof UsageException usage) {
            JsonObject event = JsonObject.NONE.with("event", "usage");
            usage.repair()
                    .ifPresentOrElse(
                            repair -> output.error(e.getMessage(), repair, event),
                            () -> e.getMessage().lines().forEach(line -> output.error(line, event)));
            return ExitStatus.USAGE;
        }
        output.error(
                "a bug in osg-token-renewer, please report it with all that follows",
                JsonObject.NONE.with("event", "bug"));
        e.printStackTrace(context.environment().err());
        return ExitStatus.BUG;
    }
}

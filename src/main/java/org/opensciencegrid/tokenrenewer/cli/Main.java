package org.opensciencegrid.tokenrenewer.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.opensciencegrid.tokenrenewer.text.Members;
import org.opensciencegrid.tokenrenewer.text.Printable;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;

/** The program. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(run(Environment.ofProcess(), arguments));
    }

    /** One command line from parsing to its exit status. */
    public static int run(Environment environment, String... arguments) {
        Root root = new Root(environment, arguments);
        if (arguments.length == 1 && arguments[0].equals("renew")) {
            return renew(root); // what the timer runs
        }
        CommandLine line = new CommandLine(root)
                .addSubcommand(new RenewCommand(root))
                .addSubcommand(new StatusCommand(root))
                .addSubcommand(new CheckCommand(root))
                .addSubcommand(new SetupCommand(root))
                .addSubcommand(hidden(new GenerateCompletion()))
                .addSubcommand(new ImportCommand(root))
                .addSubcommand(new ExportCommand(root))
                .addSubcommand(new ChangePasswordCommand(root))
                .addSubcommand(new RemoveCommand(root))
                .setOut(new PrintWriter(environment.out(), true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(environment.err(), true, StandardCharsets.UTF_8))
                .setExecutionExceptionHandler((e, command, parsed) -> failed(root, e))
                .setParameterExceptionHandler((e, words) -> {
                    new Output(environment).error("osg-token-renewer: " + Printable.of(e.getMessage()));
                    environment
                            .err()
                            .println("Try '"
                                    + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
                    return ExitStatus.USAGE;
                });
        return line.execute(arguments);
    }

    /** The command without options, and so without picocli: its reflection would take a quarter of the start. */
    private static int renew(Root root) {
        try {
            return new RenewCommand(root).call();
        } catch (RuntimeException e) {
            return failed(root, e);
        }
    }

    /** For the build, which makes bash's completion file with it. */
    private static CommandLine hidden(Object command) {
        CommandLine line = new CommandLine(command);
        line.getCommandSpec().usageMessage().hidden(true);
        return line;
    }

    private static int failed(Root root, Exception e) {
        Output output = root.output();
        if (e instanceof UsageException) {
            e.getMessage().lines().forEach(line -> output.error(line, Members.NONE.with("event", "usage")));
            return ExitStatus.USAGE;
        }
        output.error(
                "a bug in osg-token-renewer, please report it with all that follows",
                Members.NONE.with("event", "bug"));
        e.printStackTrace(root.environment().err());
        return ExitStatus.BUG;
    }
}

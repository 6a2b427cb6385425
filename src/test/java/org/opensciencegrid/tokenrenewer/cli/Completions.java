package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Generates the completion of osg-token-renewer and osg-token-renewer-setup for bash, zsh and fish from the program's
 * options. The completion reads the names of tokens and accounts from the config file when it runs.
 */
final class Completions {
    private static final String PROGRAM = "osg-token-renewer";

    /**
     * Prints the names of the sections of one kind. Only names of plain characters, because the shell could run another
     * one: bash expands the words of compgen -W, and inserts the word that you choose without quotes.
     */
    private static final String SECTION_NAMES =
            "LC_ALL=C sed -n \"s/^\\[%s \\([A-Za-z0-9][A-Za-z0-9._@+-]*\\)\\] *\\$/\\1/p\" %s 2> /dev/null";

    private static final String NAMES = """
            _osg_token_renewer_names() {
                local config=${OSG_TOKEN_RENEWER_CONFIG_PATH:-/etc/osg/token-renewer/config.ini}
                %s
            }
            """.formatted(SECTION_NAMES.formatted("$1", "\"$config\""));

    private final Map<String, CommandSpec> commands;

    private Completions(CommandLine line) {
        this.commands = line.getSubcommands().entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().getCommandSpec(), (a, b) -> a, TreeMap::new));
    }

    /** The files below usr/share, with their text. */
    static Map<Path, String> files() {
        Environment environment = Environment.ofProcess();
        Completions of = new Completions(Main.commandLine(new CommandContext(environment), environment));
        Map<Path, String> files = new TreeMap<>();
        for (String program : List.of(PROGRAM, PROGRAM + "-setup")) {
            files.put(Path.of("bash-completion", "completions", program), of.bash(program));
            files.put(Path.of("zsh", "site-functions", "_" + program), of.zsh(program));
            files.put(Path.of("fish", "vendor_completions.d", program + ".fish"), of.fish(program));
        }
        return files;
    }

    /** The kinds of values that can be completed. */
    private enum Values {
        NONE,
        FILE,
        TOKEN,
        ACCOUNT,
        BOTH,
        COMMAND,
        OTHER
    }

    private static Values values(ArgSpec of) {
        if (of instanceof OptionSpec option && option.typeInfo().isBoolean()) {
            return Values.NONE;
        }
        return switch (of.paramLabel()) {
            case "FILE", "DIR" -> Values.FILE;
            case "TOKEN" -> Values.TOKEN;
            case "ACCOUNT" -> Values.ACCOUNT;
            case "COMMAND" -> Values.COMMAND;
            case "NAME" ->
                of.isPositional() && of.command().name().equals("renew")
                        ? Values.BOTH
                        : of instanceof OptionSpec option
                                        && option.longestName().equals("--token")
                                ? Values.TOKEN
                                : of.isPositional()
                                                || ((OptionSpec) of)
                                                        .longestName()
                                                        .equals("--account")
                                        ? Values.ACCOUNT
                                        : Values.OTHER;
            default -> Values.OTHER;
        };
    }

    private static List<OptionSpec> options(CommandSpec command) {
        return command.options().stream()
                .filter(option -> !option.hidden())
                .sorted((a, b) -> a.longestName().compareTo(b.longestName()))
                .toList();
    }

    private static Values positional(CommandSpec command) {
        List<PositionalParamSpec> all = command.positionalParameters();
        return all.isEmpty() ? Values.NONE : values(all.get(0));
    }

    private static String first(OptionSpec option) {
        String text = String.join(" ", option.description()).split("[;:(]")[0].strip();
        return text.replaceAll("['\"\\[\\]$`\\\\]", "");
    }

    private static String first(CommandSpec command) {
        String text = String.join(" ", command.usageMessage().description());
        return (text.isBlank() ? "shows the options of a command" : text)
                .split("[.:]")[0]
                .replaceAll("['\"\\[\\]$`\\\\]|%n", "")
                .strip();
    }

    /** The commands of a program; osg-token-renewer-setup has only setup, which is not typed. */
    private Map<String, CommandSpec> commandsOf(String program) {
        return program.equals(PROGRAM) ? commands : Map.of("setup", commands.get("setup"));
    }

    // bash

    private String bash(String program) {
        String function = "_" + program.replace('-', '_');
        StringBuilder text = new StringBuilder("# bash completion of " + program + "\n\n" + NAMES + "\n");
        text.append(function).append("() {\n");
        text.append("""
                    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= values= options= i
                    # bash takes the = of --option=value for a word.
                    if [ "$cur" = = ]; then
                        cur=
                    elif [ "$prev" = = ]; then
                        prev=${COMP_WORDS[COMP_CWORD - 2]}
                    fi
                """);
        if (program.equals(PROGRAM)) {
            text.append("""
                        for ((i = 1; i < COMP_CWORD; i++)); do
                            case ${COMP_WORDS[i]} in
                                -*|=) ;;
                                *) case ${COMP_WORDS[i - 1]} in =|--config|--state-dir) ;; *) command=${COMP_WORDS[i]}; break ;; esac ;;
                            esac
                        done
                    """);
        } else {
            text.append("    command=setup\n");
        }
        text.append("    case $command in\n");
        commandsOf(program).forEach((name, command) -> {
            text.append("        ").append(name).append(")\n            options='");
            text.append(options(command).stream().map(OptionSpec::longestName).collect(Collectors.joining(" ")));
            text.append("'\n            values=").append(positional(command)).append('\n');
            text.append("            case $prev in\n");
            options(command).stream()
                    .filter(option -> values(option) != Values.NONE)
                    .forEach(option -> text.append("                ")
                            .append(String.join("|", option.names()))
                            .append(") options= values=")
                            .append(values(option))
                            .append(" ;;\n"));
            text.append("            esac ;;\n");
        });
        text.append(
                        "        *)\n            options='--config --help --state-dir --version'\n            values=COMMAND\n")
                .append("            case $prev in --config|--state-dir) options= values=FILE ;; esac ;;\n    esac\n");
        text.append("    case $values in\n");
        text.append("        TOKEN) values=$(_osg_token_renewer_names token) ;;\n");
        text.append("        ACCOUNT) values=$(_osg_token_renewer_names account) ;;\n");
        text.append("        BOTH) values=$(_osg_token_renewer_names token; _osg_token_renewer_names account) ;;\n");
        text.append("        COMMAND) values='" + String.join(" ", commands.keySet()) + "' ;;\n");
        text.append(
                "        FILE) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n");
        text.append("        *) values= ;;\n    esac\n");
        text.append("    case $cur in -*) values= ;; *) options= ;; esac\n");
        text.append("    mapfile -t COMPREPLY < <(compgen -W \"$options $values\" -- \"$cur\")\n}\n");
        text.append("complete -F ").append(function).append(' ').append(program).append('\n');
        return text.toString();
    }

    // zsh

    private String zsh(String program) {
        StringBuilder text = new StringBuilder("#compdef " + program + "\n\n" + NAMES);
        for (String kind : List.of("token", "account")) {
            text.append("_osg_token_renewer_" + kind + "() { compadd -- ${(f)\"$(_osg_token_renewer_names " + kind
                    + ")\"} }\n");
        }
        text.append("_osg_token_renewer_both() { _osg_token_renewer_token; _osg_token_renewer_account }\n");
        text.append("_osg_token_renewer_commands() { compadd -- " + String.join(" ", commands.keySet()) + " }\n\n");
        commandsOf(program).forEach((name, command) -> {
            text.append("_osg_token_renewer_command_")
                    .append(name.replace('-', '_'))
                    .append("() {\n    _arguments");
            for (OptionSpec option : options(command)) {
                for (String one : option.names()) {
                    text.append(" \\\n        '").append(one);
                    boolean isValue = values(option) != Values.NONE;
                    text.append(isValue && one.startsWith("--") ? "=" : "")
                            .append('[')
                            .append(first(option))
                            .append(']')
                            .append(
                                    isValue
                                            ? ":" + option.paramLabel().replaceAll("[^A-Z]", "") + ":"
                                                    + action(values(option))
                                            : "")
                            .append('\'');
                }
            }
            if (positional(command) != Values.NONE) {
                text.append(" \\\n        '*:name:")
                        .append(action(positional(command)))
                        .append('\'');
            }
            text.append("\n}\n\n");
        });
        if (program.equals(PROGRAM)) {
            text.append("""
                    local context state line
                    _arguments -C '--config=[config file]:file:_files' '--state-dir=[accounts and state]:directory:_files -/' \\
                        '--help[help]' '--version[version]' '1:command:_osg_token_renewer_commands' '*::argument:->command'
                    [[ $state != command ]] || (( ! $+functions[_osg_token_renewer_command_${line[1]//-/_}] )) ||
                        _osg_token_renewer_command_${line[1]//-/_}
                    """);
        } else {
            text.append("_osg_token_renewer_command_setup\n");
        }
        return text.toString();
    }

    private static String action(Values values) {
        return switch (values) {
            case FILE -> "_files";
            case TOKEN -> "_osg_token_renewer_token";
            case ACCOUNT -> "_osg_token_renewer_account";
            case BOTH -> "_osg_token_renewer_both";
            case COMMAND -> "_osg_token_renewer_commands";
            case NONE, OTHER -> " ";
        };
    }

    // fish

    private String fish(String program) {
        List<String> lines = new ArrayList<>();
        lines.add("function __osg_token_renewer_names");
        lines.add(
                "    set -q OSG_TOKEN_RENEWER_CONFIG_PATH; or set -l OSG_TOKEN_RENEWER_CONFIG_PATH /etc/osg/token-renewer/config.ini");
        lines.add("    " + SECTION_NAMES.formatted("$argv[1]", "$OSG_TOKEN_RENEWER_CONFIG_PATH"));
        lines.add("end");
        lines.add("complete -c " + program + " -f");
        boolean isWhole = program.equals(PROGRAM);
        commandsOf(program).forEach((name, command) -> {
            String when = isWhole ? " -n '__fish_seen_subcommand_from " + name + "'" : "";
            if (isWhole) {
                lines.add("complete -c " + program + " -n __fish_use_subcommand -a " + name + " -d '" + first(command)
                        + "'");
            }
            for (OptionSpec option : options(command)) {
                String names = Stream.of(option.names())
                        .map(one -> one.startsWith("--") ? " -l " + one.substring(2) : " -s " + one.substring(1))
                        .collect(Collectors.joining());
                lines.add("complete -c " + program + when + names + words(values(option)) + " -d '" + first(option)
                        + "'");
            }
            if (positional(command) != Values.NONE && positional(command) != Values.OTHER) {
                lines.add("complete -c " + program + when
                        + words(positional(command)).replaceFirst(" -x", ""));
            }
        });
        return String.join("\n", lines) + "\n";
    }

    private String words(Values values) {
        return switch (values) {
            case NONE -> "";
            case FILE -> " -r -F";
            case TOKEN -> " -x -a '(__osg_token_renewer_names token)'";
            case ACCOUNT -> " -x -a '(__osg_token_renewer_names account)'";
            case BOTH -> " -x -a '(__osg_token_renewer_names token; __osg_token_renewer_names account)'";
            case COMMAND -> " -x -a '" + String.join(" ", commands.keySet()) + "'";
            case OTHER -> " -x";
        };
    }
}

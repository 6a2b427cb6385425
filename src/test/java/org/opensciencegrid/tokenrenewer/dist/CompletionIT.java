package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the shell completion in a real shell, with the package's file. */
class CompletionIT {
    private static final Path SHARE = Installed.DIST.resolve("usr/share");

    @TempDir
    Path directory;

    @BeforeEach
    void names() throws IOException {
        Files.writeString(directory.resolve("config.ini"), """
                [account acct]
                password_file = /x
                [account b-1]
                [token one]
                account = acct
                [token two]
                """);
    }

    private String shell(String... command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .put(
                        "OSG_TOKEN_RENEWER_CONFIG_PATH",
                        directory.resolve("config.ini").toString());
        builder.environment().put("HOME", directory.toString());
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        return said.strip();
    }

    /** @param words of the command line, as bash splits it */
    private String bash(String... words) throws Exception {
        String program = words[0];
        return shell(
                "bash",
                "-c",
                ". " + Installed.word(SHARE) + "/bash-completion/completions/" + program
                        + "; COMP_WORDS=(\"$@\"); COMP_CWORD=" + (words.length - 1) + "; _" + program.replace('-', '_')
                        + "; echo \"${COMPREPLY[*]}\"",
                "bash",
                words[0],
                words.length > 1 ? words[1] : "",
                words.length > 2 ? words[2] : "",
                words.length > 3 ? words[3] : "",
                words.length > 4 ? words[4] : "");
    }

    @Test
    void bashCompletesCommandsOptionsAndNames() throws Exception {
        assertEquals("renew", bash("osg-token-renewer", "ren"));
        assertEquals("--force", bash("osg-token-renewer", "renew", "--fo"));
        assertEquals("one two acct b-1", bash("osg-token-renewer", "renew", ""));
        assertEquals("one two", bash("osg-token-renewer", "renew", "--token", "=", ""));
        assertEquals("one two", bash("osg-token-renewer", "token", ""));
        assertEquals("acct b-1", bash("osg-token-renewer", "status", "--account", ""));
        assertEquals("b-1", bash("osg-token-renewer", "remove", "b"));
        assertEquals("--reauthenticate", bash("osg-token-renewer-setup", "--rea"));
        assertEquals("acct", bash("osg-token-renewer-setup", "--reauthenticate", "a"));
    }

    private static boolean isThere(String shell) {
        return List.of("/usr/bin/", "/bin/", "/usr/local/bin/").stream()
                .anyMatch(place -> Files.isExecutable(Path.of(place + shell)));
    }

    private String fish(String line) throws Exception {
        String program = line.replaceFirst(" .*", "");
        return shell(
                        "fish",
                        "--no-config",
                        "-c",
                        "source " + Installed.word(SHARE) + "/fish/vendor_completions.d/" + program
                                + ".fish; complete -C '" + line + "'")
                .replaceAll("\t[^\n]*", "")
                .replace('\n', ' ');
    }

    @Test
    void fishCompletesThem() throws Exception {
        assumeTrue(isThere("fish"), "no fish here");
        assertEquals("renew", fish("osg-token-renewer ren"));
        assertEquals("--force", fish("osg-token-renewer renew --fo"));
        assertEquals("acct b-1 one two", fish("osg-token-renewer renew "));
        assertEquals("one two", fish("osg-token-renewer token "));
        assertEquals("acct b-1", fish("osg-token-renewer remove "));
        assertEquals("acct b-1", fish("osg-token-renewer-setup "));
    }

    /** Types the line and two tabs in an interactive zsh; returns the names that it shows. */
    private String zsh(String line) throws Exception {
        return shell(
                        "zsh",
                        "-f",
                        "-c",
                        """
                        zmodload zsh/zpty
                        zpty z TERM=dumb zsh -f -i
                        zpty -w z "fpath=($1 \\$fpath); PS1=; autoload -U compinit; compinit -u -D; echo ready-\\$((1 + 1))"
                        zpty -r -m z screen '*ready-2*'
                        zpty -w -n z "$2"$'\\t\\t'
                        zpty -r -m z screen $'*\\a*[a-z]  *\\n*'
                        zpty -d z
                        echo "${screen##*$'\\a'}\"""",
                        "zsh",
                        SHARE.resolve("zsh/site-functions").toString(),
                        line)
                .replaceAll("\\s+", " ")
                .strip();
    }

    @Test
    void zshCompletesThem() throws Exception {
        assumeTrue(isThere("zsh"), "no zsh here");
        assertEquals("one two", zsh("osg-token-renewer token "));
        assertEquals("acct b-1", zsh("osg-token-renewer-setup "));
    }

    /** A shell would run some names when they are completed, others when the completed line is run. */
    @Test
    void noNameIsCompletedThatAShellCouldRun() throws Exception {
        Path run = directory.resolve("run");
        for (String text :
                List.of("x$(touch RUN)", "`touch RUN`", "$(touch RUN)", "${x:=`touch RUN`}", ";touch${IFS}RUN", "-f")) {
            String name = text.replace("RUN", run.toString());
            Files.writeString(
                    directory.resolve("config.ini"),
                    "[account " + name + "]\n[token " + name + "]\n",
                    StandardOpenOption.APPEND);
        }
        bashCompletesCommandsOptionsAndNames();
        assertEquals("acct b-1", bash("osg-token-renewer-setup", ""));
        assertEquals("one two", bash("osg-token-renewer-setup", "--token", ""));
        if (isThere("fish")) {
            fishCompletesThem();
        }
        if (isThere("zsh")) {
            zshCompletesThem();
        }
        assertFalse(Files.exists(run));
    }
}

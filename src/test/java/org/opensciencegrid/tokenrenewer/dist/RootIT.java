package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs root's commands on a copy of this machine that has the service's user. A hostile process replaces Java, because
 * any other process of that user could take Java over with ptrace.
 */
class RootIT {
    private static final Path SCRIPTS = Path.of("test", "resources", "root").toAbsolutePath();

    private static final String SETUP =
            Installed.DIST.resolve("usr/sbin/osg-token-renewer-setup").toString();
    private static final String COMMAND = Installed.PROGRAM.toString();

    @TempDir
    Path directory;

    private String run(String... command) throws IOException, InterruptedException {
        assumeTrue(System.getProperty("user.name").equals("root"), "only root gives up root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path java = Files.createDirectories(directory.resolve("jdk/bin")).resolve("java");
        Files.copy(SCRIPTS.resolve("java"), java, StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(
                java,
                Files.readString(java)
                        .replace("/tmp/osg-root-it", directory.resolve("where").toString()));
        Files.writeString(directory.resolve("where"), directory.toString());
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(directory.resolve("jdk/release"), "JAVA_VERSION=\"17.0.1\"\n");
        Files.createDirectories(directory.resolve("jdk/conf/security"));
        Files.writeString(directory.resolve("jdk/conf/security/java.security"), "");
        List<String> line =
                new ArrayList<>(List.of("bash", SCRIPTS.resolve("machine").toString()));
        line.addAll(List.of(command));
        ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
        builder.environment()
                .put("OSG_TOKEN_RENEWER_JAVA_HOME", directory.resolve("jdk").toString());
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        assumeTrue(status != 77, said);
        return status + ": " + said;
    }

    /**
     * Tests TIOCSTI, ptrace and file descriptors. Ctrl-Z, Ctrl-C, a closed terminal and signals must leave no process.
     * In a session without a terminal, TIOCSTI fails with EPERM on every terminal; in a session with its own
     * pseudo-terminal, injected input reaches no shell. So it is enough that no process of the user has root's
     * terminal.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "setup",
                "command",
                "descriptor",
                "stop",
                "close",
                "SIGTERM",
                "SIGHUP",
                "SIGKILL",
                "old-setup",
                "old-command",
                "old-descriptor",
                "old-stop",
                "old-close",
                "old-SIGKILL"
            })
    void theServiceGainsNothing(String attack) throws Exception {
        String said = run(
                "/usr/bin/python3",
                SCRIPTS.resolve("attack.py").toString(),
                attack,
                Installed.DIST.toString(),
                directory.toString());
        assertEquals("0: ", said);
    }

    /** The service's user chose the target of the path. */
    @Test
    void rootFollowsNoPathOfTheService() throws Exception {
        String said = run("bash", "-c", """
                mkdir -m 700 $0/victim && (umask 077; echo another-password > $0/victim/other.pw)
                setpriv --reuid=54321 --regid=54321 --clear-groups ln -s $0/victim /etc/osg/tokens/site
                $1 --state-dir=/etc/osg/tokens/site acct > $0/said 2>&1
                $1 --pw-file=/etc/osg/tokens/site/other.pw acct >> $0/said 2>&1
                stat -c '%a %U:%G' $0/victim $0/victim/other.pw""", directory.toString(), SETUP);
        assertEquals("0: 700 root:root\n600 root:root\n", said);
    }

    /** In a sticky world-writable directory, another user can create a missing file at any moment. */
    @Test
    void rootUsesNothingThatAnotherUserCanStillCreate() throws Exception {
        String said = run("bash", "-c", """
                install -d -m 1777 $0/open && install -d -m 700 $0/state
                export OSG_TOKEN_RENEWER_STATE_DIR=$0/state
                $1 --config=$0/open/none renew; echo $?
                ln -s $0/open/none $0/state/link
                $1 --config=$0/state/link renew; echo $?
                cd $0/open; $1 --config=none renew; echo $?
                $1 --config=$0/state/none --state-dir=$0/open/none/state renew; echo $?
                unset OSG_TOKEN_RENEWER_STATE_DIR
                $2 --config=$0/open/none --write-config acct 2>&1; echo $?
                ls -A $0/open
                $1 --config=$0/state/none --state-dir=$0/state/none renew | grep ^user""", directory.toString(), COMMAND, SETUP);
        String refusal = "osg-token-renewer: %s: users other than root can change " + directory
                + "/open, so root does not use it\n2\n";
        assertEquals(
                "0: "
                        + refusal.formatted(directory + "/open/none")
                        + refusal.formatted(directory + "/state/link")
                        + refusal.formatted(directory + "/open/none")
                        + refusal.formatted(directory + "/open/none/state")
                        + """
                        osg-token-renewer-setup: %s/open/none is not root's alone, because of %s/open: \
                        --write-config cannot be used;
                        leave it out, or keep that file in a directory of root's own, apart from the tokens
                        2
                        user 0
                        """.formatted(directory, directory),
                said);
    }

    /** With --notify, check starts what the config file names; without, it only reads. */
    @Test
    void rootSendsNoTestMessageForAnotherUsersConfigFile() throws Exception {
        String said = run("bash", "-c", """
                install -d -o 12345 $0/alice && install -d -m 700 $0/state && install -o 12345 /dev/null $0/alice/config.ini
                export OSG_TOKEN_RENEWER_STATE_DIR=$0/state
                $1 --config=$0/alice/config.ini check --notify; echo $?
                $1 check --notify=true --config $0/alice/config.ini; echo $?
                $1 --config=$0/alice/config.ini check | grep ^user
                $1 --config=$0/state/none check --notify | grep ^user""", directory.toString(), COMMAND);
        String refusal =
                ("osg-token-renewer: %s/alice/config.ini: users other than root can change %s/alice, so root does"
                                + " not use it\n2\n")
                        .formatted(directory, directory);
        assertEquals("0: " + refusal + refusal + "user 0\nuser 0\n", said);
    }

    /** The service's user can create it in /etc/osg/tokens after setup has checked. */
    @Test
    void aPasswordFileThatDoesNotExistIsNotUsed() throws Exception {
        String said = run("bash", "-c", """
                OSG_TOKEN_RENEWER_JAVA_HOME=$1 $0 --issuer=https://localhost:1 new < /dev/null 2>&1 | head -1
                echo ${PIPESTATUS[0]}
                . ${0%/sbin/*}/share/osg-token-renewer/root.sh
                roots_alone /etc/osg/tokens/new.pw; echo $? $bad
                roots_alone /etc/osg/tokens/acct.pw; echo $?""", SETUP, System.getProperty("java.home"));
        assertEquals("""
                0: setup of new failed: password file /etc/osg/tokens/new.pw: there is no such file. \
                To fix: name another file with --pw-file, or create it: \
                (set -C; umask 077; openssl rand -base64 32 > /etc/osg/tokens/new.pw)
                2
                1 /etc/osg/tokens
                0
                """, said);
    }

    /** Each process takes a millisecond, and every command of root checks three paths. */
    @Test
    void aPathIsCheckedByOneProcess() throws Exception {
        String said = run("bash", "-c", """
                . ${1%/bin/*}/share/osg-token-renewer/root.sh
                stat() { echo stat >> $0/started; command stat "$@"; }
                install -d -m 755 $0/a/b/c/d/e && chmod 777 $0/a/b
                roots_alone $0/a/b/c/d/e; echo $? ${bad#$0}
                chmod 755 $0/a/b
                roots_alone $0/a/b/c/d/e; echo $?
                cat $0/started""", directory.toString(), COMMAND);
        assertEquals("0: 1 /a/b\n0\nstat\nstat\n", said);
    }

    /** A link of root's in a directory of another user can be moved by that user. */
    @Test
    void aPathThatChangesDuringItsCheckIsNotTrusted() throws Exception {
        String said = run("bash", "-c", """
                . ${1%/bin/*}/share/osg-token-renewer/root.sh
                install -d -m 755 $0/safe && install -d -m 1777 $0/sticky && install -d -o 12345 $0/home $0/home/evil
                touch $0/safe/config.ini $0/home/evil/config.ini
                ln -s $0/home/evil $0/home/roots
                ln -s $0/safe $0/sticky/link && chown -h 12345 $0/sticky/link
                stat() {
                    [ -L $0/sticky/link ] && [ -L $0/home/roots ] &&
                        setpriv --reuid=12345 --clear-groups mv -T $0/home/roots $0/sticky/link
                    command stat "$@"
                }
                roots_alone $0/sticky/link/config.ini; echo $?
                readlink $0/sticky/link | sed s,$0,,""", directory.toString(), COMMAND);
        assertEquals("0: 1\n/home/evil\n", said);
    }

    /** While setup runs, another file replaces the one at the path. */
    @Test
    void setupChangesTheModeOfNoOtherFileThanTheOneItOpened() throws Exception {
        String said = run("bash", "-c", """
                $1 wait < /dev/null > $0/said & until grep -qs tick $0/said; do sleep 0.1; done
                install -D -o 54321 /dev/null /var/lib/osg-token-renewer/accounts/wait.account
                cd /etc/osg/tokens && mv wait.pw first.pw && install -m 600 /dev/null $0/victim && ln -s $0/victim wait.pw
                kill $! && wait
                grep Made $0/said
                stat -c '%a %U:%G' first.pw $0/victim""", directory.toString(), SETUP);
        assertEquals("""
                0: Made /etc/osg/tokens/wait.pw readable for the group osg-token-svc.
                640 root:osg-token-svc
                600 root:root
                """, said);
    }

    /** With su, root keeps the caller's startup files, functions and search path. */
    @Test
    void nothingInTheEnvironmentOfRootIsRun() throws Exception {
        String said = run("bash", "-c", """
                mkdir $0/bin && echo "echo ran: \\$0 >> $0/ran" | tee $0/startup > $0/bin/any && chmod 755 $0/bin/any
                for name in chown dirname env grep head id readlink runuser sed setpriv setsid stat systemctl; do
                    ln -s any $0/bin/$name
                    eval "$name() { echo function $name >> $0/ran; command $name \\"\\$@\\"; }; export -f $name"
                done
                install -D -o 54321 /dev/null /var/lib/osg-token-renewer/accounts/acct.account
                export BASH_ENV=$0/startup ENV=$0/startup PATH=$0/bin:$PATH
                $1 acct < /dev/null 2>&1 | /usr/bin/grep ^user
                $2 renew < /dev/null 2>&1 | /usr/bin/grep ^user
                ! /usr/bin/cat $0/ran 2> /dev/null""", directory.toString(), SETUP, COMMAND);
        assertEquals("0: user 54321\nuser 54321\n", said);
    }

    @Test
    void rootStartsNoJavaOfAnotherUser() throws Exception {
        String said = run("bash", "-c", """
                chown 12345 $0/jdk/bin && install -d -m 700 $0/state
                $1 --config=$0/state/none --state-dir=$0/state renew; echo $?
                $1 --config=$0/state/none --state-dir=$0/state check; echo $?
                ${1%/bin/*}/libexec/osg-token-renewer/make-archive; echo $?
                $1 renew | grep ^user""", directory.toString(), COMMAND);
        String refusal =
                "osg-token-renewer: %s/jdk/bin/java: users other than root can change %s/jdk/bin, so root does not start it\n2\n"
                        .formatted(directory, directory);
        assertEquals("0: " + refusal.repeat(3) + "user 54321\n", said);
    }

    /** The config file names another password file than root opens without --pw-file. */
    @Test
    void setupSaysHowToPassThePasswordFileOfTheConfigFileAndChangesNothing() throws Exception {
        String said = run("bash", "-c", """
                cd /etc/osg && (umask 077; echo another-password > tokens/other.pw)
                echo "[account acct]
                password_file = /etc/osg/tokens/other.pw" > token-renewer/config.ini
                chgrp 54321 tokens/other.pw && chmod 640 tokens/other.pw
                OSG_TOKEN_RENEWER_JAVA_HOME=$1 $0 --reauthenticate acct < /dev/null
                echo $? && stat -c '%n %a %U:%G' tokens/*.pw""", SETUP, System.getProperty("java.home"));
        assertEquals("""
                0: /etc/osg/token-renewer/config.ini names another password_file for account acct than \
                /etc/osg/tokens/acct.pw. To fix: use that one: osg-token-renewer-setup --pw-file=/etc/osg/tokens/other.pw \
                --reauthenticate acct
                2
                tokens/acct.pw 600 root:root
                tokens/other.pw 640 root:osg-token-svc
                tokens/wait.pw 600 root:root
                """, said);
    }

    /** A "." in a name is a literal dot: root must not open the password file of another account. */
    @Test
    void anAccountNameIsNoRegularExpression() throws Exception {
        String said = run("bash", "-c", """
                cd /etc/osg/tokens && (umask 077; echo one > cmsXprod.pw)
                echo "[account cmsXprod]
                password_file = /etc/osg/tokens/cmsXprod.pw" > ../token-renewer/config.ini
                $0 cms.prod < /dev/null | grep ^user
                stat -c '%n %a %U:%G' cms*""", SETUP);
        assertEquals("0: user 54321\ncmsXprod.pw 600 root:root\n", said);
    }

    @Test
    void thePasswordFileBecomesReadableForTheServiceWithTheAccount() throws Exception {
        String said = run("bash", "-c", """
                $0 acct < /dev/null > /dev/null && stat -c '%a %U:%G' /etc/osg/tokens/acct.pw
                install -D -o 54321 /dev/null /var/lib/osg-token-renewer/accounts/acct.account
                $0 acct < /dev/null | grep Made && stat -c '%a %U:%G' /etc/osg/tokens/acct.pw""", SETUP);
        assertEquals("""
                0: 600 root:root
                Made /etc/osg/tokens/acct.pw readable for the group osg-token-svc.
                640 root:osg-token-svc
                """, said);
    }

    /** The account exists at that point, and exit status 2 would mean that nothing was done. */
    @Test
    void aFirstRenewalThatIsRefusedIsAFailure() throws Exception {
        String said = run("bash", "-c", """
                cat > $1/jdk/bin/java << 'EOF'
                #!/bin/bash
                case " $* " in
                    *" -version "*) ;;
                    *" renew "*) exit 2 ;;
                    *" setup "*)
                        to="$*" && to=${to##*--config-addition=}
                        printf 'none\\ntoken\\n[account acct]\\npassword_file = /x\\n\\0' > "${to%% *}" ;;
                esac
                EOF
                $0 --write-config --token=one acct < /dev/null
                echo $?""", SETUP, directory.toString());
        assertEquals("0: Added to /etc/osg/token-renewer/config.ini:\n[account acct]\n1\n", said);
    }

    /** Root's launcher gives Java a pipe, and copies what comes through it to the terminal. */
    @Test
    void aTokenIsShownOnRootsTerminalOnlyWhenItIsForced() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")), "no script");
        String said = run("bash", "-c", """
                cat > /etc/osg/token-renewer/config.ini << 'EOF'
                [account acct]
                password_file = /etc/osg/tokens/acct.pw
                [token t1]
                account = acct
                token_path = /etc/osg/tokens/t1.token
                EOF
                (umask 077; echo the-token > /etc/osg/tokens/t1.token) && chown 54321 /etc/osg/tokens/t1.token
                export OSG_TOKEN_RENEWER_JAVA_HOME=$1
                cat > $2/at-terminal << 'EOF'
                printf '%s -> ' "$*"
                script -qec "bash -mc '$*'" /dev/null < /dev/null > $0.out
                echo "$? $(grep -o -e the-token -e 'use --force' $0.out)"
                EOF
                for line in "token t1 < /dev/null" "token t1 & wait \\$!" "token t1 < /dev/null 2> $2/err" "token t1" \
                    "token t1 --force < /dev/null" "token t1 < /dev/null | cat"; do
                    bash $2/at-terminal "$0 $line"
                done
                bash $2/at-terminal "echo t1 | while read name; do $0 token \\$name; done"
                bash $2/at-terminal "$0 token t1 > $2/out < /dev/null" && cat $2/out
                $0 token t1""", COMMAND, System.getProperty("java.home"), directory.toString());
        assertEquals("""
                0: COMMAND token t1 < /dev/null -> 2 use --force
                COMMAND token t1 & wait $! -> 2 use --force
                COMMAND token t1 < /dev/null 2> DIR/err -> 2\s
                COMMAND token t1 -> 2 use --force
                COMMAND token t1 --force < /dev/null -> 0 the-token
                COMMAND token t1 < /dev/null | cat -> 0 the-token
                echo t1 | while read name; do COMMAND token $name; done -> 2 use --force
                COMMAND token t1 > DIR/out < /dev/null -> 0\s
                the-token
                the-token
                """, said.replace(COMMAND, "COMMAND").replace(directory.toString(), "DIR"));
    }

    /** Without these, no Kubernetes Secret can be written, and nothing tells pods apart. */
    @Test
    void theServiceGetsWhereTheClusterIs() throws Exception {
        String said = run("bash", "-c", """
                printf '#!/bin/sh\\nenv | grep -E "^(KUBERNETES|HOSTNAME)" | sort' > $1/jdk/bin/java
                export KUBERNETES_SERVICE_HOST=10.0.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_PORT=x HOSTNAME=pod-1
                $0 renew < /dev/null""", COMMAND, directory.toString());
        assertEquals("0: HOSTNAME=pod-1\nKUBERNETES_SERVICE_HOST=10.0.0.1\nKUBERNETES_SERVICE_PORT=443\n", said);
    }

    @Test
    void theServiceGetsTheDirectoryOfOidcAgent() throws Exception {
        String said = run("bash", "-c", """
                printf '#!/bin/sh\\necho "$OIDC_CONFIG_DIR"' > $1/jdk/bin/java
                OIDC_CONFIG_DIR=/agent $0 import-oidc-agent --all < /dev/null | tail -n 1""", Installed.PROGRAM.toString(), directory.toString());
        assertEquals("0: /agent\n", said);
    }

    /** The output of stat, id and other tools is translated. */
    @ParameterizedTest
    @ValueSource(strings = {"de_DE", "es_ES", "fr_FR", "ja_JP", "ru_RU"})
    void rootMaySpeakAnyLanguage(String language) throws Exception {
        assumeTrue(Files.exists(Path.of("/usr/share/i18n/locales", language)), "no package locales");
        String said = run("bash", "-c", """
                localedef -i $1 -f UTF-8 $2/$1.UTF-8 && { export LOCPATH=$2 LC_ALL=$1.UTF-8; } 2> /dev/null
                ls /nowhere 2>&1 | grep -q 'No such file' && exit 77
                $0 acct < /dev/null 2>&1 | grep ^user
                $0 --write-config acct < /dev/null 2>&1 | grep ^user
                stat -c '%a %U:%G' /etc/osg/tokens/acct.pw""", SETUP, language, directory.toString());
        assertEquals("0: user 54321\nuser 54321\n600 root:root\n", said);
    }
}

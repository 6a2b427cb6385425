package org.opensciencegrid.tokenrenewer.cli.output;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensciencegrid.cryptostore.Owners;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigException;
import org.opensciencegrid.tokenrenewer.config.ConfigFile;
import org.opensciencegrid.tokenrenewer.state.FileStateStore;
import org.opensciencegrid.tokenrenewer.state.StateLayout;
import org.opensciencegrid.tokenrenewer.systemd.Sandbox;
import org.opensciencegrid.tokenrenewer.systemd.Timer;

/**
 * Commands that an admin can paste, each as a list of words. With the default directories they are those of the
 * installed service; otherwise they have the same options as this command. If a program is not installed, its command
 * becomes advice.
 *
 * @param isInCluster whether the accounts are in a cluster
 * @param root the file system root below which we look for programs and units
 */
public record RepairCommands(Path config, Path stateDirectory, boolean isInCluster, Path root) {
    /** The config file of the installed service. */
    public static final Path CONFIG = Path.of("/etc/osg/token-renewer/config.ini");

    /** The state directory of the installed service. */
    public static final Path STATE = Path.of("/var/lib/osg-token-renewer");

    private static final String PASSWORDS = "/etc/osg/tokens/";
    private static final String PROGRAM = "osg-token-renewer";
    private static final String WRAPPER = "osg-token-renewer-setup";
    private static final String USER = "osg-token-svc";
    private static final String SERVICE = Sandbox.UNIT;
    private static final String DROP_INS = "/etc/systemd/system/osg-token-renewer.service.d/";

    /** Compiled when first used, because a run without failures needs none. */
    private static final class Patterns {
        static final Pattern SERVER = Pattern.compile("https://([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+])(:\\d+)?");
        static final Pattern RIGHT = Pattern.compile("([a-z]+)\\s([a-z0-9.]+)\\s([-a-z0-9]+)/([-a-z0-9.]+)");
        static final Pattern SERVICE_ACCOUNT = Pattern.compile("system:serviceaccount:([-a-z0-9]+:[-a-z0-9.]+)");
    }

    static final List<String> RELOAD = List.of("systemctl", "daemon-reload");

    private static final String UID = "unix:uid";

    /** The commands for accounts in files. */
    public RepairCommands(Path config, Path stateDirectory, Path root) {
        this(config, stateDirectory, false, root);
    }

    /** The commands for accounts in files of this machine. */
    public RepairCommands(Path config, Path stateDirectory) {
        this(config, stateDirectory, Path.of("/"));
    }

    /** The file of an account in the state directory. */
    public Path accountFile(String account) {
        return stateDirectory.resolve("accounts").resolve(account + ".account");
    }

    /** Whether the command is about the installed service with its timer. */
    public boolean isService() {
        return stateDirectory.equals(STATE);
    }

    private boolean has(String file) {
        return Files.exists(root.resolve(file));
    }

    /** Whether the service's timer can start runs: not in a container, where {@code renew --every} does it. */
    public boolean isTimerPossible() {
        return isService() && hasSystemd();
    }

    /** sd_booted(3). */
    boolean hasSystemd() {
        return has("run/systemd/system");
    }

    private boolean hasProgram(String name) {
        return Stream.of("usr/bin/", "usr/sbin/", "bin/", "sbin/").anyMatch(place -> has(place + name));
    }

    // ---- this program

    /**
     * The command that sets up an account; the wrapper of the installed service switches to the service's user. A pod
     * has another user, which the wrapper refuses.
     */
    public List<String> setup(String... arguments) {
        List<String> words = isService() && !isInCluster ? program(WRAPPER) : program(PROGRAM, "setup");
        words.addAll(List.of(arguments));
        return words;
    }

    /** The current content of the config file; empty if nothing in it is usable. */
    public Optional<Config> readConfig() {
        try {
            return Optional.of(ConfigFile.read(config));
        } catch (ConfigException e) {
            return Optional.empty();
        }
    }

    /** The authorized scopes of an account, and those that its tokens request; empty if not known. */
    Set<String> scopes(String account, Config tokens) {
        Path files = StateLayout.of(stateDirectory, stateDirectory).state();
        Set<String> scopes = new LinkedHashSet<>(
                new FileStateStore(files, files).readOrUnknown(account).scope());
        if (!scopes.isEmpty()) {
            tokens.tokens().stream()
                    .filter(token ->
                            token.account().equals(account) && token.exchange().isEmpty())
                    .forEach(token -> scopes.addAll(token.scope()));
        }
        return scopes;
    }

    /** Authorizes an account again with its current client. */
    public List<String> reauthenticate(String account) {
        return setup("--reauthenticate", account);
    }

    /** The launcher opens a password file as root if root names it. */
    public List<String> setupWithPassword(Path file, String... arguments) {
        return setup(Stream.concat(Stream.of("--pw-file=" + file), Stream.of(arguments))
                .toArray(String[]::new));
    }

    /** Starts a run now: the service if systemd runs it. */
    public List<String> renew() {
        return isService() && hasSystemd() && !isInCluster
                ? List.of("systemctl", "start", SERVICE)
                : thisProgram("renew");
    }

    /** Renews the tokens of an account, whether or not they are due. */
    List<String> renewNow(String account) {
        return thisProgram("renew", "--force", "--account=" + account);
    }

    List<String> renewWithoutTimer() {
        return thisProgram("renew");
    }

    List<String> check() {
        return thisProgram("check");
    }

    List<String> status() {
        return thisProgram("status");
    }

    /** Sends a test message to the owners of all accounts. */
    List<String> testNotifications() {
        return thisProgram("check", "--notify");
    }

    /** Shows for whom a certificate is and when it ends. */
    static List<String> showCertificate(Path certificate) {
        return List.of("openssl", "x509", "-noout", "-subject", "-enddate", "-in", certificate.toString());
    }

    /** Prints the public keys of a key file, or changes the file before. */
    public List<String> clientKey(String... arguments) {
        return thisProgram(
                Stream.concat(Stream.of("client-key"), Stream.of(arguments)).toArray(String[]::new));
    }

    /** Removes an account and its rights at the issuer. */
    List<String> revokeAndRemove(String account) {
        return thisProgram("remove", "--revoke", "--delete-client", account);
    }

    /** Removes an account on this host only. Other hosts that have its authorization can still use it. */
    List<String> removeLocally(String account) {
        return thisProgram("remove", account);
    }

    /** @param store where the account is to be */
    List<String> move(String account, String store) {
        return program(PROGRAM, store.equals("files") ? "export" : "import", account);
    }

    /**
     * Lets a service account use one object of its cluster.
     *
     * @param right verb, resource and NAMESPACE/NAME
     * @param message of the API server, which names the service account
     */
    static Repair addRight(String right, String message) {
        Matcher words = Patterns.RIGHT.matcher(right);
        if (!words.matches()) {
            return Repair.NOTHING; // written by a newer version
        }
        String verb = words.group(1);
        String namespace = words.group(3);
        String object = words.group(4);
        String resource = words.group(2);
        if (verb.equals("create")) { // a rule for create cannot name the object
            return new Repair(
                    "create the empty object once, as an administrator of the cluster",
                    resource.equals("secrets")
                            ? List.of("kubectl", "--namespace", namespace, "create", "secret", "generic", object)
                            : createLease(namespace, object));
        }
        String role = object + "-" + resource.split("\\.", 2)[0] + "-" + verb; // a Lease and a Secret can have one name
        Matcher user = Patterns.SERVICE_ACCOUNT.matcher(message);
        String account = user.find() ? user.group(1) : namespace + ":NAME";
        List<String> rule = List.of(
                "kubectl",
                "-n",
                namespace,
                "create",
                "role",
                role,
                "--verb=" + verb,
                "--resource=" + resource,
                "--resource-name=" + object);
        return new Repair(
                "add this right to the role of the service account; this adds a role of its own"
                        + (account.endsWith(":NAME") ? "; replace NAME with the name of the service account" : ""),
                ShellQuote.all(List.of(
                        rule,
                        List.of(
                                "kubectl",
                                "-n",
                                namespace,
                                "create",
                                "rolebinding",
                                role,
                                "--role=" + role,
                                "--serviceaccount=" + account))));
    }

    /** kubectl create knows no Lease. */
    private static List<String> createLease(String namespace, String name) {
        return ShellQuote.shell("echo '{\"apiVersion\": \"coordination.k8s.io/v1\", \"kind\": \"Lease\", \"metadata\":"
                + " {\"name\": \"" + name + "\"}}' | kubectl --namespace " + namespace + " create -f -");
    }

    /** The same command line for root, whose launcher switches to the service's user. */
    public List<String> rerun(List<String> arguments) {
        List<String> words = new ArrayList<>();
        for (int i = 0; i < arguments.size(); i++) {
            String word = arguments.get(i);
            if (word.equals("--config") || word.equals("--state-dir")) {
                i++;
            } else if (!word.startsWith("--config=") && !word.startsWith("--state-dir=")) {
                words.add(word);
            }
        }
        return thisProgram(words.toArray(String[]::new));
    }

    private List<String> thisProgram(String... arguments) {
        return program(PROGRAM, arguments);
    }

    /** With the options that this command needs to find its files. */
    private List<String> program(String name, String... arguments) {
        List<String> words = new ArrayList<>(List.of(name));
        if (!config.equals(CONFIG)) {
            words.add("--config=" + config);
        }
        if (!isService()) {
            words.add("--state-dir=" + stateDirectory);
        }
        if (isInCluster && Stream.of(arguments).noneMatch(word -> word.startsWith("--store"))) {
            words.add("--store=kubernetes");
        }
        words.addAll(List.of(arguments));
        return words;
    }

    // ---- passwords: never overwrite an existing file

    /** The password file that root opens for setup by default. */
    public static Path usualPasswordFile(String account) {
        return Path.of(PASSWORDS + account + ".pw");
    }

    /** Fails if the file exists. */
    public static List<String> makePassword(Path file) {
        return ShellQuote.shell("(set -C; umask 077; openssl rand -base64 32 > " + ShellQuote.quoted(file) + ")");
    }

    /** Changes the file only, not its directory, which may have other files. */
    List<String> protect(Path file) {
        return isService()
                ? ShellQuote.all(
                        List.of(List.of("chown", "root:" + USER, text(file)), List.of("chmod", "0640", text(file))))
                : List.of("chmod", "0600", text(file));
    }

    /** Saves the removed lines in another file. */
    static List<String> keepFirstLine(Path file) {
        return ShellQuote.all(
                List.of(List.of("ln", text(file), file + ".old"), List.of("sed", "-i", "2,$d", text(file))));
    }

    // ---- files and directories

    static List<String> chmod(String mode, Path file) {
        return List.of("chmod", mode, text(file));
    }

    /** Lets the service's group read the file. */
    public List<String> letRead(Path file) {
        return ShellQuote.all(List.of(List.of("chgrp", USER, text(file)), List.of("chmod", "g+r", text(file))));
    }

    /** A directory that has files of others may need its mode, so that we only give advice. */
    Repair close(Path file) {
        return Files.isDirectory(file) && hasForeignFiles(file)
                ? Repair.advice(
                        "other users have files in " + file + ": use a directory that only root and the service change")
                : new Repair("let only its owner and group change it", chmod("o-w", file));
    }

    private static boolean hasForeignFiles(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            Object owner = Files.getAttribute(directory, UID);
            Set<Object> ours = Set.copyOf(Arrays.asList(0, owner, Owners.CURRENT.user()));
            for (Path file : files.toList()) {
                if (!ours.contains(Files.getAttribute(file, UID, LinkOption.NOFOLLOW_LINKS))) {
                    return true;
                }
            }
            return false;
        } catch (IOException | UnsupportedOperationException e) {
            return true;
        }
    }

    /** Changes the link, not its target. */
    static List<String> giveLinkToRoot(Path link) {
        return List.of("chown", "-h", "root:", text(link));
    }

    /** Does not follow a link: the owner of the file could replace it with one before root runs this. */
    List<String> giveToService(Path file) {
        return List.of("chown", "-h", USER + ":", text(file));
    }

    /** Whether the file exists and belongs to another user than the service. */
    boolean isForeign(Path file) {
        try {
            return !Files.getOwner(file, LinkOption.NOFOLLOW_LINKS).getName().equals(USER);
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** Only the service's own state directory has no files of others. */
    public List<String> ownState() {
        if (isService()) {
            return ShellQuote.all(List.of(
                    List.of("chown", "-R", USER + ":", text(stateDirectory)),
                    List.of("chmod", "-R", "u+rwX,go-rwx", text(stateDirectory))));
        }
        List<String> directory = chmod("u+rwx", stateDirectory);
        List<String> below = Stream.of("accounts", "registrations", "state", "rescue")
                .map(stateDirectory::resolve)
                .filter(Files::exists)
                .map(RepairCommands::text)
                .toList();
        return below.isEmpty()
                ? directory
                : ShellQuote.all(List.of(
                        directory,
                        Stream.concat(Stream.of("chmod", "-R", "u+rwX,go-rwx"), below.stream())
                                .toList()));
    }

    /** Fails if the directory exists, instead of changing its owner and mode. */
    List<String> makeTokenDirectory(Path directory) {
        List<String> make = List.of("mkdir", "-m", "0750", text(directory));
        Path above = directory.getParent();
        if (above != null && !Files.isDirectory(above)) {
            make = ShellQuote.all(List.of(List.of("mkdir", "-p", text(above)), make));
        }
        return isService() ? ShellQuote.all(List.of(make, giveToService(directory))) : make;
    }

    /** Does not change the mode, owner and group of the directory, on which others may rely. */
    public Repair letService(String rights, Path directory) {
        String advice = "let " + USER + (rights.contains("w") ? " write in " : " pass ") + directory;
        return isService() && hasProgram("setfacl")
                ? new Repair(advice, List.of("setfacl", "-m", "u:" + USER + ":" + rights, text(directory)))
                : Repair.advice(advice);
    }

    /** The topmost directory above the file that the user of this process cannot pass. */
    public static Optional<Path> closedParent(Path file) {
        Optional<Path> closed = Optional.empty();
        for (Path above = file.toAbsolutePath().getParent(); above != null; above = above.getParent()) {
            if (Files.exists(above) && !Files.isExecutable(above)) {
                closed = Optional.of(above);
            }
        }
        return closed;
    }

    /** @param file what the service needs below the directory. A home directory should stay closed */
    public Repair letPass(Path directory, String file) {
        return !isService() || directory.startsWith("/root") || directory.startsWith("/home")
                ? Repair.advice("use a place outside " + directory + " for " + file)
                : letService("x", directory);
    }

    Repair letRead(String aclEntry, Path file, String advice) {
        return hasProgram("setfacl")
                ? new Repair(advice, List.of("setfacl", "-m", aclEntry + ":r", text(file)))
                : Repair.advice(advice);
    }

    static List<String> showRoom(Path directory) {
        return List.of("df", "-h", text(directory));
    }

    static List<String> showInodes(Path directory) {
        return List.of("df", "-i", text(directory));
    }

    static List<String> mountWritable(Path directory) {
        return ShellQuote.shell(
                "mount -o remount,rw \"$(findmnt -no TARGET -T " + ShellQuote.quoted(directory) + ")\"");
    }

    static List<String> showFileSystem(Path directory) {
        return List.of("findmnt", "-T", text(directory));
    }

    /** Of a file, which may not exist, and its directory. */
    static List<String> showAttributes(Path directory, Path file) {
        return Files.exists(file, LinkOption.NOFOLLOW_LINKS)
                ? List.of("lsattr", "-d", text(directory), text(file))
                : List.of("lsattr", "-d", text(directory));
    }

    private static String text(Path file) {
        return file.toString();
    }

    // ---- the machine

    /** The unit mounts all directories except its own read-only, unless a drop-in allows more. */
    public Repair allowWriting(Path directory) {
        boolean isMountReadOnly =
                Sandbox.read(root).filter(unit -> !unit.allowsWrite(directory)).isEmpty();
        return isMountReadOnly || !isService()
                ? new Repair("mount its file system writable; this shows it", showFileSystem(directory))
                : new Repair(
                        "allow the service to write there",
                        dropIn("token-paths.conf", "ReadWritePaths=" + unitWord(directory)));
    }

    /** Like {@link #allowWriting}, for the directory of a file. */
    public Repair allowWritingFile(Path file) {
        Path absolute = file.toAbsolutePath();
        return allowWriting(Objects.requireNonNullElse(absolute.getParent(), absolute));
    }

    /** A process may set a file's group to one of its own groups, if its unit allows it; the shipped unit does not. */
    Repair joinGroup(String group) {
        return isService() && Sandbox.read(root).isPresent()
                ? new Repair(
                        "let the service join the group, or remove token_group and give the group an ACL",
                        dropIn("token-groups.conf", "SupplementaryGroups=" + group, "SystemCallFilter=@chown"))
                : Repair.advice("run this as a member of that group, or remove token_group");
    }

    private static List<String> dropIn(String name, String... lines) {
        List<String> words = new ArrayList<>(List.of("[Service]"));
        words.addAll(List.of(lines));
        return ShellQuote.all(List.of(print(words, ">>", DROP_INS + name), RELOAD));
    }

    /** @param redirection {@code >} or {@code >>} */
    static List<String> print(List<String> lines, String redirection, String file) {
        String words = lines.stream().map(ShellQuote::quoted).collect(Collectors.joining(" "));
        return ShellQuote.shell("printf '%s\\n' " + words + " " + redirection + " " + ShellQuote.quoted(file));
    }

    /** A path as one word of systemd.unit(5). */
    private static String unitWord(Path directory) {
        String path = directory.toString().replace("%", "%%");
        return path.matches("[^\\s\"'\\\\]+")
                ? path
                : "\"" + path.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    static List<String> restartTimer() {
        return List.of("systemctl", "restart", Timer.UNIT);
    }

    Repair runMoreOften() {
        return Repair.advice("ask the issuer's administrator for longer tokens, or let the timer run more often, as man"
                + " osg-token-renewer shows");
    }

    /** For a run that does not end. */
    Repair waitForRun() {
        String advice = "wait for it to end";
        return isService() && hasSystemd()
                ? new Repair(advice + "; if it hangs", List.of("systemctl", "stop", SERVICE))
                : Repair.advice(advice);
    }

    Repair setClock(String advice) {
        return hasSystemd() ? new Repair(advice, List.of("timedatectl", "set-ntp", "true")) : Repair.advice(advice);
    }

    Repair upgrade(String advice) {
        return hasProgram("dnf")
                ? new Repair(advice, List.of("dnf", "upgrade", "osg-token-renewer"))
                : Repair.advice(advice);
    }

    Repair fetchRevocations(String advice) {
        return hasProgram("fetch-crl")
                ? new Repair(advice, List.of("fetch-crl"))
                : Repair.advice(advice + " with fetch-crl");
    }

    Repair showPolicy(String advice) {
        return hasProgram("update-crypto-policies")
                ? new Repair(advice + "; this shows the policy", List.of("update-crypto-policies", "--show"))
                : Repair.advice(advice + "; the rules are the disabledAlgorithms in Java's java.security");
    }

    /** @param bundle the file that Java reads, or the error about it */
    static List<String> makeSystemCas(String bundle) {
        return bundle.contains("/etc/pki/")
                ? List.of("update-ca-trust", "extract")
                : List.of("update-ca-certificates", "--fresh");
    }

    /** Shows the server's certificates without a request. */
    static List<String> showTls(String url) {
        Matcher server = Patterns.SERVER.matcher(url);
        String host = server.lookingAt() ? server.group(1) : "HOST";
        String port = server.lookingAt() && server.group(2) != null ? server.group(2) : ":443";
        return ShellQuote.shell("openssl s_client -showcerts -connect " + host + port + " < /dev/null");
    }
}

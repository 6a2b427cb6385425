package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.opensciencegrid.cryptostore.Owners;
import org.opensciencegrid.tokenrenewer.check.Finding.Kind;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.PostRenewal;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;
import org.opensciencegrid.tokenrenewer.config.TokenSecret;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.process.SiteProgram;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.systemd.Sandbox;
import org.opensciencegrid.tokenrenewer.token.TokenFile;
import org.opensciencegrid.tokenrenewer.token.TokenFileException;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Checks each token: its path, the access to it, its length, and whether the timer is fast enough for it. */
final class TokensCheck {
    /** Programs that the package installs for post_renewal, and the command that each of them runs. */
    private static final Map<String, String> SHIPPED_HOOKS =
            Map.of("push-ssh", "ssh", "push-condor", "condor_store_cred", "push-kubectl", "kubectl");

    private static final Duration SKEW = Duration.ofMinutes(5);
    private static final String UNIX_MODE = "unix:mode";
    private static final int STICKY = 01000;
    private static final int SET_GROUP_ID = 02000;

    private final HealthCheck check;
    private final Config config;
    private final List<Finding> findings = new ArrayList<>();
    private final Set<String> reported = new HashSet<>();

    TokensCheck(HealthCheck check, Config config) {
        this.check = check;
        this.config = config;
    }

    List<Finding> run() {
        Map<String, AccountState> accounts = new HashMap<>(); // one may have thousands of tokens
        for (TokenSection section : config.tokens()) {
            TokenState state = accounts.computeIfAbsent(section.account(), check.states()::readOrUnknown)
                    .token(section.name())
                    .withoutResolvedFailure(section, true);
            state.failure()
                    .filter(why -> why.kind().isTokenFileFailure()
                            || why.kind().isSingleTokenFailure()
                            || why.kind().isHookFailure())
                    .ifPresent(why -> findings.add(Finding.of(why, section.account())));
            check.machine()
                    .flatMap(ServiceMachine::timer)
                    .ifPresent(
                            timer -> TimerCheck.ofToken(timer, section, state).ifPresent(findings::add));
            if (state.livesNoLongerThan(section.minLifetime())) {
                findings.add(Finding.of(
                        Kind.LIFE_TOO_SHORT,
                        "[token " + section.section() + "]",
                        String.valueOf(state.lifetime().orElseThrow().toSeconds()),
                        section.account()));
            }
            section.postRenewal().ifPresent(hook -> {
                hook(section, hook.program());
                command(section, hook.program(), hook.isShipped());
                variables(section, hook);
            });
            section.tokenPath().ifPresent(path -> file(section, path));
            section.tokenSecret().ifPresent(secret -> secret(section, secret));
        }
        return findings;
    }

    private void file(TokenSection section, Path path) {
        link(section, path);
        try {
            trustedPath(section, path);
            directory(section, path);
            access(section, path);
            content(section, path);
        } catch (IOException | UnsupportedOperationException e) {
            // We cannot read the file; the service's journal reports its problems.
        }
    }

    /** What would make a run fail to write the Secret. */
    private void secret(TokenSection section, TokenSecret secret) {
        for (KubernetesException e : check.secrets().problems(secret)) {
            if (reported.add(e.getMessage())) { // an outage has the same message for each Secret
                findings.add(Finding.of(FailureMapper.of(e, secret.toString()), section.account()));
            }
        }
    }

    /** What the service would report about the links and directories in the token's path. */
    private void trustedPath(TokenSection section, Path path) {
        Owners owners = check.machine()
                .flatMap(ServiceMachine::user)
                .map(user -> Owners.of(user.uid(), user.groups()))
                .orElse(Owners.CURRENT);
        try {
            new TokenFile(path).requireTrusted(owners);
        } catch (TokenFileException e) {
            if (e.kind() == TokenFileException.Kind.FOREIGN_LINK
                    || e.kind() == TokenFileException.Kind.FOREIGN_DIRECTORY) {
                findings.add(Finding.of(FailureMapper.of(e), section.account()));
            }
        }
    }

    private void directory(TokenSection section, Path path) throws IOException {
        Path directory = Objects.requireNonNullElse(path.getParent(), path);
        Optional<User> user = check.machine().flatMap(ServiceMachine::user);
        Optional<Path> closed = user.isPresent() ? user.get().closedParent(directory) : Optional.empty();
        if (closed.isPresent()) {
            findings.add(Finding.of(Kind.DIRECTORY_CLOSED, closed.get(), path.toString(), section.account()));
            return;
        }
        if (!Files.isDirectory(directory)) {
            Failure missing = new Failure(
                    Failure.Kind.TOKEN_DIRECTORY_MISSING,
                    path.toString(),
                    "the directory " + directory + " does not exist");
            findings.add(Finding.of(missing, section.account()));
            outsideSandbox(section, directory);
            return;
        }
        if (isOpen(directory)) {
            findings.add(Finding.of(Kind.TOKEN_DIRECTORY_OPEN, directory, "", section.account()));
        }
        if (user.isPresent() && !canWrite(user.get(), path, directory)) {
            findings.add(Finding.of(Kind.TOKEN_DIRECTORY_CLOSED, directory, "", section.account()));
        }
        outsideSandbox(section, directory);
    }

    private void outsideSandbox(TokenSection section, Path directory) {
        if (check.machine()
                .flatMap(ServiceMachine::sandbox)
                .filter(sandbox -> !sandbox.allowsWrite(directory))
                .isPresent()) {
            findings.add(Finding.of(Kind.TOKEN_OUTSIDE_SANDBOX, directory, "", section.account()));
        }
    }

    /** Whether the service can set the owner and group in the section. */
    private void access(TokenSection section, Path path) throws IOException {
        TokenAccess access = section.access();
        Optional<User> user = check.machine().flatMap(ServiceMachine::user).filter(service -> service.uid() != 0);
        UserPrincipalLookupService names = path.getFileSystem().getUserPrincipalLookupService();
        String name = "";
        try {
            if (access.owner().isPresent()) {
                name = access.owner().get();
                UserPrincipal owner = names.lookupPrincipalByName(name);
                if (user.isPresent()
                        && !owner.equals(
                                names.lookupPrincipalByName(number(user.get().uid())))) {
                    unwritable(section, path, Failure.Kind.TOKEN_OWNER_CLOSED, owner.getName());
                }
            }
            if (access.group().isPresent()) {
                name = access.group().get();
                GroupPrincipal group = names.lookupPrincipalByGroupName(name);
                if (user.isPresent()
                        && !canSetGroup(user.get(), group, Objects.requireNonNullElse(path.getParent(), path), names)) {
                    unwritable(section, path, Failure.Kind.TOKEN_GROUP_CLOSED, group.getName());
                }
            }
        } catch (UserPrincipalNotFoundException e) {
            unwritable(section, path, Failure.Kind.TOKEN_NAME_UNKNOWN, name); // on Java 25 the exception has no name
        }
    }

    private void unwritable(TokenSection section, Path path, Failure.Kind kind, String name) {
        findings.add(Finding.of(new Failure(kind, path.toString(), name), section.account()));
    }

    /** A new file gets the user's own group, or that of a setgid directory. Any other group needs chown. */
    private boolean canSetGroup(User user, GroupPrincipal group, Path directory, UserPrincipalLookupService names)
            throws IOException {
        boolean fromDirectory = ((Integer) Files.getAttribute(directory, UNIX_MODE) & SET_GROUP_ID) != 0;
        int defaultGroup = fromDirectory ? (Integer) Files.getAttribute(directory, "unix:gid") : user.group();
        if (group.equals(names.lookupPrincipalByGroupName(number(defaultGroup)))) {
            return true;
        }
        Optional<Sandbox> sandbox = check.machine().flatMap(ServiceMachine::sandbox);
        boolean isMember = sandbox.filter(unit -> unit.hasSupplementaryGroup(group.getName()))
                .isPresent();
        for (int member : user.groups()) {
            isMember |= group.equals(names.lookupPrincipalByGroupName(number(member)));
        }
        return isMember && sandbox.filter(unit -> !unit.allowsChown()).isEmpty();
    }

    private static String number(int id) {
        return Integer.toString(id);
    }

    /** Checks the program in post_renewal. */
    private void hook(TokenSection section, Path program) {
        try {
            Optional<User> user = check.machine().flatMap(ServiceMachine::user);
            boolean mayRun = user.isPresent()
                    ? Files.exists(program)
                            && user.get().closedParent(program).isEmpty()
                            && user.get().mayExecute(program)
                    : Files.isExecutable(program);
            Optional<Failure> unfit = FailureMapper.invalidHook(program, mayRun);
            unfit.ifPresent(why -> findings.add(Finding.of(why, section.account())));
            if (unfit.isEmpty()) {
                for (Path open : List.of(program, Objects.requireNonNullElse(program.getParent(), program))) {
                    if (isOpen(open)) {
                        findings.add(Finding.of(Kind.HOOK_OPEN, open, "", section.account()));
                    }
                }
            }
        } catch (IOException | UnsupportedOperationException e) {
            // We cannot read the file; the service's journal reports its problems.
        }
    }

    /** Checks the command that a shipped program needs. */
    private void command(TokenSection section, Path program, boolean isShipped) {
        String command = SHIPPED_HOOKS.getOrDefault(String.valueOf(program.getFileName()), "");
        if (!command.isEmpty()
                && isShipped
                && Stream.of(SiteProgram.PATH.split(":"))
                        .noneMatch(directory -> Files.isExecutable(Path.of(directory, command)))) {
            findings.add(Finding.of(Kind.HOOK_COMMAND_MISSING, program, command, section.account()));
        }
    }

    /** HTCondor opens a token file without following a link. Other programs follow it. */
    private void link(TokenSection section, Path path) {
        boolean isForHtcondor =
                section.scope().stream().anyMatch(scope -> scope.startsWith("condor:/") || scope.startsWith("compute."))
                        || section.audience().stream()
                                .anyMatch(audience -> audience.endsWith(":9618") || audience.endsWith(":9619"));
        if (isForHtcondor && Files.isSymbolicLink(path)) {
            findings.add(Finding.of(Kind.TOKEN_IS_LINK, path, "", section.account()));
        }
    }

    private void variables(TokenSection section, PostRenewal hook) {
        check.machine()
                .flatMap(ServiceMachine::variables)
                .ifPresent(set -> hook.environment().stream()
                        .filter(name -> !set.contains(name))
                        .forEach(name -> findings.add(Finding.of(
                                Kind.HOOK_VARIABLE_UNSET, "[token " + section.name() + "]", name, section.account()))));
    }

    /** Whether every user can change the file, or replace it. */
    static boolean isOpen(Path path) throws IOException {
        boolean isSticky = ((Integer) Files.getAttribute(path, UNIX_MODE) & STICKY) != 0;
        return !isSticky && Files.getPosixFilePermissions(path).contains(PosixFilePermission.OTHERS_WRITE);
    }

    /** A token file that the site made in a directory that is not writable is overwritten in place. */
    private static boolean canWrite(User user, Path file, Path directory) throws IOException {
        return user.mayExecute(directory)
                && (user.mayWrite(directory) || (Files.isRegularFile(file) && user.mayWrite(file)));
    }

    private void content(TokenSection section, Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            String what = Files.isDirectory(path) ? "a directory" : "not a regular file";
            findings.add(Finding.of(
                    new Failure(Failure.Kind.TOKEN_PATH, path.toString(), "it is " + what), section.account()));
            return;
        }
        boolean isMeantForAll = section.access()
                .mode()
                .filter(mode -> mode.contains(PosixFilePermission.OTHERS_READ))
                .isPresent();
        if (!isMeantForAll && Files.getPosixFilePermissions(path).contains(PosixFilePermission.OTHERS_READ)) {
            findings.add(Finding.of(Kind.TOKEN_WORLD_READABLE, path, "", section.account()));
        }
        Optional<Secret> token = new TokenFile(path).read();
        if (token.filter(text -> text.reveal().length() > TokenFile.MAX_PORTABLE_LENGTH)
                .isPresent()) {
            findings.add(Finding.of(
                    Kind.TOKEN_LONG, path, String.valueOf(token.get().reveal().length()), section.account()));
        }
        Instant now = check.clock().instant();
        token.flatMap(text -> JwtClaims.of(text.reveal()))
                .flatMap(JwtClaims::issuedAt)
                .filter(issued -> issued.isAfter(now.plus(SKEW)))
                .ifPresent(
                        issued -> findings.add(Finding.of(Kind.CLOCK_BEHIND, path, Printable.of(issued.toString()))));
    }
}

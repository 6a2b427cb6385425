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
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.opensciencegrid.tokenrenewer.check.Finding.Kind;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.systemd.Sandbox;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Secret;
import org.opensciencegrid.tokenrenewer.token.TokenFile;

/** Each token: its path, who may write and read there, its length, and whether the timer is fast enough for it. */
final class TokensCheck {
    private static final Duration SKEW = Duration.ofMinutes(5);
    private static final String UNIX_MODE = "unix:mode";
    private static final int STICKY = 01000;
    private static final int SET_GROUP_ID = 02000;

    private final Checkup checkup;
    private final Config config;
    private final List<Finding> findings = new ArrayList<>();

    TokensCheck(Checkup checkup, Config config) {
        this.checkup = checkup;
        this.config = config;
    }

    List<Finding> run() {
        for (TokenSection section : config.tokens()) {
            Path path = section.tokenPath();
            TokenState state = state(section);
            state.failure()
                    .filter(why -> why.kind().isOfTokenFile()
                            || why.kind().isOfOneToken()
                            || why.kind().isOfHook())
                    .ifPresent(why -> findings.add(Finding.of(why, section.account())));
            checkup.machine()
                    .flatMap(Machine::timer)
                    .ifPresent(
                            timer -> TimerCheck.ofToken(timer, section, state).ifPresent(findings::add));
            section.postRenewal().ifPresent(hook -> hook(section, hook.program()));
            if (!path.isAbsolute()) {
                // The unit's working directory is /, a person's is not.
                findings.add(Finding.of(
                        Kind.TOKEN_PATH_RELATIVE,
                        Checkup.place(config.file(), section.line()),
                        path.toString(),
                        section.name()));
                continue;
            }
            try {
                directory(section, Objects.requireNonNullElse(path.getParent(), path));
                access(section, path);
                file(section, path);
            } catch (IOException | UnsupportedOperationException e) {
                // Not for us to look at: the service's own journal tells.
            }
        }
        return findings;
    }

    private TokenState state(TokenSection section) {
        try {
            return checkup.states().read(section.account()).token(section.name());
        } catch (IOException e) {
            return AccountState.UNKNOWN.token(section.name());
        }
    }

    private void directory(TokenSection section, Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            Failure missing = new Failure(
                    Failure.Kind.TOKEN_DIRECTORY_MISSING,
                    section.tokenPath().toString(),
                    "the directory " + directory + " does not exist");
            findings.add(Finding.of(missing, section.account()));
            return;
        }
        if (isOpen(directory)) {
            findings.add(Finding.of(Kind.TOKEN_DIRECTORY_OPEN, directory, "", section.name()));
        }
        Optional<User> user = checkup.machine().flatMap(Machine::user);
        if (user.isPresent() && !canWrite(user.get(), section.tokenPath(), directory)) {
            findings.add(Finding.of(Kind.TOKEN_DIRECTORY_CLOSED, directory, "", section.name()));
        }
        if (checkup.machine()
                .flatMap(Machine::sandbox)
                .filter(sandbox -> !sandbox.lets(directory))
                .isPresent()) {
            findings.add(Finding.of(Kind.TOKEN_OUTSIDE_SANDBOX, directory, "", section.name()));
        }
    }

    /** Whether the service can give the file to whom the section says. */
    private void access(TokenSection section, Path path) throws IOException {
        TokenAccess access = section.access();
        Optional<User> user = checkup.machine().flatMap(Machine::user).filter(service -> service.uid() != 0);
        UserPrincipalLookupService names = path.getFileSystem().getUserPrincipalLookupService();
        String asked = "";
        try {
            if (access.owner().isPresent()) {
                asked = access.owner().get();
                UserPrincipal owner = names.lookupPrincipalByName(asked);
                if (user.isPresent()
                        && !owner.equals(
                                names.lookupPrincipalByName(number(user.get().uid())))) {
                    unwritable(section, Failure.Kind.TOKEN_OWNER_CLOSED, owner.getName());
                }
            }
            if (access.group().isPresent()) {
                asked = access.group().get();
                GroupPrincipal group = names.lookupPrincipalByGroupName(asked);
                if (user.isPresent()
                        && !canGive(user.get(), group, Objects.requireNonNullElse(path.getParent(), path), names)) {
                    unwritable(section, Failure.Kind.TOKEN_GROUP_CLOSED, group.getName());
                }
            }
        } catch (UserPrincipalNotFoundException e) {
            unwritable(section, Failure.Kind.TOKEN_NAME_UNKNOWN, asked); // Java 25 does not tell it
        }
    }

    private void unwritable(TokenSection section, Failure.Kind kind, String name) {
        findings.add(Finding.of(new Failure(kind, section.tokenPath().toString(), name), section.account()));
    }

    /** New files have the user's own group, or that of a directory that says so; another one takes a chown. */
    private boolean canGive(User user, GroupPrincipal group, Path directory, UserPrincipalLookupService names)
            throws IOException {
        boolean fromDirectory = ((Integer) Files.getAttribute(directory, UNIX_MODE) & SET_GROUP_ID) != 0;
        int given = fromDirectory ? (Integer) Files.getAttribute(directory, "unix:gid") : user.group();
        if (group.equals(names.lookupPrincipalByGroupName(number(given)))) {
            return true;
        }
        Optional<Sandbox> sandbox = checkup.machine().flatMap(Machine::sandbox);
        boolean isMember = sandbox.filter(unit -> unit.joins(group.getName())).isPresent();
        for (int member : user.groups()) {
            isMember |= group.equals(names.lookupPrincipalByGroupName(number(member)));
        }
        return isMember && sandbox.filter(unit -> !unit.letsChown()).isEmpty();
    }

    private static String number(int id) {
        return Integer.toString(id);
    }

    /** The site's program. */
    private void hook(TokenSection section, Path program) {
        try {
            Optional<User> user = checkup.machine().flatMap(Machine::user);
            boolean mayRun = user.isPresent()
                    ? Files.exists(program)
                            && user.get().mayReach(program)
                            && user.get().mayExecute(program)
                    : Files.isExecutable(program);
            Optional<Failure> unfit = Failures.unfitHook(program, mayRun);
            unfit.ifPresent(why -> findings.add(Finding.of(why, section.account())));
            if (unfit.isEmpty()
                    && (isOpen(program) || isOpen(Objects.requireNonNullElse(program.getParent(), program)))) {
                findings.add(Finding.of(Kind.HOOK_OPEN, program, "", section.name()));
            }
        } catch (IOException | UnsupportedOperationException e) {
            // Not for us to look at: the service's own journal tells.
        }
    }

    /** Whether everybody may change it, or put another file there. */
    private static boolean isOpen(Path path) throws IOException {
        boolean isSticky = ((Integer) Files.getAttribute(path, UNIX_MODE) & STICKY) != 0;
        return !isSticky && Files.getPosixFilePermissions(path).contains(PosixFilePermission.OTHERS_WRITE);
    }

    /** A file of the site's in a directory that is closed is written in place. */
    private static boolean canWrite(User user, Path file, Path directory) throws IOException {
        return user.mayReach(file) && (user.mayWrite(directory) || (Files.isRegularFile(file) && user.mayWrite(file)));
    }

    private void file(TokenSection section, Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            String what = Files.isDirectory(path) ? "a directory" : "not a regular file";
            findings.add(Finding.of(
                    new Failure(Failure.Kind.TOKEN_PATH, path.toString(), "it is " + what), section.account()));
            return;
        }
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(path);
        if (mode.contains(PosixFilePermission.OTHERS_READ)) {
            findings.add(Finding.of(Kind.TOKEN_WORLD_READABLE, path, "", section.name()));
        }
        Optional<Secret> token = new TokenFile(path).read();
        if (token.filter(text -> text.reveal().length() > TokenFile.LONGEST_FOR_ALL)
                .isPresent()) {
            findings.add(Finding.of(
                    Kind.TOKEN_LONG, path, String.valueOf(token.get().reveal().length()), section.name()));
        }
        Instant now = checkup.clock().instant();
        token.flatMap(text -> JwtClaims.of(text.reveal()))
                .flatMap(JwtClaims::issuedAt)
                .filter(issued -> issued.isAfter(now.plus(SKEW)))
                .ifPresent(
                        issued -> findings.add(Finding.of(Kind.CLOCK_BEHIND, path, Printable.of(issued.toString()))));
    }
}

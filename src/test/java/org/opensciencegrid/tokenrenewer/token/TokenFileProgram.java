package org.opensciencegrid.tokenrenewer.token;

import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Runs {@link TokenFile} in another process, for another user, umask or file system than that of the tests. */
final class TokenFileProgram {
    private TokenFileProgram() {}

    /**
     * PATH TIMES TOKEN...: writes the tokens in turn. Prints ok, or the kind and message of the first failure. The
     * properties mode, owner and group are the requested permissions.
     */
    public static void main(String[] arguments) {
        TokenFile file = new TokenFile(Path.of(arguments[0]));
        TokenAccess access = new TokenAccess(
                Optional.ofNullable(System.getProperty("mode")).map(PosixFilePermissions::fromString),
                Optional.ofNullable(System.getProperty("owner")),
                Optional.ofNullable(System.getProperty("group")));
        int times = Integer.parseInt(arguments[1]);
        try {
            for (int i = 0; i < times; i++) {
                file.write(Secret.of(arguments[2 + i % (arguments.length - 2)]), access);
            }
            System.out.println("ok");
        } catch (TokenFileException e) {
            System.out.println(e.kind() + " " + e.getMessage());
        }
    }
}

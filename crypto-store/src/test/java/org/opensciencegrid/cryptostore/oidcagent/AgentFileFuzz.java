package org.opensciencegrid.cryptostore.oidcagent;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.opensciencegrid.cryptostore.Given;
import org.opensciencegrid.cryptostore.Password;

/**
 * Arbitrary bytes as an account file of oidc-agent. A file with an expensive key derivation is not opened, because each
 * takes the time that it specifies, within limits that {@link AgentFileTest} checks. Run by {@code .ci/fuzz/run}.
 */
public final class AgentFileFuzz {
    private static final Path FILE = Path.of("/account");
    private static final String CHEAP = ":1:1:8192:"; // one pass over 8 KiB

    private AgentFileFuzz() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        try (Password password = Given.password()) {
            AgentFile file = AgentFile.decode(FILE, input);
            if (new String(input, StandardCharsets.ISO_8859_1).contains(CHEAP)) {
                file.open(password);
            }
        } catch (AgentFileException e) {
            if (e.getMessage().length() > 200 || e.getMessage().chars().anyMatch(Character::isISOControl)) {
                throw new AssertionError(e.getMessage());
            }
        }
    }
}

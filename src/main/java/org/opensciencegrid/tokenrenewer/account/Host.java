package org.opensciencegrid.tokenrenewer.account;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/** Which machine this is, as far as an account needs to know: enough to notice that it was copied to another one. */
final class Host {
    private static final Optional<String> FINGERPRINT = of(Path.of("/etc/machine-id"));

    private Host() {}

    /** Empty where the machine has no id, as in many containers: then nothing is noticed, and nobody is warned wrongly. */
    static Optional<String> fingerprint() {
        return FINGERPRINT;
    }

    /** machine-id(5) asks not to show the id itself, but a hash of it that is made for one application. */
    static Optional<String> of(Path machineId) {
        try {
            String id = Files.readString(machineId, StandardCharsets.ISO_8859_1).strip();
            if (!id.matches("[0-9a-f]{32}")) {
                return Optional.empty(); // "uninitialized", in an image
            }
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(("osg-token-renewer host " + id).getBytes(StandardCharsets.US_ASCII));
            return Optional.of(HexFormat.of().formatHex(hash, 0, 8));
        } catch (IOException e) {
            return Optional.empty();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}

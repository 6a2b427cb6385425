package org.opensciencegrid.tokenrenewer.renewal;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.text.Secret;

/** Enough of a SHA-256 to tell whether something is still the same; tells nothing about it. */
final class Fingerprint {
    private Fingerprint() {}

    static String of(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }

    /** Of a section without the line it stands on. A record prints its secret as ***, so that is added. */
    static String of(AccountSection section) {
        String secret = section instanceof ClientCredentialsAccount account
                ? account.clientSecret().map(Secret::reveal).orElse("")
                : "";
        return of(section.toString().replaceFirst("line=\\d+", "") + secret);
    }
}

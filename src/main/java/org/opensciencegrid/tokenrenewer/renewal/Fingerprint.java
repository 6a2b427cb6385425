package org.opensciencegrid.tokenrenewer.renewal;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
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

    /**
     * Of a section without the line it stands on: each of its components. Not by the toString of a record, which would show no
     * secret, and is made when it is first used, which takes longer than all else that a run without anything due does.
     */
    static String of(AccountSection section) {
        return of(
                section instanceof ClientCredentialsAccount account
                        ? parts(
                                account.name(),
                                account.tokenRequestUrl(),
                                account.clientId(),
                                account.clientSecret().map(Secret::reveal),
                                account.clientSecretFile(),
                                account.audienceParameter(),
                                account.clientAuth(),
                                account.caFile())
                        : parts((StoredAccount) section));
    }

    private static String parts(StoredAccount account) {
        return parts(
                account.name(),
                account.passwordFile(),
                account.audienceParameter(),
                account.clientAuth(),
                account.caFile());
    }

    private static String parts(Object... components) {
        return Arrays.toString(components);
    }
}

package org.opensciencegrid.tokenrenewer.renewal;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.ClientFiles;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** The first part of a SHA-256: enough to detect a change, and it reveals nothing about the content. */
final class Fingerprint {
    private Fingerprint() {}

    static String of(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has SHA-256
        }
    }

    /**
     * The fingerprint of a section: all its components except the line number and the route to the issuer, because no
     * rejection depends on these. Does not use the record's toString: it hides secrets, and its first call takes longer
     * than everything else in a run without due tokens.
     */
    static String of(AccountSection section) {
        List<Object> components;
        ClientFiles files = section.clientFiles();
        if (section instanceof ClientCredentialsAccount account) {
            components = List.of(
                    account.name(),
                    account.tokenRequestUrl(),
                    account.clientId(),
                    account.clientSecret().map(Secret::reveal),
                    account.clientSecretFile(),
                    account.audienceParameter(),
                    account.clientAuth(),
                    account.caFile());
        } else {
            StoredAccount account = (StoredAccount) section;
            components = List.of(
                    account.name(),
                    account.passwordFile(),
                    account.audienceParameter(),
                    account.clientAuth(),
                    account.caFile());
        }
        // Unchanged for accounts without these options, whose rejections an earlier version recorded.
        Optional<String> issuer =
                section instanceof ClientCredentialsAccount account ? account.issuer() : Optional.empty();
        return of(
                files.isPresent() || files.audience().isPresent() || issuer.isPresent()
                        ? components + " " + files.key() + files.assertion() + files.audience() + issuer
                                + (files.tls().isPresent()
                                        ? files.tls().get().certificate() + " "
                                                + files.tls().get().key()
                                        : "")
                        : components.toString());
    }
}

package org.opensciencegrid.tokenrenewer.state;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.kubernetes.ObjectName;

/** The names of the objects of an account in a cluster; docs/reference/account-secret.md specifies them. */
public record AccountObjects(String namespace) {
    private static final Pattern ENCODED = Pattern.compile(".*-x[0-9a-f]{20}");

    /** The account itself. */
    public ObjectName account(String name) {
        return ObjectName.secret(namespace, "osg-token-renewer-account-" + encode(name));
    }

    /** Its lock. */
    public ObjectName lease(String name) {
        return ObjectName.lease(namespace, "osg-token-renewer-account-" + encode(name));
    }

    /** What the last run found. */
    public ObjectName state(String name) {
        return ObjectName.secret(namespace, "osg-token-renewer-state-" + encode(name));
    }

    /**
     * Unchanged if Kubernetes allows it, otherwise with a hash. Two accounts never have the same one: an unchanged name
     * does not look as if it had a hash.
     */
    static String encode(String name) {
        if (ObjectName.isName(name) && !ENCODED.matcher(name).matches()) {
            return name;
        }
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.US_ASCII));
            return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "-")
                    + "-x"
                    + HexFormat.of().formatHex(hash, 0, 10);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has SHA-256
        }
    }
}

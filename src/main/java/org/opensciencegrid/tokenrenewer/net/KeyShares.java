package org.opensciencegrid.tokenrenewer.net;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLParameters;

/**
 * The keys in the first TLS message. Java up to 25.0.4 sends one of X25519 and one of P-256, and computing the second
 * takes Java 21 and 25 a tenth of a run, although nearly all servers use the first. So the first message to a server
 * offers TLS 1.3 with X25519 alone, and if the server does not accept it, a second connection offers everything. A
 * server is never made to use something weaker: TLS 1.2 and other groups are only offered with all others.
 */
final class KeyShares {
    /** Its order in Java's defaults, and where a policy does not prefer another one. */
    private static final List<String> DEFAULT = List.of("x25519", "secp256r1");

    private static final boolean HAS_GROUPS = Runtime.version().feature() >= 20;

    private KeyShares() {}

    /**
     * Offers only TLS 1.3 and X25519. Changes nothing if this Java sends other keys than those of X25519 and P-256, for
     * example a post-quantum key, or if the machine prefers another group.
     *
     * @return whether it changed something
     */
    static boolean reduce(SSLParameters parameters) {
        if (!HAS_GROUPS) {
            return false;
        }
        try { // these methods are too new for the compiler's Java 17
            Method getter = SSLParameters.class.getMethod("getNamedGroups");
            String[] groups = (String[]) getter.invoke(parameters);
            boolean isDefault = groups != null
                    && groups.length >= DEFAULT.size()
                    && Arrays.asList(groups).subList(0, DEFAULT.size()).equals(DEFAULT);
            if (isDefault) {
                Method setter = SSLParameters.class.getMethod("setNamedGroups", String[].class);
                setter.invoke(parameters, (Object) new String[] {DEFAULT.get(0)});
                parameters.setProtocols(new String[] {"TLSv1.3"});
            }
            return isDefault;
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
            return false;
        }
    }

    /** The handshake with reduced keys failed, and not because of the certificate of the server. */
    static final class NotAccepted extends IOException {
        private static final long serialVersionUID = 1;

        NotAccepted(IOException cause) {
            super(cause);
        }
    }
}

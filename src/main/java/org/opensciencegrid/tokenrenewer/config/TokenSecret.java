package org.opensciencegrid.tokenrenewer.config;

import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.kubernetes.ObjectName;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * {@code token_secret}: a key of a Kubernetes Secret that gets the token.
 *
 * @param namespace empty for that of the pod
 */
public record TokenSecret(Optional<String> namespace, String name, String key) {
    /** Beginnings of the names of the Secrets that hold accounts and states. */
    private static final List<String> RESERVED = List.of("osg-token-renewer-account-", "osg-token-renewer-state-");

    private static final String DEFAULT_KEY = "token";

    /** Reads {@code [NAMESPACE/]NAME[#KEY]}; empty if it is anything else. */
    public static Optional<TokenSecret> parse(String text) {
        int slash = text.indexOf('/');
        int hash = text.indexOf('#');
        Optional<String> namespace = slash < 0 ? Optional.empty() : Optional.of(text.substring(0, slash));
        String name = text.substring(slash + 1, hash < 0 ? text.length() : Math.max(hash, slash + 1));
        String key = hash < 0 ? DEFAULT_KEY : text.substring(hash + 1);
        return namespace.filter(space -> !ObjectName.isNamespace(space)).isPresent()
                        || !ObjectName.isName(name)
                        || !key.matches("[-._a-zA-Z0-9]{1,253}")
                ? Optional.empty()
                : Optional.of(new TokenSecret(namespace, name, key));
    }

    /** What is wrong with this value of an option, to follow its name; empty if nothing. */
    public static Optional<String> mistake(String text) {
        Optional<TokenSecret> secret = parse(text);
        String quoted = "'" + Printable.of(text) + "' ";
        if (secret.isEmpty()) {
            return Optional.of(quoted
                    + (text.indexOf(':') < 0
                            ? "is not [NAMESPACE/]NAME[#KEY], with names as Kubernetes allows them"
                            : "has a ':', which Kubernetes does not allow"));
        }
        return RESERVED.stream().anyMatch(secret.get().name::startsWith)
                ? Optional.of(quoted + "is a Secret of this program itself; use a name that does not begin with "
                        + String.join(" or ", RESERVED))
                : Optional.empty();
    }

    /** The same Secret, with another key. Other characters than those of a key become {@code -}. */
    TokenSecret withKey(String other) {
        return new TokenSecret(namespace, name, other.replaceAll("[^-._a-zA-Z0-9]", "-"));
    }

    /** As in the config file, with the key. */
    @Override
    public String toString() {
        return namespace.map(space -> space + "/").orElse("") + name + "#" + key;
    }
}

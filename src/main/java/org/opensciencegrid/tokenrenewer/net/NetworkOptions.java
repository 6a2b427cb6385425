package org.opensciencegrid.tokenrenewer.net;

import java.time.Duration;
import java.util.Optional;

/**
 * How to reach the issuer of one account, if its section configures it.
 *
 * @param proxies empty to use the environment
 * @param responseTimeout the maximum time for a response; empty for {@link Limits#RESPONSE}, which is also the upper
 *     limit
 */
public record NetworkOptions(Optional<ProxySettings> proxies, Optional<Duration> responseTimeout) {
    /** The default for all issuers. */
    public static final NetworkOptions DEFAULT = new NetworkOptions(Optional.empty(), Optional.empty());
}

package org.opensciencegrid.tokenrenewer.net;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * How to reach issuers, and the log of requests.
 *
 * @param responseTimeout the maximum time for a response, from the moment when the request was sent
 * @param log gets one printable line without secrets for each request and each response
 */
public record Network(ProxySettings proxies, Duration responseTimeout, Optional<Consumer<String>> log) {
    /** Without a proxy and without a log. */
    public static final Network DIRECT = new Network(ProxySettings.NONE, Optional.empty());

    /** With the default time for a response. */
    public Network(ProxySettings proxies, Optional<Consumer<String>> log) {
        this(proxies, Limits.RESPONSE, log);
    }

    private static final AtomicBoolean IS_PREPARED = new AtomicBoolean();

    /**
     * Loads the classes for the first connection in another thread, while the caller does something else. Sends
     * nothing. A second call does nothing.
     */
    public static void prepare() {
        if (IS_PREPARED.compareAndSet(false, true)) {
            Thread thread = new Thread(new Preparation(), "prepare");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private static final class Preparation implements Runnable {
        @Override
        public void run() {
            Transport.load();
        }
    }

    /** Applies the settings of one account. */
    public Network with(NetworkOptions options) {
        return new Network(
                options.proxies().orElse(proxies), options.responseTimeout().orElse(responseTimeout), log);
    }

    /**
     * A transport with its own connections.
     *
     * @param ca PEM file or directory of certificates to trust in addition to the system's
     */
    public Transport transport(Optional<Path> ca) {
        return transport(new TrustStore(ca));
    }

    /** A transport with its own connections, for callers that later query the trust manager. */
    public Transport transport(TrustStore trust) {
        return new Transport(trust, this);
    }

    void log(String line) {
        if (log.isPresent()) {
            log.get().accept(line);
        }
    }
}

package org.opensciencegrid.tokenrenewer.oidc;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * How issuers are reached, and who is told of each request.
 *
 * @param log gets a printable line without secrets for each request and for each answer, if anybody listens
 */
public record Network(Proxies proxies, Optional<Consumer<String>> log) {
    /** Directly, and nobody is told. */
    public static final Network DIRECT = new Network(Proxies.NONE, Optional.empty());

    private static final AtomicBoolean IS_PREPARED = new AtomicBoolean();

    /**
     * Begins what the first connection of a process needs, on another core, for those who have something else to do before
     * they ask an issuer. Nothing is sent. A second call does nothing.
     */
    public static void prepare() {
        if (IS_PREPARED.compareAndSet(false, true)) {
            Thread thread = new Thread(Transport::load, "prepare");
            thread.setDaemon(true);
            thread.start();
        }
    }

    /**
     * A transport of its own connections.
     *
     * @param ca PEM file or directory of certificates to believe beside the system's
     */
    public Transport transport(Optional<Path> ca) {
        return new Transport(new Trust(ca), this);
    }

    void tell(Supplier<String> line) {
        log.ifPresent(listener -> listener.accept(line.get()));
    }
}

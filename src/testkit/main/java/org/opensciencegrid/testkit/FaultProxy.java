package org.opensciencegrid.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A proxy in front of a real issuer that injects faults, over https on 127.0.0.1. The issuer must use X-Forwarded-Host
 * as its name. Responses are unchanged except for the effects of a {@link Fault}; responses with pages for a browser
 * lose all cookies except one.
 */
public final class FaultProxy implements AutoCloseable {
    private static final List<String> PASSED_ON = List.of("Accept", "Authorization", "Content-Type");
    /** Headers that belong to one connection (RFC 9110 section 7.6.1). */
    private static final Set<String> OF_THE_CONNECTION =
            Set.of("connection", "content-length", "date", "keep-alive", "transfer-encoding");

    private final HttpsServer server;
    private final ExecutorService workers = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "fault-proxy");
        thread.setDaemon(true);
        return thread;
    });
    private final HttpClient client;
    private final Faults faults = new Faults();
    private final List<Seen> requests = new CopyOnWriteArrayList<>();
    private volatile String upstream;

    public FaultProxy(TestCa ca) throws IOException {
        client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(ca.clientContext())
                .build();
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(ca.serverContext()));
        server.setExecutor(workers);
        server.createContext("/", this::handle);
        server.start();
    }

    public String base() {
        return "https://localhost:" + server.getAddress().getPort();
    }

    /**
     * @param base scheme, host and port of the issuer
     */
    public void forwardTo(String base) {
        upstream = base;
    }

    /** See {@link EmbeddedIssuer#fault}. */
    public void fault(Fault fault) {
        faults.add(fault);
    }

    public void clearFaults() {
        faults.clear();
    }

    /** The number of requests with a grant_type. */
    public int count(String grantType) {
        return (int) requests.stream()
                .filter(seen -> grantType.equals(seen.grantType()))
                .count();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            Seen request = Seen.read(exchange);
            requests.add(request);
            new Delivery(exchange, faults.effectsFor(request), System.err::println, () -> DateHeader.of(Instant.now()))
                    .deliver(() -> forward(request));
        }
    }

    private Answer forward(Seen request) {
        String query = request.query() == null ? "" : "?" + request.query();
        HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(upstream + request.path() + query))
                .header("X-Forwarded-Host", base().substring("https://".length()))
                .header("X-Forwarded-Proto", "https")
                .method(request.method(), HttpRequest.BodyPublishers.ofString(request.body()));
        PASSED_ON.stream()
                .filter(name -> request.header(name) != null)
                .forEach(name -> builder.header(name, request.header(name)));
        try {
            HttpResponse<String> response = client.send(builder.build(), HttpResponse.BodyHandlers.ofString());
            Answer answer = Answer.text(response.statusCode(), null, response.body());
            response.headers().map().forEach((name, values) -> {
                if (!OF_THE_CONNECTION.contains(name)) {
                    answer.with(name, values.get(0));
                }
            });
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("proxy closed", e);
        }
    }

    @Override
    public void close() {
        workers.shutdownNow();
        server.stop(0);
    }
}

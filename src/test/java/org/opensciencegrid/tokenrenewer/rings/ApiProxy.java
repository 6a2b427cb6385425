package org.opensciencegrid.tokenrenewer.rings;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.opensciencegrid.tokenrenewer.fixture.SiteDirectory;
import org.opensciencegrid.tokenrenewer.kubernetes.ServiceAccount;

/** Between the program and an API server: counts the requests, and lets a test do something at each of them. */
final class ApiProxy implements AutoCloseable {
    /** What happens at a request. Returns false to close the connection without an answer. */
    @FunctionalInterface
    interface Fault {
        boolean at(int number, String request, boolean isExecuted) throws Exception;
    }

    private static final Fault NONE = (number, request, isExecuted) -> true;
    private static final Pattern SEALED = Pattern.compile("\"account\":\"(b3NnL[A-Za-z0-9+/=]*)\"");
    private static final Pattern GENERATION = Pattern.compile("\ngeneration: (\\d+)\n");

    private final URI target;
    private final HttpClient client;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicInteger requests = new AtomicInteger();
    private HttpsServer server;
    volatile Fault fault = NONE;
    /** As long as it is true, connections are refused. */
    volatile boolean isDown;
    /** "OBJECT generation N" for each saved account. */
    final List<String> saved = new CopyOnWriteArrayList<>();

    ApiProxy(ServiceAccount account) throws Exception {
        target = account.server();
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (var pem = Files.newInputStream(account.directory().resolve("ca.crt"))) {
            trusted.setCertificateEntry(
                    "ca", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        client = HttpClient.newBuilder().sslContext(tls).build();
        start(0);
    }

    private void start(int port) throws IOException {
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getByName("localhost"), port), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(SiteDirectory.CA.serverContext()));
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    /** The service account as a pod sees it that must use this proxy. */
    ServiceAccount of(ServiceAccount account, Path directory) throws IOException {
        Files.createDirectories(directory);
        for (String file : List.of("token", "namespace")) {
            Files.copy(account.directory().resolve(file), directory.resolve(file));
        }
        SiteDirectory.CA.writeCaPem(directory.resolve("ca.crt"));
        return new ServiceAccount(
                URI.create("https://localhost:" + server.getAddress().getPort()), directory);
    }

    /** Numbers the requests from 1 on. */
    void restart(Fault other) {
        requests.set(0);
        fault = other;
    }

    int requests() {
        return requests.get();
    }

    void clear() {
        restart(NONE);
    }

    /** Refuses connections, as a server that is not there. */
    void down() {
        isDown = true;
        server.stop(0);
    }

    void up() throws IOException {
        isDown = false;
        start(server.getAddress().getPort());
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            String what =
                    exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
            int number = requests.incrementAndGet();
            if (!fault.at(number, what, false)) {
                return;
            }
            HttpRequest.Builder request = HttpRequest.newBuilder(target.resolve(exchange.getRequestURI()))
                    .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
            for (String header : List.of("Authorization", "Content-Type", "Accept")) {
                exchange.getRequestHeaders()
                        .getOrDefault(header, List.of())
                        .forEach(value -> request.header(header, value));
            }
            HttpResponse<byte[]> answer;
            try {
                answer = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            } catch (IOException e) { // the JDK's client does not accept a 401 as Kubernetes sends it
                exchange.sendResponseHeaders(String.valueOf(e.getMessage()).contains("WWW-Auth") ? 401 : 502, -1);
                return;
            }
            if (answer.statusCode() / 100 == 2 && !exchange.getRequestMethod().equals("GET")) {
                record(what, new String(body, StandardCharsets.UTF_8));
            }
            if (!fault.at(number, what, true)) {
                return;
            }
            exchange.getResponseHeaders()
                    .set(
                            "Content-Type",
                            answer.headers().firstValue("Content-Type").orElse("application/json"));
            exchange.sendResponseHeaders(answer.statusCode(), answer.body().length);
            exchange.getResponseBody().write(answer.body());
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    private void record(String what, String body) {
        Matcher sealed = SEALED.matcher(body.replace("\\/", "/"));
        boolean isIntent = body.contains("osg-token-renewer\\/intent") || body.contains("osg-token-renewer/intent");
        if (sealed.find() && !isIntent) {
            Matcher generation = GENERATION.matcher(
                    new String(Base64.getDecoder().decode(sealed.group(1)), StandardCharsets.US_ASCII));
            if (generation.find()) {
                saved.add(what + " generation " + generation.group(1));
            }
        }
    }

    @Override
    public void close() {
        if (!isDown) {
            server.stop(0);
        }
        threads.shutdownNow();
    }
}

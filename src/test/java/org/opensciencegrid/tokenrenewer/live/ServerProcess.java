package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server process that prints a line when it is ready. */
final class ServerProcess implements AutoCloseable {
    private final Process process;
    private final Path log;

    ServerProcess(Path log, List<String> line) throws IOException, InterruptedException {
        this(log, "ready ", line);
    }

    /** @param ready the line */
    ServerProcess(Path log, String ready, List<String> line) throws IOException, InterruptedException {
        this.log = log;
        process = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        for (int i = 0; i < 6000; i++) {
            String said = Files.readString(log);
            if (said.contains(ready)) {
                return;
            }
            if (!process.isAlive()) {
                throw new AssertionError("the server did not start: " + said);
            }
            Thread.sleep(100);
        }
        close();
        throw new AssertionError("the server is not ready after 600 s: " + Files.readString(log));
    }

    /** The output so far. */
    List<String> lines() throws IOException {
        return Files.readAllLines(log);
    }

    /** Writes a line to its input and waits for the response "done LINE". */
    void tell(String line) throws IOException, InterruptedException {
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
        for (int i = 0; i < 600; i++) {
            if (lines().contains("done " + line)) {
                return;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("not done: " + lines());
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}

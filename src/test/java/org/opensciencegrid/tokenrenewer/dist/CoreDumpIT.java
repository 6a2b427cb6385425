package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.dist.Installed.Running;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** A process that dies with a refresh token in its heap writes no dump and prints no secret. */
class CoreDumpIT {
    @TempDir
    Path directory;

    /** After QUIT, a JVM prints its threads and continues. After SEGV, it would write a report and a core file. */
    @ParameterizedTest
    @CsvSource({"QUIT, 0", "ABRT, 134", "SEGV, 1"})
    void noFileAndNoSecret(String signal, int status) throws Exception {
        Installed installed = new Installed(directory);
        try (EmbeddedIssuer issuer = installed.startIssuer()) {
            installed.accountWith(Installed.ONE);
            Result setup = installed.run(installed.setupLine(issuer, "--scope=openid offline_access"));
            assertEquals(0, setup.status(), setup.err());
            Set<String> before = files();
            issuer.fault(Fault.on("/token").grant("refresh_token").times(1).delayBefore(Duration.ofSeconds(3)));
            Running run = installed.start("renew");
            while (issuer.count("/token", Policy.REFRESH_TOKEN) == 0) {
                Thread.sleep(20);
            }
            run.signal(signal);
            Result ended = run.await();
            assertEquals(status, ended.status(), ended.err());
            for (String secret : issuer.secrets()) {
                assertFalse((ended.out() + ended.err()).contains(secret), "a secret was printed");
            }
            assertEquals(before, files());
        }
    }

    /**
     * The names of dumps in the places where a JVM would write them: the working directory and the program's directory.
     */
    private Set<String> files() throws IOException {
        Set<String> names = new TreeSet<>();
        for (Path place : List.of(Path.of("").toAbsolutePath(), directory, Path.of("/tmp"))) {
            try (Stream<Path> all = Files.list(place)) {
                names.addAll(all.map(Path::toString)
                        .filter(name -> name.matches(".*/(core|hs_err|java_pid|vgcore|replay_pid)[^/]*"))
                        .collect(Collectors.toSet()));
            }
        }
        return names;
    }
}

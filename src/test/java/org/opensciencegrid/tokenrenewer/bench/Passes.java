package org.opensciencegrid.tokenrenewer.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.tokenrenewer.cli.Main;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

/**
 * {@code Passes N}: the first N passes of {@code renew --every}, without the waits between them. Prints a line for each:
 * its milliseconds, those of all CPUs, and the KiB that its main thread allocated.
 */
public final class Passes implements Sleeper {
    private final ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final OperatingSystemMXBean process = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private int left;
    private long[] begin = now();

    private Passes(int count) {
        left = count;
    }

    public static void main(String[] arguments) {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        System.exit(Main.run(
                new Environment(
                        System.in,
                        nowhere,
                        System.err,
                        System.getenv(),
                        Clock.systemUTC(),
                        new Passes(Integer.parseInt(arguments[0])),
                        KdfParameters.DEFAULT),
                "renew",
                "--every=10m"));
    }

    private long[] now() {
        return new long[] {System.nanoTime(), process.getProcessCpuTime(), thread.getCurrentThreadAllocatedBytes()};
    }

    @Override
    public void sleep(Duration duration) {
        if (duration.toMinutes() < 1) {
            Sleeper.REAL.sleep(duration); // within a pass
            return;
        }
        long[] end = now();
        System.out.println(
                (end[0] - begin[0]) / 1e6 + " " + (end[1] - begin[1]) / 1e6 + " " + (end[2] - begin[2]) / 1024);
        if (--left == 0) {
            Thread.currentThread().interrupt();
        }
        begin = now();
    }

    @Override
    public Duration elapsed() {
        return Sleeper.REAL.elapsed();
    }
}

package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * Measures the window in which a kill loses a refresh token: from the last bytes of the issuer's response to the end of
 * the first fdatasync, as recorded by strace. The result is only printed, because it depends on the machine.
 */
class WindowRing {
    private static final int RUNS = Integer.getInteger("window.runs", 100);
    /** Timestamp, the call with the file of its descriptor, result, duration. */
    private static final Pattern CALL = Pattern.compile(
            "^\\d+ +(\\d+\\.\\d+) (?:(\\w+)\\(\\d+<([^>]*)>|<\\.\\.\\. (\\w+) resumed>).* = (-?\\d+).*<(\\d+\\.\\d+)>$");

    @TempDir
    Path directory;

    @Test
    void windowOfColdRuns() throws Exception {
        assumeTrue(AccessPoint.has("strace"), "needs strace: apt-get install strace");
        List<Double> toWrite = new ArrayList<>();
        List<Double> toDisk = new ArrayList<>();
        List<Double> windows = new ArrayList<>();
        try (AccessPoint point = new AccessPoint(directory).authorize()) {
            Path log = point.file("strace.log");
            point.prefix.addAll(List.of(
                    "strace",
                    "-f",
                    "--seccomp-bpf",
                    "-qq",
                    "-ttt",
                    "-T",
                    "-yy",
                    "-s",
                    "0",
                    "-e",
                    "trace=read,recvfrom,pwrite64,fdatasync",
                    "-o",
                    log.toString()));
            for (int i = 0; i < RUNS; i++) {
                Result ended = point.run("renew", "--force");
                assertEquals(0, ended.status(), ended.said());
                double[] window = window(Files.readAllLines(log));
                toWrite.add(window[0]);
                toDisk.add(window[1]);
                windows.add(window[0] + window[1]);
            }
        }
        System.out.println("--- from the issuer's answer to the durable write, " + RUNS + " runs of a new JVM, ms");
        print("to the write:  ", toWrite);
        print("write and sync:", toDisk);
        print("both:          ", windows);
    }

    private static void print(String what, List<Double> millis) {
        Collections.sort(millis);
        System.out.printf(
                Locale.ROOT,
                "%-15s median %.1f, p90 %.1f, p99 %.1f, longest %.1f%n",
                what,
                millis.get(RUNS / 2),
                millis.get(RUNS * 9 / 10),
                millis.get((RUNS * 99 + 99) / 100 - 1), // nearest rank
                millis.get(RUNS - 1));
    }

    /**
     * Milliseconds until the write, and from there until it is durable. If another thread's call interrupts a call in
     * the log, it begins on one line and ends on another.
     */
    private static double[] window(List<String> lines) {
        double answered = 0;
        double written = 0;
        Map<String, String> open = new HashMap<>();
        for (String line : lines) {
            String thread = line.substring(0, line.indexOf(' '));
            if (line.endsWith("<unfinished ...>")) {
                open.put(thread, line.substring(0, line.length() - "<unfinished ...>".length()));
                continue;
            }
            String whole = line;
            if (line.contains("resumed>")) {
                whole = open.remove(thread) + line.substring(line.indexOf("resumed>") + "resumed>".length());
            }
            Matcher call = CALL.matcher(whole);
            if (!call.matches() || call.group(2) == null) {
                continue;
            }
            double start = Double.parseDouble(call.group(1));
            double end = start + Double.parseDouble(call.group(6));
            boolean isSocket = call.group(3).startsWith("TCP");
            if (isSocket && Integer.parseInt(call.group(5)) > 0) {
                answered = end;
            } else if (call.group(2).equals("pwrite64")) {
                written = start;
            } else if (call.group(2).equals("fdatasync") && answered > 0) {
                return new double[] {1000 * (written - answered), 1000 * (end - written)};
            }
        }
        throw new AssertionError("no rotation in " + lines);
    }
}

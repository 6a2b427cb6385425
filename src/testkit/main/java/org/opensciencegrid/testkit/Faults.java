package org.opensciencegrid.testkit;

import java.util.ArrayList;
import java.util.List;

/** The faults that still apply. They apply in the order in which they were added, and at most one to each request. */
final class Faults {
    /** A fault and how often it still applies. */
    private static final class Armed {
        private final Fault fault;
        private int skip;
        private int left;

        private Armed(Fault fault) {
            this.fault = fault;
            this.skip = fault.skip();
            this.left = fault.times();
        }
    }

    private final List<Armed> faults = new ArrayList<>();

    synchronized void add(Fault fault) {
        faults.add(new Armed(fault));
    }

    synchronized void clear() {
        faults.clear();
    }

    synchronized int pending() {
        return faults.size();
    }

    synchronized List<Fault.Effect> effectsFor(Seen request) {
        for (Armed armed : List.copyOf(faults)) {
            if (!matches(armed.fault, request)) {
                continue;
            }
            if (armed.skip > 0) {
                armed.skip--;
                continue;
            }
            armed.left--;
            if (armed.left == 0) {
                faults.remove(armed);
            }
            return armed.fault.effects();
        }
        return List.of();
    }

    private static boolean matches(Fault fault, Seen request) {
        String path = fault.path();
        boolean pathFits = path.endsWith("*")
                ? request.path().startsWith(path.substring(0, path.length() - 1))
                : request.path().equals(path);
        return pathFits && (fault.grant() == null || fault.grant().equals(request.grantType()));
    }
}

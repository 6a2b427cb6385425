package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A database of accounts in memory. Each machine has its own {@link Client}, whose requests can fail. */
final class MemoryRecords {
    /** What a test does at a request, before or after the database executes it. */
    @FunctionalInterface
    interface Fault {
        void at(String request, boolean isExecuted) throws IOException;
    }

    private final Map<String, Stored> cells = new HashMap<>();
    private long versions;

    private record Stored(String version, Object content) {}

    private synchronized Optional<Stored> get(String cell) {
        return Optional.ofNullable(cells.get(cell));
    }

    private synchronized String put(String cell, Optional<String> version, Object content) throws IOException {
        if (!get(cell).map(Stored::version).equals(version)) {
            throw new AccountRecords.ConflictException(cell);
        }
        cells.put(cell, new Stored(String.valueOf(++versions), content));
        return String.valueOf(versions);
    }

    /** As if the time of the lease had passed. */
    synchronized void endLease(String account) {
        get("lease " + account)
                .ifPresent(stored -> cells.put(
                        "lease " + account,
                        new Stored(stored.version(), new AccountRecords.Lease(Optional.empty(), Duration.ZERO))));
    }

    AccountRecords.Entry entry(String account) {
        return (AccountRecords.Entry) get(account).orElseThrow().content();
    }

    Client client(String holder) {
        return new Client(holder);
    }

    final class Client implements AccountRecords {
        private final String holder;
        volatile Fault fault = (request, isExecuted) -> {};

        private Client(String holder) {
            this.holder = holder;
        }

        private Optional<MemoryRecords.Stored> get(String request, String cell) throws IOException {
            fault.at(request, false);
            Optional<MemoryRecords.Stored> found = MemoryRecords.this.get(cell);
            fault.at(request, true);
            return found;
        }

        private String put(String request, String cell, Optional<String> version, Object content) throws IOException {
            fault.at(request, false);
            String written = MemoryRecords.this.put(cell, version, content);
            fault.at(request, true);
            return written;
        }

        @Override
        public Optional<Stored<Entry>> read(String account) throws IOException {
            return get("read", account).map(found -> new Stored<>(found.version(), (Entry) found.content()));
        }

        @Override
        public String write(String account, Optional<String> version, Entry entry) throws IOException {
            return put("write", account, version, entry);
        }

        @Override
        public Optional<Stored<Lease>> readLease(String account) throws IOException {
            return get("readLease", "lease " + account)
                    .map(found -> new Stored<>(found.version(), (Lease) found.content()));
        }

        @Override
        public String writeLease(String account, Optional<String> version, Lease lease) throws IOException {
            return put("writeLease", "lease " + account, version, lease);
        }

        @Override
        public String holder() {
            return holder;
        }

        @Override
        public Path place(String account) {
            return Path.of("record", account);
        }
    }
}

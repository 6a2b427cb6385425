package org.opensciencegrid.tokenrenewer.net;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/**
 * The revocation lists in a directory of CAs, as IGTF's fetch-crl stores them. Reads the start of each of the hundreds
 * of files once, and the rest only of those from a CA of a chain.
 */
final class CrlDirectory {
    private static final Pattern NAME = Pattern.compile(".*\\.(r\\d+|crl)");

    private final Path directory;
    private final Map<X509Certificate, State> known = new HashMap<>();
    private final Set<X509Certificate> expected = new LinkedHashSet<>();
    private @Nullable Map<X500Principal, List<Path>> files;

    CrlDirectory(Path directory) {
        this.directory = directory;
    }

    /** @param unusable files with the name of the CA that are malformed or not signed by it */
    private record State(Optional<Crl> crl, List<Path> unusable) {}

    /** When a certificate was revoked by its CA, and which file contains this. */
    record Revocation(Instant time, Path file) {}

    synchronized Optional<Revocation> revocation(X509Certificate certificate, X509Certificate ca) {
        return state(ca)
                .crl()
                .flatMap(crl ->
                        crl.revocation(certificate.getSerialNumber()).map(time -> new Revocation(time, crl.file())));
    }

    /** Notes that a list of this CA should be present. */
    synchronized void expect(X509Certificate ca) {
        expected.add(ca);
    }

    synchronized List<TrustStore.RevocationList> expected() {
        List<TrustStore.RevocationList> lists = new ArrayList<>();
        for (X509Certificate ca : expected) {
            State state = state(ca);
            lists.add(new TrustStore.RevocationList(
                    TrustStore.name(ca.getSubjectX500Principal()),
                    state.crl().map(Crl::file),
                    state.crl().flatMap(Crl::nextUpdate),
                    state.unusable().stream().findFirst().orElse(directory)));
        }
        return lists;
    }

    private State state(X509Certificate ca) {
        return known.computeIfAbsent(ca, this::load);
    }

    /** Loads the newest list of a CA. */
    private State load(X509Certificate ca) {
        Crl newest = null;
        List<Path> unusable = new ArrayList<>();
        for (Path file : files().getOrDefault(ca.getSubjectX500Principal(), List.of())) {
            try {
                Crl crl = Crl.read(file);
                crl.revocation(BigInteger.ZERO); // no certificate has this number, so this reads to the end
                if (!crl.isSignedAndComplete(ca)) {
                    unusable.add(file);
                } else if (newest == null || crl.thisUpdate().isAfter(newest.thisUpdate())) {
                    newest = crl;
                }
            } catch (IOException | IllegalArgumentException e) {
                unusable.add(file);
            }
        }
        return new State(Optional.ofNullable(newest), unusable);
    }

    private Map<X500Principal, List<Path>> files() {
        if (files == null) {
            files = list(directory);
        }
        return files;
    }

    private static Map<X500Principal, List<Path>> list(Path directory) {
        Map<X500Principal, List<Path>> files = new HashMap<>();
        try (Stream<Path> all = Files.list(directory)) {
            for (Path file : all.sorted().toList()) {
                if (NAME.matcher(file.getFileName().toString()).matches() && Files.isRegularFile(file)) {
                    Optional<X500Principal> ca = Crl.issuer(file);
                    if (ca.isPresent()) {
                        files.computeIfAbsent(ca.get(), key -> new ArrayList<>())
                                .add(file);
                    }
                }
            }
        } catch (IOException e) {
            // The CAs of this directory were just read. check reports that there is no list.
        }
        return files;
    }
}

package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.live.OidcProvider.Mode;

/** npm oidc-provider in its other modes, one server for each, with the cases that differ. */
class OidcProviderModesRing {
    private static final String[] ROTATION = {
        "public client", "three rotating renewals", "replayed refresh token", "user disabled, then enabled"
    };

    private static final String[] TOKENS = {
        "dynamic registration",
        "client credentials",
        "fresh token",
        "narrowing by scope",
        "narrowing by audience",
        "scope never granted",
        "audience refused",
        "clock off by an hour"
    };

    private static final Map<Mode, String[]> ROWS = Map.of(
            Mode.DEFAULT_ROTATION, ROTATION,
            Mode.NEVER_ROTATES, ROTATION,
            Mode.OPAQUE, TOKENS,
            Mode.WITHOUT_RESOURCES, TOKENS,
            Mode.SHORT_LIVED, new String[] {"authorization of 20 s"},
            Mode.CLOSING, new String[] {"dynamic registration", "public client", "three rotating renewals"});

    @TempDir
    static Path directory;

    @TestFactory
    Stream<DynamicTest> modes() {
        return Stream.of(Mode.values()).filter(ROWS::containsKey).flatMap(this::mode);
    }

    /** One mode after the other: a server runs only during its tests. */
    private Stream<DynamicTest> mode(Mode mode) {
        try {
            Path own = Files.createDirectories(directory.resolve(mode.name()));
            LiveIssuer issuer = new OidcProvider(own, mode);
            LiveColumn column = new LiveColumn(issuer, LiveCases.named(ROWS.get(mode)), own);
            List<DynamicTest> tests = column.tests().toList();
            return Stream.concat(
                    tests.stream(), Stream.of(DynamicTest.dynamicTest(issuer.name() + ": ends", column::end)));
        } catch (Exception e) {
            return Stream.of(DynamicTest.dynamicTest(mode.name() + ": starts", () -> {
                throw e;
            }));
        }
    }
}

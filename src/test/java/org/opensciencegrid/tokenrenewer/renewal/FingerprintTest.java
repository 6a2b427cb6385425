package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.lang.reflect.RecordComponent;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.ClientFiles;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.util.Secret;

class FingerprintTest {
    private static final NetworkOptions ANOTHER_WAY =
            new NetworkOptions(Optional.empty(), Optional.of(Duration.ofSeconds(10)));
    private static final ClientFiles KEY =
            new ClientFiles(Optional.of(Path.of("/k")), Optional.empty(), Optional.empty());
    private static final Object[] STORED = {
        "a",
        1,
        Path.of("/a.pw"),
        Optional.empty(),
        Optional.of(ClientAuth.POST),
        ClientFiles.NONE,
        Optional.empty(),
        NetworkOptions.DEFAULT
    };
    private static final Object[] OTHER_STORED = {
        "b",
        2,
        Path.of("/b.pw"),
        Optional.of(AudienceParameter.AUDIENCE),
        Optional.of(ClientAuth.BASIC),
        KEY,
        Optional.of(Path.of("/ca")),
        ANOTHER_WAY
    };
    private static final Object[] CREDENTIALS = {
        "a",
        1,
        URI.create("https://a/"),
        Optional.empty(),
        "id",
        Optional.of(Secret.of("s")),
        Optional.empty(),
        AudienceParameter.AUDIENCE,
        ClientAuth.POST,
        ClientFiles.NONE,
        Optional.empty(),
        NetworkOptions.DEFAULT
    };
    private static final Object[] OTHER_CREDENTIALS = {
        "b",
        2,
        URI.create("https://b/"),
        Optional.of("https://b"),
        "other",
        Optional.of(Secret.of("t")),
        Optional.of(Path.of("/s")),
        AudienceParameter.RESOURCE,
        ClientAuth.BASIC,
        KEY,
        Optional.of(Path.of("/ca")),
        ANOTHER_WAY
    };

    @Test
    void everyComponentCountsButTheLineAndTheWayToTheIssuer() throws Exception {
        everyComponentCounts(StoredAccount.class, STORED, OTHER_STORED);
        everyComponentCounts(ClientCredentialsAccount.class, CREDENTIALS, OTHER_CREDENTIALS);
    }

    private static void everyComponentCounts(Class<? extends AccountSection> type, Object[] values, Object[] others)
            throws Exception {
        List<String> names = Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getName)
                .toList();
        for (int i = 0; i < values.length; i++) {
            Object[] changed = values.clone();
            changed[i] = others[i];
            String before = Fingerprint.of(section(type, values));
            String after = Fingerprint.of(section(type, changed));
            if (names.get(i).equals("line") || names.get(i).equals("networkOptions")) {
                assertEquals(before, after);
            } else {
                assertNotEquals(before, after, names.get(i));
            }
        }
    }

    private static AccountSection section(Class<? extends AccountSection> type, Object... values) throws Exception {
        return (AccountSection) type.getDeclaredConstructors()[0].newInstance(values);
    }
}

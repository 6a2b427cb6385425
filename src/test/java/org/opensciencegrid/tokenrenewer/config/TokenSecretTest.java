package org.opensciencegrid.tokenrenewer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class TokenSecretTest {
    @Test
    void namespaceAndKeyAreOptional() {
        assertEquals(Optional.of(new TokenSecret(Optional.empty(), "tokens", "token")), TokenSecret.parse("tokens"));
        assertEquals(
                Optional.of(new TokenSecret(Optional.of("ns"), "my.tokens", "A_b.c-d")),
                TokenSecret.parse("ns/my.tokens#A_b.c-d"));
    }

    @Test
    void anythingElseIsNoSecret() {
        for (String wrong : new String[] {
            "", "#", "#k", "/n", "ns/", "ns/#k", "a/b/c", "a b", "Tokens", "n#", "n#a/b", "n#a#b", "n#a/b#c", "n.s/t",
            "../t"
        }) {
            assertEquals(Optional.empty(), TokenSecret.parse(wrong), wrong);
        }
    }
}

package org.opensciencegrid.tokenrenewer.oidc;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Arbitrary bytes as an access token, and as the payload of one. Run by {@code .ci/fuzz/run}. */
public final class ClaimsFuzz {
    private ClaimsFuzz() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        read(new String(input, StandardCharsets.UTF_8));
        read("e30." + Base64.getUrlEncoder().withoutPadding().encodeToString(input) + ".sig");
    }

    private static void read(String token) {
        JwtClaims.of(token).ifPresent(claims -> {
            claims.expiresAt();
            claims.issuedAt();
            claims.notBefore();
            claims.issuer();
            claims.subject();
            claims.audience();
            claims.scope();
        });
    }
}

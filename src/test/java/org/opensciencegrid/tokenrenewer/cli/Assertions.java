package org.opensciencegrid.tokenrenewer.cli;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Date;
import org.opensciencegrid.tokenrenewer.oidc.ClientKeys;

/** Assertions as a Kubernetes cluster or SPIFFE makes them. */
final class Assertions {
    private Assertions() {}

    static String signed(ClientKeys keys, String issuer, String subject, String audience, Clock clock, Duration life) {
        try {
            ECKey key = ECKey.parse(new String(keys.encode(), StandardCharsets.UTF_8));
            SignedJWT jwt = new SignedJWT(
                    new JWSHeader.Builder(JWSAlgorithm.ES256)
                            .keyID(key.getKeyID())
                            .build(),
                    new JWTClaimsSet.Builder()
                            .issuer(issuer)
                            .subject(subject)
                            .audience(audience)
                            .expirationTime(Date.from(clock.instant().plus(life)))
                            .build());
            jwt.sign(new ECDSASigner(key));
            return jwt.serialize();
        } catch (java.text.ParseException | com.nimbusds.jose.JOSEException e) {
            throw new IllegalStateException(e);
        }
    }
}

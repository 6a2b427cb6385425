package org.opensciencegrid.tokenrenewer.live;

import java.time.Duration;
import java.util.function.Consumer;
import org.opensciencegrid.testkit.Policy;

/**
 * The behavior of a server that does not run here: a policy of the embedded issuer, and the facts that the cases need.
 * Each line of a policy was observed at that version of the server.
 */
record Dialect(
        String name,
        Consumer<Policy> policy,
        boolean tellsDenial,
        boolean punishesReplay,
        boolean hasPersons,
        boolean isPlain) {
    /** As in the RFCs. */
    static final Dialect STRICT = new Dialect("embedded", policy -> {}, true, true, true, false);

    /** The same without TLS, which is permitted on a loopback host. */
    static final Dialect PLAIN = new Dialect("embedded, http", policy -> {}, true, true, true, true);

    /** INDIGO IAM 1.8.2, the issuer of WLCG experiments. */
    static final Dialect IAM = new Dialect(
            "as INDIGO IAM",
            policy -> {
                policy.trailingSlashIssuer = true;
                policy.oauthAuthorizationServer = false;
                policy.minClientName = 4;
                policy.secretExpiresAt = null;
                policy.registrationRefusesUnknownScope = false;
                policy.sendInterval = false;
                policy.interval = 0;
                policy.sendSlowDown = false;
                policy.deviceNeedsClientIdParam = true;
                policy.denyKeepsPending = true;
                policy.rotate = false;
                policy.jwtRefreshTokens = true;
                policy.killFamilyOnReuse = false;
                policy.pathScopes = true;
                policy.audienceParameter = Policy.AudienceParameter.AUDIENCE;
                policy.iamErrors = true;
            },
            false,
            false,
            true,
            false);

    /** OA4MP 6.2.3, which CILogon uses. */
    static final Dialect OA4MP = new Dialect(
            "as OA4MP",
            policy -> {
                policy.issuerPath = "/oauth2";
                policy.registrationWithoutManagement = true;
                policy.clientIdPrefix = "oa4mp:/client_id/";
                policy.graceForOldToken = Duration.ofHours(1);
                policy.refreshLife = Duration.ofDays(15);
                policy.tellsRefreshLife = true;
                policy.killFamilyOnReuse = false;
                policy.sendScopeInAnswer = false;
                policy.dropsWiderScope = true;
                policy.wrongSecretError = "unauthorized_client";
            },
            true,
            false,
            false,
            false);
}

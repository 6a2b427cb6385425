package org.opensciencegrid.tokenrenewer.issuer;

import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * How the issuer behaves. Every field may be changed at any time; the first value is what a strict server does.
 * Each comment names the servers that do otherwise.
 */
public final class Policy {
    public static final String DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";
    public static final String REFRESH_TOKEN = "refresh_token";
    public static final String CLIENT_CREDENTIALS = "client_credentials";
    public static final String AUTHORIZATION_CODE = "authorization_code";
    public static final String OFFLINE_ACCESS = "offline_access";

    /** Which request parameter sets the audience of an access token. */
    public enum AudienceParameter {
        /** RFC 8707, oidc-provider: `resource`, may be repeated; `audience` is ignored. */
        RESOURCE,
        /** INDIGO IAM before 1.12: one `audience`, space separated; `resource` is ignored. */
        AUDIENCE,
        /** INDIGO IAM 1.12: both, `resource` first. */
        BOTH,
        /** MITREid, Keycloak: neither has an effect. */
        IGNORED,
        /** A server without resource servers (oidc-provider with no such resource): 400 invalid_target. */
        REFUSED
    }

    // Strictness

    /** False: a breach of the rules is recorded, but answered as well as may be (first of two parameters wins, ...). */
    public volatile boolean strict = true;

    // Discovery

    /** False: no /.well-known/openid-configuration (404). */
    public volatile boolean openidConfiguration = true;
    /** False: no /.well-known/oauth-authorization-server (404): most OpenID providers. */
    public volatile boolean oauthAuthorizationServer = true;
    /** INDIGO IAM, MITREid: `issuer` and the id_token's `iss` end in a slash, the access token's does not. */
    public volatile boolean trailingSlashIssuer;
    /** A path in the issuer: `/realms/x` (Keycloak), `/oauth2` (OA4MP). Starts with a slash, ends without. */
    public volatile String issuerPath = "";
    /** A mix-up (RFC 8414 section 3.3): discovery tells this issuer instead. */
    public volatile String otherIssuerText;
    /** RFC 8414 section 2, few: `service_documentation`. */
    public volatile String documentation;
    /** Many: discovery has no scopes_supported. */
    public volatile boolean omitScopesSupported;

    // Registration

    /** False without a registration token: registration is off, as by default at oidc-provider and Spring AS. */
    public volatile boolean openRegistration = true;
    /** Keycloak, oidc-provider, Spring AS: the initial access token that registration needs. */
    public volatile String registrationToken;
    /** oidc-provider by its default: without redirect_uris 400 invalid_redirect_uri. */
    public volatile boolean registrationNeedsRedirectUri;
    /** Some older servers: 200 instead of 201. */
    public volatile boolean registrationAnswers200;
    /** OA4MP: no registration_access_token in the answer, and no management. */
    public volatile boolean registrationWithoutManagement;
    /** Keycloak, anonymous registration: `openid` in scope is 403 insufficient_scope, and each client may ask for it. */
    public volatile boolean registrationRefusesOpenid;
    /** False: unknown scopes are dropped in silence (IAM). True: 400 invalid_client_metadata (oidc-provider). */
    public volatile boolean registrationRefusesUnknownScope = true;
    /** Grants a client may register for; client_credentials is refused by OA4MP and oidc-provider's open registration. */
    public volatile Set<String> registrationGrants = Set.of(DEVICE_CODE, REFRESH_TOKEN, AUTHORIZATION_CODE);
    /** What a registration without `scope` gets: IAM gives no offline_access. */
    public volatile Set<String> scopesIfNoneRegistered = Set.of("openid", "profile", "email");
    /** INDIGO IAM: 4; a shorter or missing client_name is 400. */
    public volatile int minClientName;
    /** client_secret_expires_at, in seconds since 1970; 0 never. Null: left out (IAM). A secret past it is refused. */
    public volatile Long secretExpiresAt = 0L;
    /** OA4MP without anonymousOK: registration is answered 500 with a text. */
    public volatile boolean registrationIsServerError;
    /** OA4MP: registered (201) is not approved; the device endpoint answers 400 text `error="unauthorized_client"`. */
    public volatile boolean unapprovedClient;
    /** OA4MP: `oa4mp:/client_id/`, so that client ids hold a colon and slashes. */
    public volatile String clientIdPrefix = "";
    /** Some: client secrets hold characters that Basic authentication must form-urlencode (RFC 6749 section 2.3.1). */
    public volatile boolean awkwardSecrets;

    // Device authorization

    /** False: no `interval`, so 5 (oidc-provider, Spring AS, MITREid, IAM). */
    public volatile boolean sendInterval = true;
    /** Seconds between polls; when not sent, 5 is enforced, unless this is 0. */
    public volatile int interval = 5;
    /** False: no slow_down, too fast is authorization_pending (oidc-provider, Spring AS, MITREid, IAM). */
    public volatile boolean sendSlowDown = true;
    /** False: no `expires_in` in the device answer (MITREid), against RFC 8628 section 3.2. */
    public volatile boolean sendExpiresInForDevice = true;
    /** False: no verification_uri_complete (IAM can turn it off). */
    public volatile boolean sendCompleteUri = true;
    /** IAM, MITREid: `client_id` in the body even with Basic; without it 400 with an empty body. */
    public volatile boolean deviceNeedsClientIdParam;
    /** oidc-provider: unknown scopes are dropped. IAM: 400 invalid_scope. */
    public volatile boolean deviceDropsUnknownScope;
    /** IAM, MITREid: a denied code stays authorization_pending. */
    public volatile boolean denyKeepsPending;

    public volatile Duration deviceLife = Duration.ofMinutes(10);

    // Tokens

    public volatile Set<String> scopes = Set.of(
            "openid",
            "profile",
            "email",
            OFFLINE_ACCESS,
            "wlcg.groups",
            "storage.read:/",
            "storage.modify:/",
            "compute.read",
            "compute.create");
    /** IAM: `storage.read:/foo` may be asked where `storage.read:/` was granted. */
    public volatile boolean pathScopes;
    /** False: the same refresh token is returned (MITREid, IAM by default); a public client's rotates always. */
    public volatile boolean rotate = true;
    /** False: the answer to a refresh holds no refresh token when it did not rotate (RFC 6749 section 6 allows it). */
    public volatile boolean repeatUnrotated = true;
    /** False: a reused refresh token is refused and the newest lives on (Spring AS, IAM). */
    public volatile boolean killFamilyOnReuse = true;
    /** OA4MP: a rotated token stays good for an hour. */
    public volatile Duration graceForOldToken = Duration.ZERO;
    /** How long a refresh token lives; starts again when it rotates, and not otherwise (IAM: 30 days in all). */
    public volatile Duration refreshLife = Duration.ofDays(30);
    /** oidc-provider: 14 days from the login, whatever is refreshed in between. Null: no end. */
    public volatile Duration grantLife;
    /** INDIGO IAM: the refresh token is a JWT with alg none, whose exp is its end. */
    public volatile boolean jwtRefreshTokens;
    /** OA4MP: the answer names `refresh_token_lifetime` and `refresh_token_iat`. */
    public volatile boolean tellsRefreshLife;
    /** Keycloak: `refresh_expires_in`, 0 for an offline token. */
    public volatile Long refreshExpiresIn;
    /** False: a refresh token without offline_access (Spring AS, Keycloak). The client needs the grant anyway. */
    public volatile boolean giveRefreshTokenOnlyForOfflineAccess = true;

    public volatile int accessSeconds = 300;
    /** OA4MP, oidc-provider without a resource: the access token is no JWT. */
    public volatile boolean opaqueAccessTokens;
    /** RS256 or ES256. */
    public volatile String signatureAlgorithm = "RS256";
    /** False: the answer has no `scope` (OA4MP), against RFC 6749 section 5.1 when it is not what was asked. */
    public volatile boolean sendScopeInAnswer = true;
    /** Spring AS: `scope` in the JWT is an array. */
    public volatile boolean scopeClaimIsArray;

    public volatile boolean sendIdToken = true;
    /** The id_token names this subject instead (OpenID Connect Core section 12.2). */
    public volatile String idTokenSubject;
    /** The id_token names this issuer instead. */
    public volatile String idTokenIssuer;
    /** Narrowing by scope has no effect: the token has all that was granted. */
    public volatile boolean ignoresNarrowing;
    /** After one narrowed refresh, those without scope stay narrowed. */
    public volatile boolean narrowingSticks;
    /** Keycloak: `scope` of the answer is the full list although the token is narrowed. */
    public volatile boolean answerScopeIsAlwaysFull;
    /** Keycloak, OA4MP: a scope never granted is dropped in silence instead of invalid_scope. */
    public volatile boolean dropsWiderScope;

    // Audience

    public volatile AudienceParameter audienceParameter = AudienceParameter.BOTH;
    /** The audience of a token that asks for none (WLCG profile: any). */
    public volatile List<String> defaultAudience = List.of("https://wlcg.cern.ch/jwt/v1/any");
    /** oidc-provider: a resource not asked at device time is invalid_target, and the refresh token is used up. */
    public volatile boolean requireResourceAtDeviceTime;

    // Errors

    /** IAM, MITREid: 401 invalid_token that repeats the refresh token; wrong secret 401 `unauthorized`. */
    public volatile boolean iamErrors;
    /** The code for a wrong secret: `unauthorized_client` at Keycloak. */
    public volatile String wrongSecretError = "invalid_client";
}

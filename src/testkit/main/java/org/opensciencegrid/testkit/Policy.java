package org.opensciencegrid.testkit;

import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * How the issuer behaves. You may change any field at any time. The initial value is that of a strict server. Each
 * comment names the servers that behave differently.
 */
public final class Policy {
    public static final String DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";
    public static final String REFRESH_TOKEN = "refresh_token";
    public static final String CLIENT_CREDENTIALS = "client_credentials";
    public static final String TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
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
        /** MITREid, Keycloak: both are ignored. */
        IGNORED,
        /** A server without resource servers (oidc-provider with no such resource): 400 invalid_target. */
        REFUSED
    }

    // Strictness

    /**
     * False: a violation is recorded, but the request is answered if possible (the first of two parameters wins, ...).
     */
    public volatile boolean strict = true;

    // Discovery

    /** False: no /.well-known/openid-configuration (404). */
    public volatile boolean openidConfiguration = true;
    /** False: no /.well-known/oauth-authorization-server (404): most OpenID providers. */
    public volatile boolean oauthAuthorizationServer = true;
    /** INDIGO IAM, MITREid: `issuer` and the id_token's `iss` end in a slash, the access token's does not. */
    public volatile boolean trailingSlashIssuer;
    /**
     * A path in the issuer: `/realms/x` (Keycloak), `/oauth2` (OA4MP). Starts with a slash and does not end with one.
     */
    public volatile String issuerPath = "";
    /** A mix-up (RFC 8414 section 3.3): discovery returns this issuer instead. */
    public volatile String otherIssuerText;
    /** RFC 8414 section 2, few: `service_documentation`. */
    public volatile String documentation;
    /** Many: discovery has no scopes_supported. */
    public volatile boolean omitScopesSupported;

    /** The path of the token endpoint, in the metadata too. If it changes, the former path is 404. */
    public volatile String tokenPath = "/token";

    // Registration

    /** False without a registration token: registration is off, the default of oidc-provider and Spring AS. */
    public volatile boolean openRegistration = true;
    /** Keycloak, oidc-provider, Spring AS: the initial access token that registration requires. */
    public volatile String registrationToken;
    /** oidc-provider by default: without redirect_uris 400 invalid_redirect_uri. */
    public volatile boolean registrationNeedsRedirectUri;
    /** Some older servers: 200 instead of 201. */
    public volatile boolean registrationAnswers200;
    /** OA4MP: no registration_access_token in the response, and no management. */
    public volatile boolean registrationWithoutManagement;
    /**
     * Keycloak, anonymous registration: `openid` in scope is 403 insufficient_scope, but every client may request it.
     */
    public volatile boolean registrationRefusesOpenid;
    /** False: unknown scopes are dropped silently (IAM). True: 400 invalid_client_metadata (oidc-provider). */
    public volatile boolean registrationRefusesUnknownScope = true;
    /** Grants a client may register for. OA4MP and oidc-provider's open registration reject client_credentials. */
    public volatile Set<String> registrationGrants = Set.of(DEVICE_CODE, REFRESH_TOKEN, AUTHORIZATION_CODE);
    /** The scope of a registration without `scope`: IAM does not include offline_access. */
    public volatile Set<String> scopesIfNoneRegistered = Set.of("openid", "profile", "email");
    /** INDIGO IAM: 4; a shorter or missing client_name is 400. */
    public volatile int minClientName;
    /**
     * client_secret_expires_at, in seconds since 1970; 0 means never. Null: omitted (IAM). An expired secret is
     * rejected.
     */
    public volatile Long secretExpiresAt = 0L;
    /** OA4MP without anonymousOK: registration returns 500 with a text. */
    public volatile boolean registrationIsServerError;
    /**
     * OA4MP: a registered client (201) is not yet approved; the device endpoint returns 400 text
     * `error="unauthorized_client"`.
     */
    public volatile boolean unapprovedClient;
    /** OA4MP: `oa4mp:/client_id/`, so that client ids contain a colon and slashes. */
    public volatile String clientIdPrefix = "";
    /**
     * Some: client secrets contain characters that Basic authentication must form-urlencode (RFC 6749 section 2.3.1).
     */
    public volatile boolean awkwardSecrets;

    /** Spring AS: `response_types` [] is 400 invalid_request; without the code grant it may be omitted. */
    public volatile boolean registrationRefusesEmptyResponseTypes;
    /** Registers a client that sends keys for a secret, and ignores its keys. */
    public volatile boolean registrationIgnoresKeys;
    /** glewlwyd: the only name for the device grant that its registration accepts. */
    public volatile String registrationDeviceGrant = DEVICE_CODE;
    /**
     * RFC 7591 section 3.2.1: the response contains these grant_types instead of the requested ones, and they apply.
     */
    public volatile Set<String> registrationGrantsInstead;
    /** The permitted client authentication methods, which are also in the metadata. */
    public volatile List<String> clientAuthMethods = List.of("client_secret_basic", "client_secret_post", "none");
    /** What `aud` of a client assertion must be: `issuer`, `token_endpoint`, or null for either. */
    public volatile String assertionAudience;
    /** INDIGO IAM: the response says that each refresh ends the earlier access tokens. */
    public volatile boolean registrationClearsAccessTokens;
    /** INDIGO IAM, OA4MP, Spring AS: scopes that are granted but not in scopes_supported. */
    public volatile Set<String> unlistedScopes = Set.of();

    // Device authorization

    /** Some: a scope that the device endpoint rejects although the client is registered for it. */
    public volatile String deviceRefusesScope;
    /** False: no `interval`, which means 5 (oidc-provider, Spring AS, MITREid, IAM). */
    public volatile boolean sendInterval = true;
    /** Seconds between polls. If it is not sent, 5 is enforced unless this is 0. */
    public volatile int interval = 5;
    /** False: no slow_down; polling too fast returns authorization_pending (oidc-provider, Spring AS, MITREid, IAM). */
    public volatile boolean sendSlowDown = true;
    /** False: no `expires_in` in the device response (MITREid), contrary to RFC 8628 section 3.2. */
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
    /** IAM: `storage.read:/foo` may be requested if `storage.read:/` was granted. */
    public volatile boolean pathScopes;
    /** False: the same refresh token is returned (MITREid, IAM by default); that of a public client always rotates. */
    public volatile boolean rotate = true;
    /** False: a refresh response without rotation contains no refresh token (RFC 6749 section 6 allows it). */
    public volatile boolean repeatUnrotated = true;
    /** False: a reused refresh token is rejected and the newest stays valid (Spring AS, IAM). */
    public volatile boolean killFamilyOnReuse = true;
    /** OA4MP: a rotated token stays valid for an hour. */
    public volatile Duration graceForOldToken = Duration.ZERO;
    /** The lifetime of a refresh token. It starts again only when the token rotates (IAM: 30 days in total). */
    public volatile Duration refreshLife = Duration.ofDays(30);
    /** oidc-provider: 14 days from the login, regardless of refreshes. Null: no end. */
    public volatile Duration grantLife;
    /** INDIGO IAM: the refresh token is a JWT with alg none, and its exp is the end of its lifetime. */
    public volatile boolean jwtRefreshTokens;
    /** OA4MP: the response contains `refresh_token_lifetime` and `refresh_token_iat`. */
    public volatile boolean tellsRefreshLife;
    /** Keycloak: `refresh_expires_in`, 0 for an offline token. */
    public volatile Long refreshExpiresIn;
    /**
     * False: refresh tokens are granted without offline_access (Spring AS, Keycloak). The client needs the grant
     * anyway.
     */
    public volatile boolean giveRefreshTokenOnlyForOfflineAccess = true;

    public volatile int accessSeconds = 300;
    /** OA4MP, oidc-provider without a resource: the access token is not a JWT. */
    public volatile boolean opaqueAccessTokens;
    /** RS256 or ES256. */
    public volatile String signatureAlgorithm = "RS256";
    /** False: the response has no `scope` (OA4MP), contrary to RFC 6749 section 5.1 if it differs from the request. */
    public volatile boolean sendScopeInAnswer = true;
    /** Spring AS: `scope` in the JWT is an array. */
    public volatile boolean scopeClaimIsArray;

    /** The `sub` of a token by client credentials. Null: the client id (WLCG profile). */
    public volatile String clientSubject;

    public volatile boolean sendIdToken = true;
    /** The id_token has this subject instead (OpenID Connect Core section 12.2). */
    public volatile String idTokenSubject;
    /** The id_token has this issuer instead. */
    public volatile String idTokenIssuer;
    /** Narrowing by scope has no effect: the token has the whole granted scope. */
    public volatile boolean ignoresNarrowing;
    /** After a refresh with a narrower scope, later ones without scope stay narrow. */
    public volatile boolean narrowingSticks;
    /** Keycloak: `scope` of the response is the full list although the token is narrower. */
    public volatile boolean answerScopeIsAlwaysFull;
    /** Keycloak, OA4MP: a scope that was never granted is dropped silently instead of invalid_scope. */
    public volatile boolean dropsWiderScope;

    // Audience

    public volatile AudienceParameter audienceParameter = AudienceParameter.BOTH;
    /** The audience of a token if the request has none (WLCG profile: any). */
    public volatile List<String> defaultAudience = List.of("https://wlcg.cern.ch/jwt/v1/any");
    /**
     * oidc-provider: a resource that the device request did not name is invalid_target, and the refresh token is used
     * up.
     */
    public volatile boolean requireResourceAtDeviceTime;

    /** Microsoft Entra: `resource` is 400 invalid_request. */
    public volatile boolean resourceIsInvalidRequest;
    /** A proxy in front of an issuer: without `client_id` in the body 400, even with Basic. */
    public volatile boolean tokenNeedsClientIdParam;

    // Token exchange

    /** Keycloak since 26.2, INDIGO IAM, OA4MP: the grant of RFC 8693, for clients that have it. */
    public volatile boolean tokenExchange;
    /** Keycloak: the only audiences and resources of an exchange; others are 400 invalid_target. Null: any. */
    public volatile Set<String> exchangeAudiences;

    // Errors

    /** IAM, MITREid: 401 invalid_token that echoes the refresh token; a wrong secret is 401 `unauthorized`. */
    public volatile boolean iamErrors;
    /** The code for a wrong secret: `unauthorized_client` at Keycloak. */
    public volatile String wrongSecretError = "invalid_client";
}

// The certified npm package oidc-provider as an issuer with https on 127.0.0.1. Keeps everything in memory.
//
// Called with one argument of JSON:
//   port
//   issuer                 its URL; has another port if there is a proxy in front of it
//   rotation               "always": a new refresh token each time, and using an old one ends the grant;
//                          "lenient": a new one each time, old ones stay valid; "never"; "default": that of the package
//   keyStore, passphrase   PKCS #12 file with the server's key and certificate
//   clientCa               PEM file with the CA of clients that authenticate with a certificate
//   registration           "open", "off", or "token": with the initial access token registrationToken
//   registrationToken
//   clients                predefined clients, in the form of RFC 7591
//   hastyClient            id of the client whose user codes expire after 3 seconds
//   forbiddenAudience      rejected with invalid_target
//   resources              false: no resource indicators
//   accessTokens           "opaque": no JWTs
//   closes                 true: closes the connection after each response
//   accessSeconds, refreshSeconds    lifetimes of tokens, if they should be short
//
// Reads these lines from its input: "disable PERSON", "enable PERSON", "secret CLIENT SECRET", "keys CLIENT JWKS",
// "subject CLIENT SUBJECT" (of its certificate); answers "done LINE".
//
// Prints "ready URL" when it is ready, and "token request of CLIENT" for each token request; the test counts them.

import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createInterface } from 'node:readline';
import Provider, { errors } from 'oidc-provider';

const settings = JSON.parse(process.argv[2]);
const SCOPES = ['compute.read', 'compute.create'];
const DEFAULT_AUDIENCE = 'https://wlcg.cern.ch/jwt/v1/any';

const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const disabled = new Set();

const registration = {
  enabled: settings.registration !== 'off',
  initialAccessToken: settings.registration === 'token' ? settings.registrationToken : false,
};

const provider = new Provider(settings.issuer, {
  clients: settings.clients,
  clockTolerance: 0, // with the default, a code is valid for 15 more seconds
  cookies: { keys: ['only for tests'] },
  jwks: { keys: [{ ...signingKey, kid: 'rsa', use: 'sig', alg: 'RS256' }] },
  scopes: ['openid', 'offline_access', 'profile', ...SCOPES],
  claims: { openid: ['sub'] },
  findAccount: (context, subject) =>
    disabled.has(subject) ? undefined : { accountId: subject, claims: () => ({ sub: subject }) },
  ttl: {
    AccessToken: settings.accessSeconds ?? 600,
    ClientCredentials: 600,
    DeviceCode: (context, code, client) => (client.clientId === settings.hastyClient ? 3 : 600),
    Grant: 86_400,
    IdToken: 600,
    Interaction: 600,
    RefreshToken: settings.refreshSeconds ?? 86_400,
    Session: 3600,
  },
  ...(settings.rotation !== 'default' && { rotateRefreshToken: settings.rotation !== 'never' }),
  clientAuthMethods: [
    'client_secret_basic', 'client_secret_jwt', 'client_secret_post', 'private_key_jwt', 'none', 'tls_client_auth',
  ],
  features: {
    mTLS: {
      enabled: true,
      tlsClientAuth: true,
      getCertificate: (context) => context.socket.getPeerX509Certificate(),
      certificateAuthorized: (context) => context.socket.authorized,
      certificateSubjectMatches: (context, property, expected) =>
        property === 'tls_client_auth_subject_dn'
        && context.socket.getPeerX509Certificate().subject === expected,
    },
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true }, // its own pages for sign-in and consent
    deviceFlow: { enabled: true },
    registration,
    registrationManagement: { enabled: registration.enabled },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: settings.resources ?? true,
      defaultResource: (context, client, oneOf) => oneOf?.[0] ?? DEFAULT_AUDIENCE,
      useGrantedResource: () => true,
      getResourceServerInfo(context, resource) {
        if (resource === settings.forbiddenAudience) throw new errors.InvalidTarget();
        return { scope: SCOPES.join(' '), audience: resource, accessTokenFormat: settings.accessTokens ?? 'jwt' };
      },
    },
  },
});

provider.proxy = true; // trust the proxy headers of a request
if (settings.rotation === 'lenient') {
  provider.RefreshToken.prototype.consume = async () => {};
}

provider.use(async (context, next) => {
  if (settings.closes) context.set('Connection', 'close');
  await next();
  if (context.oidc?.route === 'device_authorization' && context.status === 200) {
    context.body.interval = 1; // the package sends none, which means 5 seconds: long for a test
  }
  if (context.oidc?.route === 'token') {
    console.log(`token request of ${context.oidc.client?.clientId}`);
  }
});
provider.on('server_error', (context, error) => console.error(context.method, context.path, error));

createInterface({ input: process.stdin }).on('line', async (line) => {
  const [word, name, value] = line.split(' ');
  if (word === 'secret') {
    const client = await provider.Client.adapter.find(name);
    await provider.Client.adapter.upsert(name, { ...client, client_secret: value });
  } else if (word === 'keys') {
    await provider.Client.adapter.upsert(name, {
      client_id: name, token_endpoint_auth_method: 'private_key_jwt', jwks: JSON.parse(value),
      grant_types: ['client_credentials'], response_types: [], redirect_uris: [],
    });
  } else if (word === 'subject') {
    await provider.Client.adapter.upsert(name, {
      client_id: name, token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: value,
      grant_types: ['client_credentials'], response_types: [], redirect_uris: [],
    });
  } else {
    disabled[word === 'disable' ? 'add' : 'delete'](name);
  }
  console.log(`done ${line}`);
});

createServer({
  pfx: readFileSync(settings.keyStore), passphrase: settings.passphrase,
  ca: readFileSync(settings.clientCa), requestCert: true, rejectUnauthorized: false,
}, provider.callback())
  .listen(settings.port, '127.0.0.1', () => console.log(`ready ${provider.issuer}`));

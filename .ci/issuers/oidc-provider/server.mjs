// A real, certified OpenID provider (npm oidc-provider) for the live ring: https on 127.0.0.1.
// usage: node server.mjs PORT KEYS.p12 PASSWORD NODE_MODULES [JSON]
// JSON: rotate (always|never|default), deviceSeconds, registration (open|off|<initial access token>)
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const [port, keys, passphrase, modules, json] = process.argv.slice(2);
const options = { rotate: 'always', deviceSeconds: 300, registration: 'open', ...JSON.parse(json ?? '{}') };
const entry = path.resolve(modules, 'oidc-provider/lib/index.js');
const { default: Provider, errors } = await import(pathToFileURL(entry));

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const RESOURCE = 'https://wlcg.cern.ch/jwt/v1/any';
const SCOPES = ['wlcg', 'storage.read:/', 'compute.read', 'compute.create'];

const key = (type, params, extra) => ({ ...generateKeyPairSync(type, params).privateKey.export({ format: 'jwk' }), use: 'sig', ...extra });
const client = (id, secret, grants) => ({
  client_id: id,
  ...(secret ? { client_secret: secret } : { token_endpoint_auth_method: 'none' }),
  grant_types: grants,
  response_types: [],
  redirect_uris: [],
});

const provider = new Provider(`https://localhost:${port}`, {
  jwks: { keys: [key('rsa', { modulusLength: 2048 }, { kid: 'rsa', alg: 'RS256' })] },
  clients: [
    client('manual-client', 'manual-secret-0123456789abcdef', [DEVICE, 'refresh_token']),
    client('public-client', null, [DEVICE, 'refresh_token']),
    client('cc-client', 'cc-secret-%41-0123456789abcdef', ['client_credentials']),
    client('no-refresh', 'nr-secret-0123456789abcdef', [DEVICE]),
  ],
  cookies: { keys: ['live-ring'] },
  clockTolerance: 0,
  scopes: ['openid', 'offline_access', 'profile', ...SCOPES],
  claims: { openid: ['sub'] },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  ttl: { AccessToken: 600, ClientCredentials: 600, DeviceCode: options.deviceSeconds, RefreshToken: 86400, Grant: 86400, IdToken: 600, Interaction: 600, Session: 3600 },
  ...(options.rotate === 'default' ? {} : { rotateRefreshToken: options.rotate === 'always' }),
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    registration: { enabled: options.registration !== 'off', initialAccessToken: ['open', 'off'].includes(options.registration) ? false : options.registration },
    registrationManagement: { enabled: options.registration !== 'off' },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, _client, oneOf) => (oneOf ? oneOf[0] : RESOURCE),
      useGrantedResource: () => true,
      getResourceServerInfo(_ctx, resource) {
        if (resource.includes('forbidden')) throw new errors.InvalidTarget();
        return { scope: SCOPES.join(' '), audience: resource, accessTokenTTL: 600, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } };
      },
    },
  },
});

// What happened, for tests: how many refresh requests, and a switch that kills every refresh token.
let refreshes = 0;
provider.use(async (ctx, next) => {
  await next();
  if (ctx.oidc?.route === 'token' && ctx.oidc.params?.grant_type === 'refresh_token') refreshes += 1;
});
const app = provider.callback();
https.createServer({ pfx: fs.readFileSync(keys), passphrase }, (request, response) => {
  if (request.url === '/test/refreshes') response.end(String(refreshes));
  else app(request, response);
}).listen(Number(port), '127.0.0.1', () => console.log(`ready ${provider.issuer}`));

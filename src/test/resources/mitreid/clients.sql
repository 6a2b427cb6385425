-- The clients that MITREid starts with, instead of the one in its war. The database is new each time, so that nothing has
-- to be merged. Runs after scopes.sql. Mitreid.java knows the same ids and secrets.

-- Only the refresh tokens of 'manual' rotate; only the user codes of 'hasty' end within seconds.
INSERT INTO client_details
  (client_id, client_secret, client_name, token_endpoint_auth_method, reuse_refresh_tokens,
   device_code_validity_seconds, access_token_validity_seconds) VALUES
  ('manual',     'manual-secret-0123456789',     'Predefined client',      'SECRET_BASIC', false, 600,  3600),
  ('public',     NULL,                           'Public client',          'NONE',         true,  600,  3600),
  ('service',    'service-secret-0123456789',    'Client credentials',     'SECRET_BASIC', true,  NULL, 3600),
  ('hasty',      'hasty-secret-0123456789',      'Short-lived user codes', 'SECRET_BASIC', true,  8,    3600),
  ('no-refresh', 'no-refresh-secret-0123456789', 'No refresh tokens',      'SECRET_BASIC', true,  600,  3600);

INSERT INTO client_scope (owner_id, scope)
  SELECT client_details.id, system_scope.scope FROM client_details, system_scope;

INSERT INTO client_grant_type (owner_id, grant_type)
  SELECT id, 'client_credentials' FROM client_details WHERE client_id = 'service';
INSERT INTO client_grant_type (owner_id, grant_type)
  SELECT id, 'urn:ietf:params:oauth:grant-type:device_code' FROM client_details WHERE client_id <> 'service';
INSERT INTO client_grant_type (owner_id, grant_type)
  SELECT id, 'refresh_token' FROM client_details WHERE client_id NOT IN ('service', 'no-refresh');

package org.opensciencegrid.testkit;

import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * An access token that the issuer gave.
 *
 * @param family null if no user authorized it
 */
record AccessToken(Client client, TokenFamily family, Set<String> scopes, List<String> audience, Instant expires) {}

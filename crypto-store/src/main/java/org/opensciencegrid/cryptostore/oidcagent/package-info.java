/**
 * The file format of oidc-agent's accounts.
 */
@NullMarked
package org.opensciencegrid.cryptostore.oidcagent;

import org.jspecify.annotations.NullMarked;

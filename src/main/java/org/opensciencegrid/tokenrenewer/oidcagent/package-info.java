/**
 * Imports accounts from oidc-agent and exports accounts to it. This package knows the meaning of oidc-agent's JSON and
 * the location of its files; crypto-store knows their encryption. It does not know setup, renewal or status.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.oidcagent;

import org.jspecify.annotations.NullMarked;

/**
 * Accounts of oidc-agent: taken over from there, and given back. It knows what oidc-agent's JSON means and where its files
 * lie; how they are encrypted is crypto-store's. It knows neither setup nor renewal nor status.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.agent;

import org.jspecify.annotations.NullMarked;

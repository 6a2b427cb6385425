/**
 * The shipped program against live issuers: one table of cases, {@code LiveCases}, is played on every {@code LiveIssuer}.
 * What an issuer does not offer is told with its answer, not skipped in silence. docs/testing-issuers.md says how to run it
 * and how to add an issuer.
 */
package org.opensciencegrid.tokenrenewer.live;

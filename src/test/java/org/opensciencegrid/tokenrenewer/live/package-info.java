/**
 * The shipped program with real issuers: the cases of {@code LiveCases} run on every {@code LiveIssuer}. If an issuer
 * does not support a case, the matrix contains its response, so no case is skipped silently. docs/developer/testing-issuers.md
 * describes how to run this and how to add an issuer.
 */
package org.opensciencegrid.tokenrenewer.live;

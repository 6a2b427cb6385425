/** The talk with issuers, against the embedded one and against a server that sends any bytes it is told to. */
package org.opensciencegrid.tokenrenewer.oidc;

/** Tests of the issuer protocols, with the embedded issuer and with a server that sends arbitrary bytes. */
package org.opensciencegrid.tokenrenewer.oidc;

/** Runs target/dist, the tree that an admin installs, as processes against the embedded issuer. */
package org.opensciencegrid.tokenrenewer.dist;

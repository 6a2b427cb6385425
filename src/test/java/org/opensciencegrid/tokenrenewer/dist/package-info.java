/** The tree of target/dist as processes: what an operator installs, on the embedded issuer. */
package org.opensciencegrid.tokenrenewer.dist;

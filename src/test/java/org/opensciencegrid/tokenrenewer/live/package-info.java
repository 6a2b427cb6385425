/**
 * The shipped tree against real servers that nobody here wrote. One table of cases; what a server does not offer is
 * said, not skipped in silence.
 */
package org.opensciencegrid.tokenrenewer.live;

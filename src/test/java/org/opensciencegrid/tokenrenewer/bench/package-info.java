/** What {@code .ci/bench/run} and the build need to run the program as a process: an issuer, and accounts at it. */
package org.opensciencegrid.tokenrenewer.bench;

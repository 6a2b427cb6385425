/** An issuer with accounts, for {@code .ci/bench/run} and the build, which run the program as a process. */
package org.opensciencegrid.tokenrenewer.bench;

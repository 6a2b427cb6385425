/** An issuer with accounts, for {@code .ci/bench/run}, {@code .ci/classes/record} and {@code StartIT}. */
package org.opensciencegrid.tokenrenewer.bench;

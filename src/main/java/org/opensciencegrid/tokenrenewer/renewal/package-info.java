/**
 * One timer run: which tokens are due, in what order, and the outcome of each. Does not depend on setup or status,
 * prints nothing and never ends the process: the caller gets every outcome.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.renewal;

import org.jspecify.annotations.NullMarked;

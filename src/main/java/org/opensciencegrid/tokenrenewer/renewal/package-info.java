/**
 * One timer run: which tokens are due, in what order, what became of each. It knows neither setup nor status, prints
 * nothing, and never ends the process: every outcome goes to its caller.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.renewal;

import org.jspecify.annotations.NullMarked;

/**
 * One timer run: which tokens are due, in what order, what became of each. It knows neither setup nor status, prints
 * nothing, and never ends the process: every outcome goes to its caller.
 */
package org.opensciencegrid.tokenrenewer.renewal;

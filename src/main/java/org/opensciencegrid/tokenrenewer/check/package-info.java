/**
 * Finds faults before they stop renewals: files and their owners, the timer, the sandbox, the clock, the issuers.
 * Requests no token and writes nothing. The text of the findings is in cli.output.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.check;

import org.jspecify.annotations.NullMarked;

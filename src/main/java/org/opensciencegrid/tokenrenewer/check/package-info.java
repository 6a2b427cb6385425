/**
 * Finds problems before they stop renewals: files and their owners, the timer, the sandbox, the clock, the issuers.
 * Requests no token, and deletes the test files that it creates. The text of the findings is in cli.output.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.check;

import org.jspecify.annotations.NullMarked;

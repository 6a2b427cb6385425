/**
 * Looks for what will break before it does: files and their owners, the timer, the sandbox, the clock, the issuers. It asks
 * no issuer for a token and writes nothing. The texts of what it finds are the cli's.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.check;

import org.jspecify.annotations.NullMarked;

/** Starts the programs that a site configures. */
@NullMarked
package org.opensciencegrid.tokenrenewer.process;

import org.jspecify.annotations.NullMarked;

/**
 * What one run leaves behind for the next run and for {@code status}: one small JSON file per account, with no secret in
 * it. It decides nothing: renewal writes, status reads.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.state;

import org.jspecify.annotations.NullMarked;

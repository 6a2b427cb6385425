/**
 * The unit files of the service and its timer, as systemd would read them: without systemd, for whoever may read them. It
 * knows nothing of accounts and tokens.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.systemd;

import org.jspecify.annotations.NullMarked;

/**
 * Reads the unit files of the service and its timer as systemd reads them, for any user and without systemd. Does not
 * depend on accounts or tokens.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.systemd;

import org.jspecify.annotations.NullMarked;

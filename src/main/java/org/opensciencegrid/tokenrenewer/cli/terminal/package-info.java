/**
 * What needs a terminal: prompts, the countdown, QR codes, the full screen of status --watch.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.cli.terminal;

import org.jspecify.annotations.NullMarked;

/**
 * Options, exit statuses, and every word that is printed. Commands are thin: they read options, call one task of
 * renewal, setup or status, and say what became of it. The only room that knows picocli, System.out and exit.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.cli;

import org.jspecify.annotations.NullMarked;

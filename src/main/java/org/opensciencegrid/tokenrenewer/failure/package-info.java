/**
 * Why something failed: the kinds of failures, the exception that carries one, and the table that maps the exceptions of
 * the lower packages to them. The messages and fixes are in cli.output.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.failure;

import org.jspecify.annotations.NullMarked;

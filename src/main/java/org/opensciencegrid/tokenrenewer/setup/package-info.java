/**
 * Registers and authorizes one account with a person at the terminal. It decides what is asked and in which order; the
 * words belong to the cli, which stands behind {@code Person}. It knows neither renewal nor status.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.setup;

import org.jspecify.annotations.NullMarked;

/**
 * Registers and authorizes one account together with a user at the terminal. This package decides what to ask and in
 * which order. The texts are in cli.terminal, which implements {@code SetupUi}. It does not know renewal or status.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.setup;

import org.jspecify.annotations.NullMarked;

/**
 * Access tokens as files: how fresh the current one is, and how to replace it so that no reader ever sees a missing,
 * empty or partial file. This package does not know issuers or accounts.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.token;

import org.jspecify.annotations.NullMarked;

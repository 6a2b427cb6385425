/**
 * Access tokens as files: how fresh the one on disk is, and how a new one takes its place without a reader ever seeing
 * an absent, empty or partial file. It knows no issuer and no account.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.token;

import org.jspecify.annotations.NullMarked;

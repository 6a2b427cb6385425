/**
 * Notifies the owners of accounts: decides when, once for all targets, and delivers the messages by mail, program or
 * webhook. Loaded only if an account has the option {@code notify}.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.notify;

import org.jspecify.annotations.NullMarked;

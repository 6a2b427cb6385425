/**
 * HTTP to issuers: one safe transport, trusted CAs, revocation lists, proxies, limits on time and memory, and the log of
 * requests. Knows no protocol above HTTP.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.net;

import org.jspecify.annotations.NullMarked;

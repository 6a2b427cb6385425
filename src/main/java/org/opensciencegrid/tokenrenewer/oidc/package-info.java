/**
 * The issuer's protocols: discovery (RFC 8414, OpenID Discovery), dynamic client registration (RFC 7591, 7592), the
 * device grant (RFC 8628), token requests (RFC 6749, 8707). Sends nothing itself: {@code net} does. It stores
 * nothing, prints nothing, and knows no config file: callers store what must outlive the process.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.oidc;

import org.jspecify.annotations.NullMarked;

/**
 * The issuer's protocols: discovery (RFC 8414, OpenID Discovery), dynamic client registration (RFC 7591, 7592), the
 * device grant (RFC 8628), token requests (RFC 6749, 8707). The only room that knows Nimbus and HTTP. It stores
 * nothing, prints nothing, and knows no config file: what must outlive the process is handed to its caller.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.oidc;

import org.jspecify.annotations.NullMarked;

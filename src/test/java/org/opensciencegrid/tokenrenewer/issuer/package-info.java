/**
 * An OpenID issuer of our own, for tests and for the demonstration in the README. Test scope only: nothing that ships
 * may know it.
 *
 * <p>It is strict by default: each request is held against RFC 6749, 7009, 7591, 7592, 8414, 8628, 8707 and OpenID
 * Connect Core, a breach is answered as the RFC says and kept in {@link
 * org.opensciencegrid.tokenrenewer.issuer.EmbeddedIssuer#violations()}. What real servers do otherwise is a switch of
 * {@link org.opensciencegrid.tokenrenewer.issuer.Policy}; what networks do is a {@link
 * org.opensciencegrid.tokenrenewer.issuer.Fault}.
 *
 * <p>It shares no code with the client that it tests: no Nimbus class and no class of the application, so a
 * misunderstanding cannot be on both sides.
 */
package org.opensciencegrid.tokenrenewer.issuer;

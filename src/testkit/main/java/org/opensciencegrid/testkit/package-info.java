/**
 * An OpenID issuer for tests and for the demonstration in the README. Test scope only: no shipped code may use it.
 *
 * <p>It is strict by default: each request is checked against RFC 6749, 7009, 7591, 7592, 8628 and 8707. A violation is answered as the RFC requires and recorded in {@link
 * org.opensciencegrid.testkit.EmbeddedIssuer#violations()}. {@link
 * org.opensciencegrid.testkit.Policy} has a switch for each different behavior of a real server, and {@link
 * org.opensciencegrid.testkit.Fault} simulates network failures.
 *
 * <p>It shares no code with the client under test: no Nimbus class and no class of the application. So both cannot have
 * the same misunderstanding.
 */
package org.opensciencegrid.testkit;

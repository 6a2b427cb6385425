/**
 * Reads config.ini into an immutable {@link org.opensciencegrid.tokenrenewer.config.Config}, or reports everything that
 * is wrong with it at once.
 *
 * <p>There are three layers: {@code IniParser} (lines to sections, exactly as Python's configparser reads them), {@code
 * Interpolation} ({@code %(key)s}) and {@code Validation} (what an account and a token must have). Only this package
 * knows ini4j, and uses it only to store sections and options. Its own reader differs from configparser in too many
 * ways, and its {@code fetch()} recurses endlessly on hostile values (CVE-2022-41404), so this package only calls
 * {@code get()}.
 *
 * <p>From {@code oidc} it uses {@code ClientAuth} and {@code AudienceParameter}; from {@code net}, how an issuer is reached and which URLs
 * are safe; no protocol. It does not know command line options ({@code cli}), and it prints nothing.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.config;

import org.jspecify.annotations.NullMarked;

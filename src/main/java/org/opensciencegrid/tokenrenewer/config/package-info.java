/**
 * Reads config.ini into an immutable {@link org.opensciencegrid.tokenrenewer.config.Config}, or says everything that is
 * wrong with it at once.
 *
 * <p>Three layers, each on top of the one before: {@code IniParser} (lines to sections, exactly as Python's configparser
 * reads them), {@code Interpolation} ({@code %(key)s}), {@code Validation} (what an account and a token must have). Only
 * this package knows ini4j, and only as the place to keep sections and options: its own reader differs from configparser
 * in too many ways, and its {@code fetch()} runs into endless recursion on hostile values (CVE-2022-41404), so values
 * are taken out with {@code get()} alone.
 *
 * <p>Of {@code oidc} it knows two words of the file, {@code ClientAuth} and {@code AudienceParameter}, and which URLs are
 * safe; no protocol. It must not know options of the command line ({@code cli}), or whether the files that it names exist;
 * and it prints nothing.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.config;

import org.jspecify.annotations.NullMarked;

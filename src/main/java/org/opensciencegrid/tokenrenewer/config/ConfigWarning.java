package org.opensciencegrid.tokenrenewer.config;

/**
 * Something that is probably a mistake but does not prevent the use of the file.
 *
 * @param text see {@link ConfigError#text}
 */
public record ConfigWarning(int line, String text) {}

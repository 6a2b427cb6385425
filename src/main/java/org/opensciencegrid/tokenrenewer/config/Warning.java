package org.opensciencegrid.tokenrenewer.config;

/**
 * Something that the file probably did not mean, but that can be worked with.
 *
 * @param text see {@link Problem#text}
 */
public record Warning(int line, String text) {}

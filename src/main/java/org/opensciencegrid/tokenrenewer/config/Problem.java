package org.opensciencegrid.tokenrenewer.config;

/**
 * Something that makes the file unusable.
 *
 * @param line 0 for the whole file
 * @param text never contains a client secret, but may repeat other words of the file: make it printable before it is shown
 */
public record Problem(int line, String text) {}

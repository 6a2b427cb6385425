package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;

/**
 * A mistake that makes its section or the whole file unusable.
 *
 * @param line 0 for the whole file
 * @param text never contains a client secret, but may repeat other words of the file: make it printable before you show
 *     it
 */
public record ConfigError(int line, String text) {
    /** The problem with its location: {@code FILE:LINE: TEXT}. */
    public String in(Path file) {
        return line == 0 ? file + ": " + text : file + ":" + line + ": " + text;
    }
}

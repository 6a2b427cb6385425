package org.opensciencegrid.cryptostore;

import java.nio.file.Path;

/**
 * The number of a generation that this host has seen, and the file that contains it.
 *
 * @param number 0 if there is none
 */
public record Generation(long number, Path file) {}

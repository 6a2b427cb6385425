package org.opensciencegrid.cryptostore;

import java.nio.file.Path;

/**
 * Where the bytes passed to {@link OpenAccount#save} are now. They are always durable.
 *
 * @param generation the generation of the bytes
 * @param file the file that contains them
 * @param rescued whether the account file could not be written. Then the bytes are in {@code file}, and the next open
 *     (or reserve) moves them to the account file. The operator must be informed immediately
 * @param problem the error of the operating system; empty if there was none. Not empty with {@code rescued} false if
 *     only the copy of the previous generation could not be kept
 */
public record SaveResult(long generation, Path file, boolean rescued, String problem) {}

package org.opensciencegrid.cryptostore;

import java.nio.file.Path;

/**
 * Where the bytes given to {@link OpenAccount#save} are now. They are durable in every case.
 *
 * @param generation the generation they have
 * @param where the file that holds them
 * @param rescued whether the account file itself could not be written as the protocol wants. The bytes are in
 *     {@code where}, and the next open (or reserve) brings them home; the operator must hear of it at once
 * @param problem what the operating system said; empty if all went well. Not empty with {@code rescued} false if only
 *     the copy of the previous generation could not be kept
 */
public record Saved(long generation, Path where, boolean rescued, String problem) {}

package org.opensciencegrid.cryptostore;

import java.nio.file.Path;
import java.util.List;

/**
 * The parts of an account file that need no password. The checksum is correct, but nothing is authenticated.
 *
 * @param account the account name
 * @param generation starts at 1 and increases by one with every write
 * @param kdf the cost of opening it
 * @param unpublished complete newer generations that are not published yet (after a crash or a failed write). The next
 *     {@link LockedAccount#open} publishes one of them. May briefly include a rotation that is in progress
 */
public record Header(String account, long generation, KdfParameters kdf, List<Path> unpublished) {}

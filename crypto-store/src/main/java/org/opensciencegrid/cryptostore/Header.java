package org.opensciencegrid.cryptostore;

import java.nio.file.Path;
import java.util.List;

/**
 * What an account file tells without a password. Its checksum was right; nothing here is authenticated.
 *
 * @param account the account name
 * @param generation 1 or more, one higher at every write
 * @param kdf the cost of opening it
 * @param waiting complete, newer generations that are not published yet (after a crash or a failed write); the next
 *     {@link LockedAccount#open} does it. A rotation that is going on may show here for an instant.
 */
public record Header(String account, long generation, KdfParameters kdf, List<Path> waiting) {}

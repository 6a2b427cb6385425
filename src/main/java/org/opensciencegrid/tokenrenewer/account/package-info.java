/**
 * What is kept about a client between runs, and its encoding: the plaintext inside an account file, and where its
 * password comes from. It does not know how the file is encrypted or replaced (crypto-store) nor when (renewal, setup).
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.account;

import org.jspecify.annotations.NullMarked;

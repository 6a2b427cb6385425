/**
 * The stored data of a client and its encoding, which is the plaintext of an account file, and where the account's
 * password comes from. This package does not know how the file is encrypted or replaced (crypto-store), nor when
 * (renewal, setup).
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.account;

import org.jspecify.annotations.NullMarked;

/**
 * Password-encrypted files that survive crashes.
 *
 * <p>This package knows account names, bytes and passwords. It does not know OAuth or JSON. {@code
 * docs/reference/account-file.md} specifies the file format and the rotation protocol; "step n" in the comments is a step of that
 * protocol.
 *
 * <p>Cryptography is Argon2id (RFC 9106), AES-256-GCM (NIST SP 800-38D) and SHA-256 from BouncyCastle's lightweight
 * API. No security provider is registered.
 *
 * <p>Typical use: {@link AccountStore#lock}, {@link LockedAccount#open}, {@link OpenAccount#reserve} <em>before</em>
 * the issuer is asked, {@link OpenAccount#save} as soon as it has answered.
 */
@NullMarked
package org.opensciencegrid.cryptostore;

import org.jspecify.annotations.NullMarked;

package org.opensciencegrid.cryptostore.oidcagent;

import java.util.Arrays;
import java.util.Optional;
import org.bouncycastle.crypto.engines.XSalsa20Engine;
import org.bouncycastle.crypto.macs.Poly1305;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithIV;

/**
 * NaCl's crypto_secretbox_xsalsa20poly1305 in the layout of libsodium's "easy" functions: 16 bytes of tag, then the
 * ciphertext.
 */
final class SecretBox {
    static final int TAG_BYTES = 16;
    private static final int ONE_TIME_KEY_BYTES = 32;

    private SecretBox() {}

    /** The text; empty if {@link #seal} did not create the input with this key and nonce. */
    static Optional<byte[]> open(byte[] key, byte[] nonce, byte[] sealed) {
        if (sealed.length < TAG_BYTES) {
            return Optional.empty();
        }
        XSalsa20Engine stream = stream(key, nonce);
        byte[] oneTimeKey = oneTimeKey(stream);
        byte[] tag = tag(oneTimeKey, sealed);
        Arrays.fill(oneTimeKey, (byte) 0);
        if (!org.bouncycastle.util.Arrays.constantTimeAreEqual(tag, Arrays.copyOf(sealed, TAG_BYTES))) {
            return Optional.empty();
        }
        byte[] text = new byte[sealed.length - TAG_BYTES];
        stream.processBytes(sealed, TAG_BYTES, text.length, text, 0);
        return Optional.of(text);
    }

    /** @param nonce 24 bytes, never used before with this key */
    static byte[] seal(byte[] key, byte[] nonce, byte[] text) {
        XSalsa20Engine stream = stream(key, nonce);
        byte[] oneTimeKey = oneTimeKey(stream);
        byte[] sealed = new byte[TAG_BYTES + text.length];
        stream.processBytes(text, 0, text.length, sealed, TAG_BYTES);
        System.arraycopy(tag(oneTimeKey, sealed), 0, sealed, 0, TAG_BYTES);
        Arrays.fill(oneTimeKey, (byte) 0);
        return sealed;
    }

    private static XSalsa20Engine stream(byte[] key, byte[] nonce) {
        XSalsa20Engine stream = new XSalsa20Engine();
        stream.init(true, new ParametersWithIV(new KeyParameter(key), nonce));
        return stream;
    }

    /** The first 32 bytes of the key stream are the key of the tag. The text uses the bytes after them. */
    private static byte[] oneTimeKey(XSalsa20Engine stream) {
        byte[] zeros = new byte[ONE_TIME_KEY_BYTES];
        byte[] key = new byte[ONE_TIME_KEY_BYTES];
        stream.processBytes(zeros, 0, zeros.length, key, 0);
        return key;
    }

    private static byte[] tag(byte[] oneTimeKey, byte[] sealed) {
        Poly1305 mac = new Poly1305();
        mac.init(new KeyParameter(oneTimeKey));
        mac.update(sealed, TAG_BYTES, sealed.length - TAG_BYTES);
        byte[] tag = new byte[TAG_BYTES];
        mac.doFinal(tag, 0);
        return tag;
    }
}

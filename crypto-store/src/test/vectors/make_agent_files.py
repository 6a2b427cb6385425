#!/usr/bin/env python3
"""Writes src/test/resources/oidc-agent/{argon2i-2.1.3,hex-argon2i-1.8,hex-argon2id-2.0.3}: make_agent_files.py JSON DIRECTORY

The formats that oidc-agent wrote before 4, by libsodium, as oidc-agent itself does. Shares no code with the Java one. The
output is committed; tests do not run it. oidc-gen-4.2.6 beside them is from Debian's oidc-gen.
"""
import base64
import ctypes
import os
import pathlib
import sys

ARGON2I, ARGON2ID = 1, 2
PASSWORD = b"correct horse battery staple"
sodium = ctypes.CDLL("libsodium.so.23")
sodium.sodium_init()


def derive(length, salt, operations, memory, algorithm):
    out = ctypes.create_string_buffer(length)
    assert 0 == sodium.crypto_pwhash(
        out, ctypes.c_ulonglong(length), PASSWORD, ctypes.c_ulonglong(len(PASSWORD)), salt,
        ctypes.c_ulonglong(operations), ctypes.c_size_t(memory), algorithm)
    return out.raw


def seal(text, nonce, key):
    out = ctypes.create_string_buffer(len(text) + 16)
    assert 0 == sodium.crypto_secretbox_easy(out, text, ctypes.c_ulonglong(len(text)), nonce, key)
    return out.raw


def lines(text, operations, memory, algorithm, version):
    """2.1.0 and later: Base64, a line each, with a hash of the key."""
    nonce, salt = os.urandom(24), os.urandom(16)
    key = derive(64, salt, operations, memory, algorithm)
    sealed = seal(text, nonce, key[:32])
    b64 = lambda data: base64.b64encode(data).decode()
    return (f"{len(sealed)}\n{b64(nonce)}\n{b64(salt)}\n24:16:16:32:1:{operations}:{memory}:{algorithm}\n"
            f"{b64(sealed)}\n{b64(key[32:])}\nGenerated using version: {version}")


def hexadecimal(text, operations, memory, algorithm):
    nonce, salt = os.urandom(24), os.urandom(16)
    sealed = seal(text, nonce, derive(32, salt, operations, memory, algorithm))
    return f"{len(sealed)}:{salt.hex()}:{nonce.hex()}:{sealed.hex()}"


text = pathlib.Path(sys.argv[1]).read_bytes()
out = pathlib.Path(sys.argv[2])
(out / "argon2i-2.1.3").write_text(lines(text, 4, 33554432, ARGON2I, "2.1.3"))
(out / "hex-argon2i-1.8").write_text(hexadecimal(text, 4, 33554432, ARGON2I))
(out / "hex-argon2id-2.0.3").write_text(hexadecimal(text, 2, 67108864, ARGON2ID) + "\nGenerated using version: 2.0.3")

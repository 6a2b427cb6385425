#!/usr/bin/env python3
"""Writes src/test/resources/vectors: account files of format 1, valid and hostile, and their index.

An implementation of docs/reference/account-file.md that shares no code with the Java one: Argon2id, AES-GCM and SHA-256 are
OpenSSL's, by way of the Python package "cryptography" (44 or later). Its output is committed; tests do not run it.
"""
import base64, hashlib, pathlib, re
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

OUT = pathlib.Path(__file__).parent.parent / "resources" / "vectors"
NAME, PASSWORD = "cilogon-example", b"correct horse battery staple"
PLAIN = b'{"v":1,"refresh_token":"r\xc3\xa9fresh"}'
SALT, NONCE = bytes(range(16)), bytes(range(100, 112))
b64 = lambda b: base64.b64encode(b).decode()


def end(body):
    return body + f"end: sha256={b64(hashlib.sha256(body.encode('latin-1')).digest())}\n"


def body(name=NAME, generation=7, m=8, t=1, p=1, password=PASSWORD, plain=PLAIN, salt=SALT):
    out = Argon2id(salt=salt, length=64, iterations=t, lanes=p, memory_cost=m).derive(password)
    head = (f"osg-token-renewer-account 1\naccount: {name}\ngeneration: {generation}\n"
            f"kdf: argon2id v=19 m={m} t={t} p={p} salt={b64(salt)}\ncheck: {b64(out[32:])}\n"
            f"cipher: aes-256-gcm nonce={b64(NONCE)}\n")
    return head + f"data: {b64(AESGCM(out[:32]).encrypt(NONCE, plain, head.encode()))}\n"


GOOD = body()
INDEX = []


def put(name, kind, text, reason=""):
    (OUT / f"{name}.account").write_bytes(text if isinstance(text, bytes) else text.encode("latin-1"))
    INDEX.append(f"{name}.account {kind} {reason}".rstrip())


def edit(name, kind, reason, old, new):
    """One replacement above the end line, whose checksum is made right again."""
    assert GOOD.count(old) == 1, (name, GOOD.count(old))
    put(name, kind, end(GOOD.replace(old, new)), reason)


def field(label):
    return re.search(label + r"(\S+)", GOOD).group(1)


def flip(text, index):
    raw = bytearray(base64.b64decode(text))
    raw[index] ^= 1
    return b64(bytes(raw))


OUT.mkdir(exist_ok=True)
for old in OUT.iterdir():
    old.unlink()
put("valid", "VALID", end(GOOD))
put("valid-two-lanes", "VALID", end(body(m=64, t=2, p=2)))
put("valid-default-cost", "VALID", end(body(m=65536, t=3, p=1)))
put("valid-largest-generation", "VALID", end(body(generation=10**18 - 1)))

good, data, salt, check, nonce = end(GOOD), field("data: "), field("salt="), field("check: "), field("nonce=")
sha = re.search(r"sha256=(\S+)", good).group(1)
put("empty", "CORRUPT", "", "empty")
put("nothing-but-zeros", "CORRUPT", b"\0" * 512, "does not begin like an account file")
put("oidc-agent-account", "CORRUPT", "515\nMA2M\n", "does not begin like an account file")
put("longer-than-256-kib", "LIMITS", end(body(plain=b"x" * 196_400)), "longer than 262144 bytes")
put("version-2", "UNSUPPORTED", end(GOOD.replace("account 1\n", "account 2\n")), "written by a newer program (format 2;")
put("version-2-of-unknown-form", "UNSUPPORTED", "osg-token-renewer-account 2\n\1\2\3", "written by a newer program (format 2;")
put("version-0", "CORRUPT", end(GOOD.replace("account 1\n", "account 0\n")), "does not begin like an account file")
put("version-with-leading-zero", "CORRUPT", end(GOOD.replace("account 1\n", "account 01\n")), "does not begin like an account file")
put("version-missing", "CORRUPT", end(GOOD.replace("account 1\n", "account\n")), "does not begin like an account file")
put("byte-order-mark", "CORRUPT", end("\xef\xbb\xbf" + GOOD), "does not begin like an account file")
put("crlf-line-ends", "CORRUPT", end(GOOD.replace("\n", "\r\n")), "does not begin like an account file")
put("checksum-missing", "CORRUPT", GOOD, "the checksum line is missing")
put("checksum-wrong", "CORRUPT", good.replace(sha, flip(sha, 31)), "the checksum is wrong")
put("checksum-not-canonical-base64", "CORRUPT", good.replace(sha, sha[:-2] + chr(ord(sha[-2]) + 1) + "="), "the checksum is wrong")
put("checksum-in-hex", "CORRUPT", GOOD + "end: sha256=" + base64.b64decode(sha).hex() + "\n", "the checksum line is missing")
put("last-line-feed-missing", "CORRUPT", good[:-1], "the checksum line is missing")
put("text-after-the-end-line", "CORRUPT", good + "\n", "the checksum line is missing")
put("zeros-after-the-end-line", "CORRUPT", good + "\0" * 64, "the checksum line is missing")
put("cut-in-the-data-line", "CORRUPT", GOOD[:-20], "the checksum line is missing")
put("end-line-not-on-its-own-line", "CORRUPT", end(GOOD[:-1]), "the checksum line is missing")
put("only-first-and-end-line", "CORRUPT", end("osg-token-renewer-account 1\n"), "1 lines above the checksum")
edit("generation-line-twice", "CORRUPT", "8 lines above the checksum", "generation: 7\n", "generation: 7\ngeneration: 7\n")
edit("empty-line-added", "CORRUPT", "8 lines above the checksum", "data: ", "\ndata: ")
edit("check-line-missing", "CORRUPT", "6 lines above the checksum", f"check: {check}\n", "")
edit("lines-in-another-order", "CORRUPT", 'line 2 is not a valid "account" line', f"account: {NAME}\ngeneration: 7\n", f"generation: 7\naccount: {NAME}\n")
edit("account-line-of-another-name", "WRONG_ACCOUNT", "made for the account other", f"account: {NAME}", "account: other")
edit("account-with-a-slash", "CORRUPT", 'line 2 is not a valid "account" line', f"account: {NAME}", f"account: ../{NAME}")
edit("account-with-a-nul", "CORRUPT", 'line 2 is not a valid "account" line', f"account: {NAME}", f"account: {NAME}\0")
edit("account-with-a-latin-1-letter", "CORRUPT", 'line 2 is not a valid "account" line', "cilogon", "cil\xf6gon")
edit("account-with-trailing-blank", "CORRUPT", 'line 2 is not a valid "account" line', NAME, NAME + " ")
edit("two-blanks-after-the-colon", "CORRUPT", 'line 2 is not a valid "account" line', "account: ", "account:  ")
edit("key-in-capitals", "CORRUPT", 'line 5 is not a valid "check" line', "check: ", "Check: ")
edit("generation-0", "LIMITS", "generation 0", "generation: 7", "generation: 0")
edit("generation-with-leading-zero", "CORRUPT", 'line 3 is not a valid "generation" line', "generation: 7", "generation: 07")
edit("generation-with-plus-sign", "CORRUPT", 'line 3 is not a valid "generation" line', "generation: 7", "generation: +7")
edit("generation-negative", "CORRUPT", 'line 3 is not a valid "generation" line', "generation: 7", "generation: -7")
edit("generation-of-19-digits", "CORRUPT", 'line 3 is not a valid "generation" line', "generation: 7", "generation: 1" + "0" * 18)
edit("generation-missing", "CORRUPT", 'line 3 is not a valid "generation" line', "generation: 7", "generation: ")
edit("generation-in-other-digits", "CORRUPT", 'line 3 is not a valid "generation" line', "generation: 7", "generation: \xb2")
edit("kdf-argon2i", "CORRUPT", 'line 4 is not a valid "kdf" line', "argon2id", "argon2i")
edit("kdf-version-16", "CORRUPT", 'line 4 is not a valid "kdf" line', "v=19", "v=16")
edit("kdf-memory-with-leading-zero", "CORRUPT", 'line 4 is not a valid "kdf" line', "m=8", "m=08")
edit("kdf-memory-0", "LIMITS", "Argon2id memory must be", "m=8", "m=0")
edit("kdf-memory-7-kib", "LIMITS", "Argon2id memory must be", "m=8", "m=7")
edit("kdf-memory-below-8-kib-per-lane", "LIMITS", "Argon2id memory must be", "m=8 t=1 p=1", "m=31 t=1 p=4")
edit("kdf-memory-above-256-mib", "LIMITS", "Argon2id memory must be", "m=8", "m=262145")
edit("kdf-memory-100-gib", "LIMITS", "Argon2id memory must be", "m=8", "m=104857600")
edit("kdf-memory-is-8-modulo-2-to-the-32", "LIMITS", "an Argon2id parameter exceeds all limits", "m=8", "m=4294967304")
edit("kdf-memory-times-iterations-above-1-gib", "LIMITS", "Argon2id memory times iterations", "m=8 t=1", "m=262144 t=5")
edit("kdf-iterations-0", "LIMITS", "Argon2id iterations must be", "t=1", "t=0")
edit("kdf-iterations-11", "LIMITS", "Argon2id iterations must be", "t=1", "t=11")
edit("kdf-iterations-one-billion", "LIMITS", "Argon2id iterations must be", "t=1", "t=1000000000")
edit("kdf-parallelism-0", "LIMITS", "Argon2id parallelism must be", "p=1", "p=0")
edit("kdf-parallelism-255", "LIMITS", "Argon2id parallelism must be", "p=1", "p=255")
edit("kdf-iterations-2-instead-of-1", "WRONG_PASSWORD", "the password is not the right one", "t=1", "t=2")
edit("salt-of-8-bytes", "CORRUPT", "the salt has 8 bytes", salt, b64(SALT[:8]))
edit("salt-not-canonical-base64", "CORRUPT", "the salt is not canonical base64", salt, salt[:-3] + chr(ord(salt[-3]) + 1) + "==")
edit("salt-without-padding", "CORRUPT", "the salt is not canonical base64", salt, salt[:-2])
edit("salt-changed", "WRONG_PASSWORD", "the password is not the right one", salt, flip(salt, 3))
edit("check-of-31-bytes", "CORRUPT", "the check value has 31 bytes", check, b64(base64.b64decode(check)[:31]))
edit("check-first-bit-flipped", "WRONG_PASSWORD", "the password is not the right one", check, flip(check, 0))
edit("check-last-bit-flipped", "WRONG_PASSWORD", "the password is not the right one", check, flip(check, 31))
edit("cipher-chacha20-poly1305", "CORRUPT", 'line 6 is not a valid "cipher" line', "aes-256-gcm", "chacha20-poly1305")
edit("nonce-of-16-bytes", "CORRUPT", "the nonce has 16 bytes", nonce, b64(bytes(16)))
edit("nonce-not-canonical-base64", "CORRUPT", "the nonce is not canonical base64", nonce, nonce + "==")
edit("nonce-in-url-safe-base64", "CORRUPT", 'line 6 is not a valid "cipher" line', nonce, "-_" + nonce[2:])
edit("nonce-changed", "TAMPERED", "the password is right", nonce, flip(nonce, 11))
edit("data-missing", "CORRUPT", 'line 7 is not a valid "data" line', data, "")
edit("data-is-only-a-tag", "CORRUPT", "the data is too short", data, b64(base64.b64decode(data)[-16:]))
edit("data-not-canonical-base64", "CORRUPT", "the data is not canonical base64", data, data[:-2] + chr(ord(data[-2]) + 1) + "=")
edit("data-with-a-blank", "CORRUPT", 'line 7 is not a valid "data" line', data, data[:8] + " " + data[8:])
edit("data-first-bit-flipped-checksum-recomputed", "TAMPERED", "the password is right", data, flip(data, 0))
edit("data-one-byte-less-checksum-recomputed", "TAMPERED", "the password is right", data, b64(base64.b64decode(data)[:-1]))
edit("tag-flipped-checksum-recomputed", "TAMPERED", "the password is right", data, flip(data, -1))
edit("generation-raised-checksum-recomputed", "TAMPERED", "the password is right", "generation: 7", "generation: 8")
put("account-line-rewritten-from-another-name", "TAMPERED", end(body(name="other").replace("account: other", f"account: {NAME}")), "the password is right")
put("made-with-another-password", "WRONG_PASSWORD", end(body(password=PASSWORD + b"\r")), "the password is not the right one")
(OUT / "index.txt").write_text("\n".join(INDEX) + "\n")
print(len(INDEX), "files")

"""Writes vectors.json: expected outputs of package kdf, made without its code.

HKDF from hmac/hashlib (RFC 5869), X25519 by the ladder of RFC 7748 section 5,
AES-256-CTR from the `cryptography` package (OpenSSL).
"""
import hashlib
import hmac
import json
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

P = 2**255 - 19


def hkdf(ikm, info, n):
    prk = hmac.new(bytes(32), ikm, hashlib.sha256).digest()
    out, t = b"", b""
    for i in range(1, 256):
        if len(out) >= n:
            break
        t = hmac.new(prk, t + info + bytes([i]), hashlib.sha256).digest()
        out += t
    return out[:n]


def x25519(k, u):
    k = bytearray(k)
    k[0] &= 248
    k[31] = k[31] & 127 | 64
    k, x1 = int.from_bytes(k, "little"), int.from_bytes(u, "little") % 2**255
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a, b * b, d * a, c * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def text(s):
    return struct.pack(">I", len(s.encode())) + s.encode()


def info(c):
    names = text(c["sender"]) + text(c["receiver"]) + text(c["purpose"])
    return b"chorus/v1/" + bytes.fromhex(c["ctx"]) + bytes.fromhex(c["root"]) + names


def case(i, sender, receiver, purpose):
    c = {
        "ctx": hashlib.sha256(b"ctx%d" % i).hexdigest(),
        "root": hashlib.sha256(b"root%d" % i).hexdigest(),
        "sender": sender, "receiver": receiver, "purpose": purpose,
    }
    secret = hashlib.sha256(b"secret%d" % i).digest()
    peer = x25519(hashlib.sha256(b"peer%d" % i).digest(), b"\x09" + bytes(31))
    mine = hkdf(secret, info(c) + text("x25519"), 32)
    enc = Cipher(algorithms.AES256(hkdf(secret, info(c) + text("stream"), 32)), modes.CTR(bytes(16))).encryptor()
    low, high = sorted([sender.encode(), receiver.encode()])
    both = info(dict(c, sender=low.decode(), receiver=high.decode())) + text("pairwise")
    return dict(
        c, secret=secret.hex(), info=info(c).hex(), key=hkdf(secret, info(c), 80).hex(),
        stream=enc.update(bytes(100)).hex(), public=x25519(mine, b"\x09" + bytes(31)).hex(),
        peer=peer.hex(), pair=hkdf(x25519(mine, peer), both, 16).hex(),
    )


# RFC 7748 section 6.1, so that the ladder above is itself checked.
ALICE = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
BOB = bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
assert x25519(ALICE, BOB).hex() == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"

cases = [case(0, "alice", "bob", "mask"), case(1, "zoë", "bob", "box"), case(2, "", "x", "")]
with open("vectors.json", "w") as f:
    json.dump(cases, f, indent=1, ensure_ascii=False)
    f.write("\n")

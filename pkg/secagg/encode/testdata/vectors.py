"""Vectors for pkg/secagg/encode: exact rationals, and AES by the openssl tool.

    python3 vectors.py > vectors.json
"""
import hashlib
import json
import subprocess
from fractions import Fraction as F
from math import ceil, isqrt, log2


def keystream(key, n):
    cmd = ["openssl", "enc", "-aes-256-ctr", "-K", key.hex(), "-iv", "00" * 16]
    return subprocess.run(cmd, input=bytes(n), capture_output=True, check=True).stdout


def root(q, bits=200):
    """sqrt of a rational, rounded down at 2^-bits."""
    return F(isqrt(q.numerator * 4**bits // q.denominator), 2**bits)


def bound(b, wmax, d, w):
    v = F((2**(b - 1) - 2) * w, wmax)
    return v * v // 1 + d // 4 + ceil(F(66, 25) * (2 * ceil(v) + isqrt(d - 1) + 1)) + 2


def case(name, b, clip, wmax, n, w, u):
    key = hashlib.sha256(name.encode()).digest()
    stream = keystream(key, 4 * len(u))
    norm, limit = root(sum(F(v)**2 for v in u)), F(clip) * (1 - F(1, 2**36))
    gain = (2**(b - 1) - 2) / F(clip) * F(w, wmax) * min(1, limit / norm if norm else 1)
    xs = []
    for i, v in enumerate(u):
        y = F(v) * gain * 2**32
        whole = int(y)  # towards zero
        fixed = whole + int.from_bytes(stream[4 * i:4 * i + 4], "little")
        # float64 knows y to a few units of 2^-32 and must not decide a case
        assert 8 <= fixed % 2**32 < 2**32 - 8
        xs.append(fixed >> 32)
    assert sum(x * x for x in xs) <= bound(b, wmax, len(u), w)
    return {"name": name, "bits": b, "clip": clip.hex(), "max_weight": wmax, "roster": n,
            "weight": w, "u": [v.hex() for v in u], "key": key.hex(), "x": xs,
            "width": b + ceil(log2(n)), "bound": bound(b, wmax, len(u), w)}


def noise(name, d, size):
    raw = hashlib.shake_256(name.encode()).digest(4 * d)
    return [(int.from_bytes(raw[4 * i:4 * i + 4], "little") / 2**31 - 1) * size for i in range(d)]


print(json.dumps([
    case("zero", 16, 1.0, 1, 3, 1, [0.0] * 8),
    case("halves", 8, 63.0, 1, 4, 1, [0.25 * i for i in range(-20, 21)]),
    case("weighted", 16, 2.0, 7, 100, 3, noise("weighted", 50, 0.1)),
    case("clipped", 12, 0.5, 1, 1000, 1, noise("clipped", 60, 3.0)),
    case("clipped and weighted", 12, 10.0, 4096, 1024, 4095, noise("both", 40, 1e6)),
    case("smallest", 3, 1.0, 1, 12, 1, noise("smallest", 30, 0.3)),
    case("largest", 20, 1e-3, 2**32 - 1, 2**20 + 1, 2**31, noise("largest", 30, 1e-4)),
], indent=0))
print()

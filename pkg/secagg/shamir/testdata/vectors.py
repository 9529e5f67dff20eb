"""Vectors for pkg/secagg/shamir, made by Python's integers alone.

    python3 vectors.py > vectors.json

The randomness of a case is SHAKE-256 of its label, read 64 bytes at a time.
"""
import hashlib
import json

L = 2**252 + 27742317777372353535851937790883648493


def enc(v):
    return (v % L).to_bytes(32, "little").hex()


def lagrange(xs):
    out = []
    for i, xi in enumerate(xs):
        num = den = 1
        for j, xj in enumerate(xs):
            if i != j:
                num, den = num * xj % L, den * (xj - xi) % L
        out.append(num * pow(den, L - 2, L) % L)
    return out


def case(label, t, xs, keep):
    tape = hashlib.shake_256(label.encode()).digest(64 * t)
    coeffs = [int.from_bytes(tape[64 * j:64 * j + 64], "little") % L for j in range(t)]
    ys = [sum(c * pow(x, j, L) for j, c in enumerate(coeffs)) % L for x in xs]
    lam = lagrange([xs[i] for i in keep])
    assert sum(l * ys[i] for l, i in zip(lam, keep)) % L == coeffs[0]
    return {"secret": enc(coeffs[0]), "t": t, "xs": xs, "rand": tape[64:].hex(),
            "ys": [enc(y) for y in ys], "keep": keep, "lambda": [enc(v) for v in lam]}


print(json.dumps([
    case("1 of 1", 1, [1], [0]),
    case("1 of 3", 1, [1, 2, 3], [2]),
    case("2 of 3", 2, [1, 2, 3], [0, 2]),
    case("3 of 3", 3, [3, 1, 2], [0, 1, 2]),
    case("7 of 12", 7, list(range(1, 13)), [11, 0, 5, 6, 2, 9, 4]),
    case("far points", 4, [1, 2**32 - 1, 2**31, 65537, 2**32 - 2], [1, 2, 3, 4]),
    case("20 of 30", 20, list(range(1, 31)), list(range(10, 30))),
], indent=0))

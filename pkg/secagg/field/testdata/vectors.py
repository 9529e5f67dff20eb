"""Vectors for pkg/secagg/field, made by Python's integers alone.

    python3 vectors.py > vectors.json
"""
import hashlib
import json

L = 2**252 + 27742317777372353535851937790883648493


def wide(label, i):
    return hashlib.sha512(f"chorus/field/{label}/{i}".encode()).digest()


def enc(v):
    return (v % L).to_bytes(32, "little").hex()


def case(wa, wb):
    a, b = (int.from_bytes(w, "little") % L for w in (wa, wb))
    return {
        "wide_a": wa.hex(), "wide_b": wb.hex(), "a": enc(a), "b": enc(b),
        "sum": enc(a + b), "difference": enc(a - b), "product": enc(a * b),
        "negative": enc(-a), "inverse": enc(pow(a, L - 2, L)),
    }


corners = [0, 1, L - 1, L, L + 1, 2**252, 2**256 - 1, 2**511, 2**512 - 1]
cases = [case(x.to_bytes(64, "little"), y.to_bytes(64, "little"))
         for x in corners for y in corners]
cases += [case(wide("a", i), wide("b", i)) for i in range(64)]
bad = [L, L + 1, 2**253, 2**255 - 19, 2**256 - 1]
print(json.dumps({
    "cases": cases,
    "not_canonical": [v.to_bytes(32, "little").hex() for v in bad],
    "int64": [[str(v), enc(v)] for v in
              (-2**63, -2**63 + 1, -2, -1, 0, 1, 2**31, 2**63 - 1)],
}, indent=0))

"""Vectors for Harary of pkg/secagg/finder, in exact integers (no floats).

    python3 harary.py > harary.json

The three conditions are those of SecAgg+ (Bell et al., CCS 2020), as spelt out
in docs; corrupt and dropped are given as whole numbers of clients.
"""
import json
from math import comb, perm


def threshold(n, corrupt, dropped, sigma, eta, malicious, k):
    bad = corrupt + dropped
    if bad >= k and n * (n - k - 1) * perm(bad, k) * 2**sigma >= perm(n, k):
        return None
    total = comb(n, k)
    t1, tail = min(corrupt, k), 0
    while True:  # smallest t1 with Pr[X > t1] <= 2^-(sigma+1) / n
        tail += comb(corrupt, t1) * comb(n - corrupt, k - t1)
        if tail * n * 2**(sigma + 1) > total:
            break
        t1 -= 1
    alive = n - dropped
    t2, head = max(0, k - dropped), 0
    while True:  # largest t2 with Pr[Y < t2] < 2^-eta / n
        head += comb(alive, t2) * comb(dropped, k - t2)
        if head * n * 2**eta >= total:
            break
        t2 += 1
    t = (t1 + k) // 2 + 1 if malicious else t1 + 1
    return max(t, 2) if t <= t2 else None


def find(*args):
    """Smallest even k below n-1: by bisection, then down past odd steps."""
    n = args[0]
    lo, hi = 1, (n - 2) // 2
    while lo < hi:
        mid = (lo + hi) // 2
        if threshold(*args, 2 * mid):
            hi = mid
        else:
            lo = mid + 1
    for half in range(max(1, lo - 12), lo + 1):
        t = threshold(*args, 2 * half)
        if t:
            return 2 * half, t
    return 0, 0


rates = [(5, 5), (10, 10), (10, 20), (10, 30), (20, 10), (20, 20), (33, 10), (33, 20), (7, 13)]
cases = []
for a, d in rates:
    for n in (50, 100, 137, 200, 500, 1000, 2000):
        corrupt, dropped = max(1, -(-a * n // 100)), d * n // 100
        for sigma, eta, malicious in ((40, 20, False), (40, 20, True), (64, 20, True), (80, 40, True)):
            k, t = find(n, corrupt, dropped, sigma, eta, malicious)
            cases.append([n, a, d, sigma, eta, int(malicious), k, t])
print("[" + ",\n".join(json.dumps(c) for c in cases) + "]")

"""Writes vectors.json: generators and commitments of package commit, made
without its code from RFC 9496 (sections 4.3.2 and 4.3.4) in plain integers and
affine coordinates. Checks itself against the RFC's appendix A.1 and A.3.
"""
import hashlib
import json

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578


def absolute(x):
    x %= P
    return P - x if x & 1 else x


def sqrt_ratio(u, v):
    r = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    check = v * r * r % P
    if check in (-u % P, -u * SQRT_M1 % P):
        r = r * SQRT_M1 % P
    return check in (u % P, -u % P), absolute(r)


def add(p, q):
    (x1, y1), (x2, y2) = p, q
    t = D * x1 * x2 * y1 * y2
    return (x1 * y2 + y1 * x2) * pow(1 + t, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P


def mul(k, p):
    k, r = k % L, (0, 1)
    while k:
        if k & 1:
            r = add(r, p)
        p, k = add(p, p), k >> 1
    return r


def one_way_half(b):
    t = int.from_bytes(b, "little") % 2**255
    r = SQRT_M1 * t * t
    u, v = (r + 1) * (1 - D * D), (-1 - r * D) * (r + D)
    square, s = sqrt_ratio(u % P, v % P)
    c = -1
    if not square:
        s, c = -absolute(s * t), r
    n = c * (r - 1) * (D - 1) ** 2 - v
    w0, w1, w2, w3 = 2 * s * v, n * SQRT_AD_MINUS_ONE, 1 - s * s, 1 + s * s
    return w0 * pow(w1, -1, P) % P, w2 * pow(w3, -1, P) % P


def hash_to_group(name):
    b = hashlib.sha512(name.encode()).digest()
    return add(one_way_half(b[:32]), one_way_half(b[32:]))


def encode(p):
    x, y = p
    t = x * y % P
    u1, u2 = (1 + y) * (1 - y), t
    _, inv = sqrt_ratio(1, u1 * u2 * u2 % P)
    den1, den2 = inv * u1, inv * u2
    z_inv = den1 * den2 * t
    den = den2
    if t * z_inv % P & 1:
        x, y, den = y * SQRT_M1, x * SQRT_M1, den1 * INVSQRT_A_MINUS_D
    if x * z_inv % P & 1:
        y = -y
    return absolute(den * (1 - y)).to_bytes(32, "little").hex()


def decode(h):
    s = int.from_bytes(bytes.fromhex(h), "little")
    u1, u2 = 1 - s * s, 1 + s * s
    v = -(D * u1 * u1) - u2 * u2
    _, inv = sqrt_ratio(1, v * u2 * u2 % P)
    x = absolute(2 * s * inv * u2)
    return x, u1 * inv * inv * u2 * v % P


B = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"
assert encode(decode(B)) == B
assert encode(mul(15, decode(B))) == "e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e"
assert encode(hash_to_group("by using a finer grind.")) == "f8f0c87cf237953c5890aec3998169005dae3eca1fbb04548c635953c817f92a"

LABEL = "chorus/v1/pedersen/"
G = [hash_to_group(LABEL + str(i)) for i in range(1, 17)]
H = hash_to_group(LABEL + "H")


def commitment(x, limbs, bits):
    blind = sum(v << (bits - 1) * j for j, v in enumerate(limbs))
    c = mul(blind, H)
    for v, g in zip(x, G):
        c = add(c, mul(v, g))
    return {"x": x, "limbs": limbs, "bits": bits, "blind": (blind % L).to_bytes(32, "little").hex(), "point": encode(c)}


def draw(name, n, bits):
    h = hashlib.shake_256(name.encode()).digest(4 * n)
    return [int.from_bytes(h[4 * i : 4 * i + 4], "little") % 2**bits for i in range(n)]


cases = []
for bits in (2, 9, 16, 24, 32):
    n = -(-332 // (bits - 1))
    x = [v - (2 ** (bits - 1) - 1) for v in draw(f"x{bits}", 16, bits)]
    x = [min(v, 2 ** (bits - 1) - 1) for v in x]
    cases.append(commitment(x, draw(f"limbs{bits}", n, bits - 1), bits))
with open("vectors.json", "w") as f:
    json.dump({"g": [encode(g) for g in G], "h": encode(H), "cases": cases}, f, indent=1)
    f.write("\n")

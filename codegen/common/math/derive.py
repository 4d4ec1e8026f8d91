#!/usr/bin/env python3
"""Derives Coefficients.h, the polynomial tables of the math expansions.

    python3 -m venv venv && venv/bin/pip install mpmath gmpy2
    venv/bin/python codegen/common/math/derive.py > codegen/common/math/Coefficients.h

Each table approximates one function g on one interval by a polynomial with coefficients c so that
w(x) * (g(x) - sum c[i] x^i) is small, where w makes the error relative to the function's result.
The fit is weighted least squares at Chebyshev nodes in 60-digit arithmetic, whose largest error is
within a factor of two of the minimax. Coefficients are rounded to the target format one after the
other, lowest power first, and the rest is fitted again each time; the error printed beside a table
is that of the rounded polynomial in exact arithmetic.
"""

from mpmath import mp, mpf, matrix, lu_solve

NODES = 200


def round_to(x, bits):
    """x to the nearest floating-point number with `bits` significant bits."""
    if x == 0:
        return x
    _, e = mp.frexp(x)
    return mp.ldexp(mp.nint(mp.ldexp(x, bits - e)), e - bits)


def least_squares(xs, target, weight, n):
    """The n coefficients that minimise sum (w (t - p(x)))^2; 60 digits carry the normal equations."""
    moments = [mp.fsum(w * w * x**k for x, w in zip(xs, weight)) for k in range(2 * n - 1)]
    rhs = matrix([mp.fsum(w * w * t * x**k for x, t, w in zip(xs, target, weight)) for k in range(n)])
    return lu_solve(matrix([[moments[i + j] for j in range(n)] for i in range(n)]), rhs)


def fit(g, lo, hi, count, weight, bits):
    """`count` coefficients rounded to `bits`, and the largest weighted error they leave."""
    lo, hi = mpf(lo), mpf(hi)
    xs = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * NODES)) for i in range(NODES)]
    rest, ws = [g(x) for x in xs], [abs(weight(x)) for x in xs]
    coefs = []
    for i in range(count):
        c = round_to(least_squares(xs, rest, ws, count - i)[0], bits)
        coefs.append(c)
        # What is left is a fit with one power of x taken out and moved into the weight.
        rest = [(t - c) / x for t, x in zip(rest, xs)]
        ws = [abs(w * x) for w, x in zip(ws, xs)]
    return coefs, max(abs(t * w) for t, w in zip(rest, ws))


def table(name, text, bits, g, lo, hi, count, weight):
    coefs, err = fit(g, lo, hi, count, weight, bits)
    kind = "float" if bits == 24 else "double"
    print(f"/// {text} on [{mp.nstr(mpf(lo), 5)}, {mp.nstr(mpf(hi), 5)}]: error 2^{mp.nstr(mp.log(err, 2), 4)}.")
    body = ", ".join(float(c).hex() for c in coefs)
    print(f"inline constexpr double {name}[] = {{{body}}}; // {kind}\n")


def words(name, x, bits, count, exponent):
    """The first `count` digits of 0 < x < 1 to the base 2^bits, digit i scaled by 2^exponent(i)."""
    whole = int(mp.floor(mp.ldexp(x, bits * count)))
    digits = [(whole >> (bits * (count - 1 - i))) % 2**bits for i in range(count)]
    body = ", ".join(float(mp.ldexp(d, exponent(i))).hex() for i, d in enumerate(digits))
    print(f"inline constexpr double {name}[] = {{{body}}};\n")


def odd(f):
    """(f(x)/x - 1)/x^2 as a function of z = x^2, and the weight of its error in f."""
    def g(z):
        x = mp.sqrt(z)
        return (f(x) / x - 1) / z
    return g, lambda z: z * mp.sqrt(z) / f(mp.sqrt(z))


def main():
    mp.dps = 60
    print("// Polynomials, lowest power first. Written by derive.py, which says how; do not edit.")
    print("#pragma once\n\n// clang-format off\nnamespace tenon::math::coef {\n")
    r = mp.log(2) / 2 * mpf("1.001")
    exp_tail = lambda x: (mp.exp(x) - 1 - x) / x**2
    exp_w = lambda x: x**2 / mp.expm1(x)
    for bits, count in ((24, 5), (53, 11)):
        suffix = "F32" if bits == 24 else "F64"
        table(f"kExp{suffix}", "(e^r - 1 - r)/r^2, error relative to e^r - 1", bits, exp_tail, -r, r, count, exp_w)
        table(f"kExp2{suffix}", "2^r, r in steps of powers after the leading 1", bits,
              lambda x: (mpf(2) ** x - 1) / x, "-0.5", "0.5", count + 1, lambda x: x / mpf(2) ** x)
    s2 = mp.sqrt(2)
    table("kLogF32", "(log(1+f) - f)/f^2, error relative to log(1+f)", 24, lambda f: (mp.log1p(f) - f) / f**2,
          1 / s2 - 1, s2 - 1, 9, lambda f: f**2 / mp.log1p(f))
    zlog = (3 - 2 * s2) ** 2 * mpf("1.001")
    atanh2 = lambda z: (mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z
    table("kLogF64", "(atanh(s)/s - 1)/s^2 in s^2, error relative to atanh(s)", 53, atanh2, 0, zlog, 7,
          lambda z: z * mp.sqrt(z) / mp.atanh(mp.sqrt(z)))
    table("kLogTailF64", "(atanh(s)/s - 1 - s^2/3)/s^4 in s^2, error relative to atanh(s)", 53,
          lambda z: (atanh2(z) - mpf(1) / 3) / z, 0, zlog, 9, lambda z: z**2 * mp.sqrt(z) / mp.atanh(mp.sqrt(z)))
    g, w = odd(mp.sin)
    q = (mp.pi / 4 * mpf("1.001")) ** 2
    for bits, suffix, count in ((24, "F32", 3), (53, "F64", 6)):
        table(f"kSin{suffix}", "(sin(x)/x - 1)/x^2 in x^2", bits, g, 0, q, count, w)
        table(f"kCos{suffix}", "(cos(x) - 1 + x^2/2)/x^4 in x^2, error relative to cos(x)", bits,
              lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, 0, q, count, lambda z: z**2 / mp.cos(mp.sqrt(z)))
    g, w = odd(mp.atan)
    table("kAtanF32", "(atan(x)/x - 1)/x^2 in x^2", 24, g, 0, 1, 9, w)
    table("kAtanF64", "(atan(x)/x - 1)/x^2 in x^2", 53, g, 0, (s2 - 1) ** 2 * mpf("1.001"), 11, w)
    g, w = odd(mp.asin)
    table("kAsinF32", "(asin(x)/x - 1)/x^2 in x^2", 24, g, 0, "0.25", 5, w)
    table("kAsinF64", "(asin(x)/x - 1)/x^2 in x^2", 53, g, 0, "0.25", 13, w)
    g, w = odd(mp.tanh)
    table("kTanhF32", "(tanh(x)/x - 1)/x^2 in x^2", 24, g, 0, mpf("0.625") ** 2, 5, w)
    erf_over = lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1
    erf_w = lambda z: mp.sqrt(z) / mp.erf(mp.sqrt(z))
    table("kErfF32", "erf(x)/x - 1 in x^2, error relative to erf(x)", 24, erf_over, 0, 1, 7, erf_w)
    table("kErfF64", "erf(x)/x - 1 in x^2, error relative to erf(x)", 53, erf_over, 0, 1, 15, erf_w)
    table("kErfLogF32", "log2(erfc(x)) in x, weighted to the error of erf(x)", 24,
          lambda x: mp.log(mp.erfc(x), 2), 1, "4.0", 7, lambda x: mp.erfc(x) / mp.erf(x))
    table("kErfExp2F32", "2^r, for erf beyond 1", 24, lambda x: mpf(2) ** x, "-0.5", "0.5", 6, lambda x: mpf(2) ** -x)
    at = lambda t: 4 * (1 + t) / (1 - t)
    scaled = lambda x: (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)
    table("kErfcF64", "(1+2x) e^(x^2) erfc(x) in t = (x-4)/(x+4), for x in [0.5, 28]", 53,
          lambda t: scaled(at(t)), mpf("-3.5") / mpf("4.5"), mpf("0.75"), 22, lambda t: 1 / scaled(at(t)))
    mp.dps = 420
    print("/// 2/pi in digits of 28 bits: 2/pi = sum of the entries.")
    words("kTwoOverPi28", 2 / mp.pi, 28, 8, lambda i: -28 * (i + 1))
    print("/// 2/pi in digits of 53 bits: 2/pi = sum of kTwoOverPi53[i] * 2^(-53 i).")
    words("kTwoOverPi53", 2 / mp.pi, 53, 24, lambda i: -53)
    print("} // namespace tenon::math::coef\n// clang-format on")


if __name__ == "__main__":
    main()

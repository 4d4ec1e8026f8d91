// The logarithm family: x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), and log(1 + f) by a polynomial
// (f32) or by the series of atanh in s = f / (2 + f) (f64; the summation is fdlibm's e_log.c).
#include "codegen/common/math/Coefficients.h"
#include "codegen/common/math/Functions.h"

#include <limits>

namespace tenon::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Constant {
  double hi, lo;
};

/// A constant as a sum of two f64 or, for f32, two f32.
Constant choose(Num x, Constant f32, Constant f64) { return x.m->isF64() ? f64 : f32; }

Constant ln2(Num x) {
  return choose(x, {0x1.62e430p-1, -0x1.05c610p-29}, {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56});
}

/// x = 2^k (1 + f).
struct Split {
  Num k, kBits, f;
};

/// For x positive and finite; a denormal x is only split right where mayBeDenormal.
Split split(Num x, bool mayBeDenormal) {
  MathBuilder &m = *x.m;
  bool wide = m.isF64();
  int mantissa = wide ? 52 : 23;
  Num tiny{};
  if (mayBeDenormal) {
    tiny = x < (wide ? 0x1p-1022 : 0x1p-126);
    x = select(tiny, x * 0x1p54, x);
  }
  Num bits = toBits(x);
  Num sqrtHalf = m.integer(wide ? 0x3fe6a09e667f3bcd : 0x3f3504f3);
  Num k = ashr(bits - sqrtHalf, mantissa);
  Num f = fromBits(bits - shl(k, mantissa)) - 1.0;
  Num kf = toFloat(k);
  if (mayBeDenormal)
    kf = select(tiny, kf - 54.0, kf);
  return {kf, k, f};
}

/// log(1 + f) - f for f32, an addend far smaller than f.
Num logTailF32(Num f) { return f * f * polynomial(f, coef::kLogF32); }

/// k ln 2 + log(1 + f).
Num logOf(Num k, Num f) {
  Constant c = ln2(f);
  if (!f.m->isF64())
    return fma(k, c.hi, f + fma(k, c.lo, logTailF32(f)));
  Num s = f / (f + 2.0), z = s * s, halfSquare = f * f * 0.5;
  Num r = z * polynomial(z, coef::kLogF64) * 2.0;
  Num tail = halfSquare - fma(s, halfSquare + r, k * c.lo);
  return fma(k, c.hi, f - tail);
}

/// log(x) is NaN below zero, -inf at zero, x at inf and NaN.
Num withSpecials(Num x, Num r, double pole) {
  r = select(x < kInfinity, r, x);
  r = select(x < pole, kNaN, r);
  return select(x == pole, -kInfinity, r);
}

/// log(1 + f) of an f64 as a pair: 2 s (1 + z/3 + z^2 C(z)), the first two terms in double-double.
Pair logPairOf(Num f) {
  MathBuilder &m = *f.m;
  Num zero = m.constant(0.0);
  Pair s = Pair{f, zero} / fastTwoSum(m.constant(2.0), f);
  Pair z = s * s;
  Pair third{m.constant(0x1.5555555555555p-2), m.constant(0x1.5555555555555p-56)};
  Pair inner = z * third + Pair{z.hi * z.hi * polynomial(z.hi, coef::kLogTailF64), zero};
  Pair half = s + s * inner;
  return {half.hi * 2.0, half.lo * 2.0};
}

/// log(x) / log(base) for f64, given 1 / log(base) and log(2) / log(base).
Num logToBaseF64(Num x, Constant inverse, Constant perOctave) {
  MathBuilder &m = *x.m;
  Split p = split(x, true);
  Pair l = logPairOf(p.f) * Pair{m.constant(inverse.hi), m.constant(inverse.lo)};
  Pair octaves = twoProduct(p.k, m.constant(perOctave.hi));
  octaves.lo = fma(p.k, perOctave.lo, octaves.lo);
  Pair sum = octaves + l;
  return withSpecials(x, sum.hi + sum.lo, 0.0);
}

} // namespace

Pair logPair(Num x) {
  Split p = split(x, true);
  Constant c = ln2(x);
  Pair octaves = twoProduct(p.k, x.m->constant(c.hi));
  octaves.lo = fma(p.k, c.lo, octaves.lo);
  return octaves + logPairOf(p.f);
}

/// 0.89 ulp, f64 0.78 ulp.
Num expansionLog(Num x) {
  Split p = split(x, true);
  return withSpecials(x, logOf(p.k, p.f), 0.0);
}

/// f32 0.97 ulp; f64 in double-double, 0.50 ulp; exact at powers of two.
Num expansionLog2(Num x) {
  if (x.m->isF64())
    return logToBaseF64(x, {0x1.71547652b82fep0, 0x1.777d0ffda0d24p-56}, {1.0, 0.0});
  Split p = split(x, true);
  constexpr Constant c{0x1.715476p0, 0x1.4ae0bf85ddf44p-26};
  Num r = fma(p.f, c.hi, fma(p.f, c.lo, logTailF32(p.f) * c.hi));
  return withSpecials(x, p.k + r, 0.0);
}

/// f32 0.92 ulp; f64 in double-double, 0.50 ulp.
Num expansionLog10(Num x) {
  if (x.m->isF64())
    return logToBaseF64(x, {0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57},
                        {0x1.34413509f79ffp-2, -0x1.9dc1da994fd21p-59});
  Split p = split(x, true);
  constexpr Constant c{0x1.bcb7b2p-2, -0x1.5b235e36a50f8p-27}, octave{0x1.344136p-2, -0x1.ec10c0429017dp-27};
  Num r = fma(p.f, c.hi, fma(p.f, c.lo, logTailF32(p.f) * c.hi));
  return withSpecials(x, fma(p.k, octave.hi, fma(p.k, octave.lo, r)), 0.0);
}

/// log(1 + x): u = 1 + x and its rounding error c; c enters f scaled by 2^-k, so that no division is
/// needed. 1.46 ulp, f64 1.25 ulp.
Num expansionLog1p(Num x) {
  MathBuilder &m = *x.m;
  Pair u = twoSum(m.constant(1.0), x);
  Split p = split(u.hi, false);
  int64_t bias = m.isF64() ? 1023 : 127;
  Num down = fromBits(shl(m.integer(bias + 1) - p.kBits, m.isF64() ? 52 : 23));
  Num r = withSpecials(x, logOf(p.k, fma(u.lo * 0.5, down, p.f)), -1.0);
  return select(abs(x) < 0x1p-60, x, r);
}

/// asinh(x) = log1p(a + a^2 / (1 + sqrt(1 + a^2))), a = |x|; log(2a) where a^2 would overflow. f32 through
/// f64: 0.50 ulp, f64 1.69 ulp.
Num expansionAsinh(Num x) {
  if (!x.m->isF64())
    return inDouble(expansionAsinh, x);
  Num a = abs(x), square = a * a;
  Num big = a > 0x1p500;
  Num y = select(big, a, a + square / (sqrt(square + 1.0) + 1.0));
  Num r = expansionLog1p(y);
  return copySign(select(big, r + 0x1.62e42fefa39efp-1, r), x);
}

/// acosh(x) = log1p(t + sqrt(2 t + t^2)), t = x - 1; log(2x) for large x. f32 through f64: 0.50 ulp, f64 2.03
/// ulp.
Num expansionAcosh(Num x) {
  if (!x.m->isF64())
    return inDouble(expansionAcosh, x);
  Num t = x - 1.0;
  Num big = x > 0x1p500;
  Num y = select(big, x, t + sqrt(fma(t, t, t + t)));
  Num r = expansionLog1p(y);
  r = select(big, r + 0x1.62e42fefa39efp-1, r);
  return select(x < 1.0, kNaN, r);
}

/// atanh(x) = log1p(2 a / (1 - a)) / 2, a = |x|. f32 through f64: 0.50 ulp, f64 1.88 ulp.
Num expansionAtanh(Num x) {
  if (!x.m->isF64())
    return inDouble(expansionAtanh, x);
  Num a = abs(x);
  Num r = expansionLog1p((a + a) / (1.0 - a)) * 0.5;
  return copySign(select(a < 0x1p-60, a, r), x);
}

} // namespace tenon::math

// asin, acos, atan, atan2: reductions to [0, 1/2] (square root) and [0, tan(pi/8)] (quotient), as in Cephes
// and fdlibm, then an odd polynomial.
#include "codegen/common/math/Coefficients.h"
#include "codegen/common/math/Functions.h"

#include <limits>

namespace tenon::math {
namespace {

constexpr double kTanPi8 = 0x1.a827999fcef32p-2, kInfinity = std::numeric_limits<double>::infinity();

/// pi / 4 in two parts of the format.
struct QuarterPi {
  double hi, lo;
};
QuarterPi quarterPi(Num x) {
  if (x.m->isF64())
    return {0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55};
  return {0x1.921fb6p-1, -0x1.777a5cp-26};
}

Num atanPolynomial(Num t) {
  Num z = t * t;
  Num p = t.m->isF64() ? polynomial(z, coef::kAtanF64) : polynomial(z, coef::kAtanF32);
  return fma(t * z, p, t);
}

/// k pi/4 + r with one rounding of the leading product.
Num quartersPlus(Num k, Num r) {
  QuarterPi q = quarterPi(r);
  return fma(k, q.hi, fma(k, q.lo, r));
}

/// asin(|x|) = s + tail where |x| < 1/2, and pi/2 - 2 (s + tail) beyond.
struct ArcSine {
  Num beyond, s, tail, sum;
};
ArcSine arcSine(Num x) {
  Num a = abs(x), beyond = a >= 0.5;
  Num z = select(beyond, (1.0 - a) * 0.5, a * a);
  Num s = select(beyond, sqrt(z), a);
  Num p = x.m->isF64() ? polynomial(z, coef::kAsinF64) : polynomial(z, coef::kAsinF32);
  Num cube = s * z;
  return {beyond, s, cube * p, fma(cube, p, s)};
}

} // namespace

/// 1.94 ulp, f64 1.99 ulp.
Num expansionAsin(Num x) {
  ArcSine a = arcSine(x);
  QuarterPi q = quarterPi(x);
  // In this order the cancellation near x = 1/2 costs half an ulp.
  Num large = (2 * q.hi - a.s * 2.0) + fma(a.tail, -2.0, 2 * q.lo);
  return copySign(select(a.beyond, large, a.sum), x);
}

/// 1.09 ulp, f64 1.09 ulp.
Num expansionAcos(Num x) {
  MathBuilder &m = *x.m;
  ArcSine a = arcSine(x);
  Num negative = x < 0.0;
  // beyond: 2 r or pi - 2 r; else pi/2 - r or pi/2 + r.
  Num k = select(a.beyond, select(negative, 4.0, m.constant(0.0)), 2.0);
  Num r = select(a.beyond, a.sum + a.sum, a.sum);
  return quartersPlus(k, select(a.beyond == negative, -r, r));
}

/// f32: a reciprocal beyond 1; f64: (a - 1) / (a + 1) in the middle as well, which keeps the polynomial
/// short.
/// 1.29 ulp, f64 1.96 ulp.
Num expansionAtan(Num x) {
  MathBuilder &m = *x.m;
  Num a = abs(x), one = m.constant(1.0), zero = m.constant(0.0);
  Num far = a > (m.isF64() ? 1 / kTanPi8 : 1.0);
  Num num = a, den = one, k = zero;
  if (m.isF64()) {
    Num middle = a > kTanPi8;
    num = select(middle, a - 1.0, a), den = select(middle, a + 1.0, one), k = select(middle, one, zero);
  }
  num = select(far, -1.0, num), den = select(far, a, den), k = select(far, 2.0, k);
  return copySign(quartersPlus(k, atanPolynomial(num / den)), x);
}

/// f32 through f64: 0.50 ulp, f64 2.26 ulp.
Num expansionAtan2(Num y, Num x) {
  if (!x.m->isF64())
    return inDouble([](Num y, Num x) { return expansionAtan2(y, x); }, y, x);
  MathBuilder &m = *x.m;
  Num ay = abs(y), ax = abs(x), swap = ay > ax;
  Num large = select(swap, ay, ax), small = select(swap, ax, ay);
  // 0/0 counts as 0 and inf/inf as 1 (C, annex F); a NaN stays in `small` or `large`.
  Num infinite = large == kInfinity, zero = large == 0.0;
  small = select(infinite, select(small == kInfinity, 1.0, small * 0.0), small);
  large = select(infinite | zero, 1.0, large);
  Num scale = select(large > 0x1p1000, m.constant(0x1p-60), 1.0);
  small = small * scale, large = large * scale;

  Num middle = small > large * kTanPi8;
  Num p = atanPolynomial(select(middle, small - large, small) / select(middle, small + large, large));
  // The octant: small/large measured from the nearest axis, then from the positive x axis.
  Num k = select(middle, 1.0, m.constant(0.0));
  Num negative = toBits(x) < 0.0;
  k = select(swap, 2.0 - k, k), p = select(swap, -p, p);
  k = select(negative, 4.0 - k, k), p = select(negative, -p, p);
  return copySign(quartersPlus(k, p), y);
}

} // namespace tenon::math

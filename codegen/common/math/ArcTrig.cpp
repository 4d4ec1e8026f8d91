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

/// asin(|x|) = r where |x| < 1/2, and pi/2 - 2 r beyond.
struct ArcSine {
  Num beyond, r;
};
ArcSine arcSine(Num x) {
  Num a = abs(x), beyond = a >= 0.5;
  Num z = select(beyond, (1.0 - a) * 0.5, a * a);
  Num s = select(beyond, sqrt(z), a);
  Num p = x.m->isF64() ? polynomial(z, coef::kAsinF64) : polynomial(z, coef::kAsinF32);
  return {beyond, fma(s * z, p, s)};
}

} // namespace

Num expansionAsin(Num x) {
  ArcSine s = arcSine(x);
  Num large = quartersPlus(x.m->constant(2.0), s.r * -2.0);
  return copySign(select(s.beyond, large, s.r), x);
}

Num expansionAcos(Num x) {
  MathBuilder &m = *x.m;
  ArcSine s = arcSine(x);
  Num negative = x < 0.0;
  // beyond: 2 r or pi - 2 r; else pi/2 - r or pi/2 + r.
  Num k = select(s.beyond, select(negative, 4.0, m.constant(0.0)), 2.0);
  Num r = select(s.beyond, s.r + s.r, s.r);
  return quartersPlus(k, select(s.beyond == negative, -r, r));
}

Num expansionAtan(Num x) {
  MathBuilder &m = *x.m;
  Num a = abs(x);
  Num far = a > 1.0 / kTanPi8, middle = a > kTanPi8;
  Num num = select(far, -1.0, select(middle, a - 1.0, a));
  Num den = select(far, a, select(middle, a + 1.0, 1.0));
  Num k = select(far, 2.0, select(middle, 1.0, m.constant(0.0)));
  return copySign(quartersPlus(k, atanPolynomial(num / den)), x);
}

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

// pow, cbrt, rsqrt, round.
#include "codegen/common/math/Functions.h"

#include <limits>

namespace tenon::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// a^y for a >= 0, y anything, in f64; NaN where the rules of pow say 1. f32 results need no pair.
Num powMagnitude(Num a, Num y, bool forF32) {
  if (forF32)
    return expansionExp(y * expansionLog(a));
  Pair l = logPair(a);
  Num regular = (a < kInfinity) & (a > 0.0);
  Num hi = select(regular, l.hi, expansionLog(a));
  Num product = y * hi;
  Num rest = fma(y, l.lo, fma(y, hi, -product));
  rest = select(regular & (abs(product) < 1000.0), rest, 0.0);
  return expScaled(product, &rest, 0);
}

/// pow in f64 with the special cases of C, annex F.10.4.4.
Num pow(Num x, Num y, bool forF32) {
  MathBuilder &m = *x.m;
  Num a = abs(x), half = y * 0.5;
  Num r = powMagnitude(a, y, forF32);
  Num whole = trunc(y) == y;
  Num odd = whole & (trunc(half) != half);
  r = select((x < 0.0) & (x > -kInfinity) & (y != trunc(y)), kNaN, r);
  r = select(odd, copySign(r, x), r);
  // A NaN in x or y survives all of the above; 1 wins over it.
  Num one = (y == 0.0) | (x == 1.0) | ((a == 1.0) & (abs(y) == kInfinity));
  return select(one, m.constant(1.0), r);
}

} // namespace

/// x^y = e^(y log x), the logarithm and the product in double-double for f64 and in f64 for f32.
/// 0.50 ulp, f64 1.02 ulp.
Num expansionPow(Num x, Num y) {
  if (x.m->isF64())
    return pow(x, y, false);
  return inDouble([](Num x, Num y) { return pow(x, y, true); }, x, y);
}

/// The exponent is divided by three in the bits, three cubic iterations (Halley) follow, the last one exact
/// in y^2 (fdlibm's s_cbrt.c). f32 through f64: 0.50 ulp, f64 0.75 ulp.
Num expansionCbrt(Num x) {
  if (!x.m->isF64())
    return inDouble(expansionCbrt, x);
  MathBuilder &m = *x.m;
  Num magnitude = abs(x), tiny = magnitude < 0x1p-1022;
  Num a = select(tiny, magnitude * 0x1p54, magnitude);
  // 715094163: two thirds of the bias of the exponent in the upper word, tuned for the mean of the mantissa.
  Num third = fma(toFloat(lshr(toBits(a), 32)), 1.0 / 3, 0x1.8p52 + 715094163);
  Num y = fromBits(shl(toBits(third), 32));
  for (int i = 0; i < 2; ++i) {
    Num r = y / a * y * y;
    y = y * ((r + 2.0) / fma(r, 2.0, 1.0));
  }
  y = fromBits(toBits(y) & m.integer(~int64_t{0x3fffffff}));
  Num q = a / (y * y);
  y = fma(y, (q - y) / (y + y + q), y);
  y = copySign(select(tiny, y * 0x1p-18, y), x);
  return select((magnitude > 0.0) & (magnitude < kInfinity), y, x);
}

/// 1.49 ulp in both formats.
Num expansionRsqrt(Num x) { return 1.0 / sqrt(x); }

/// Half away from zero: truncate x + the largest number below 1/2 with the sign of x.
Num expansionRound(Num x) {
  Num half = x.m->constant(x.m->isF64() ? 0x1.fffffffffffffp-2 : 0x1.fffffep-2);
  return trunc(x + copySign(half, x));
}

} // namespace tenon::math

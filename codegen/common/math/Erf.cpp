// erf and erfc. Near zero an odd polynomial; beyond, erf = 1 - erfc with a fit of log2(erfc) (f32) or of the
// scaled erfc (f64; the transformed variable is Shepherd and Laframboise's, Mathematics of Computation 36,
// 1981).
#include "codegen/common/math/Coefficients.h"
#include "codegen/common/math/Functions.h"

namespace tenon::math {
namespace {

Num erfSmallF64(Num x) { return fma(x, polynomial(x * x, coef::kErfF64), x); }

/// erfc(a) for a in [0.5, 28], f64: e^(-a^2) P(t) / (1 + 2a), t = (a - 4) / (a + 4).
Num erfcTailF64(Num a) {
  Pair square = twoProduct(a, a);
  Num lo = -square.lo;
  Num e = expScaled(-square.hi, &lo, 0);
  Num t = (a - 4.0) / (a + 4.0);
  return e * (polynomial(t, coef::kErfcF64) / fma(a, 2.0, 1.0));
}

/// 1 - 2^g(a) for a >= 1, g a polynomial for log2(erfc(a)); 1 from a = 4 on.
Num erfLargeF32(Num a) {
  constexpr double magic = 0x1.8p23 + 127;
  Num g = polynomial(clampMax(a, 4.0), coef::kErfLogF32);
  Num t = g + magic;
  Num p = polynomial(g - (t - magic), coef::kErfExp2F32);
  return 1.0 - p * fromBits(shl(toBits(t), 23));
}

} // namespace

/// 1.27 ulp, f64 1.00 ulp.
Num expansionErf(Num x) {
  Num a = abs(x);
  if (x.m->isF64()) {
    Num large = 1.0 - erfcTailF64(clampMax(a, 6.0));
    return select(a < 1.0, erfSmallF64(x), copySign(large, x));
  }
  Num small = fma(x, polynomial(x * x, coef::kErfF32), x);
  return select(a < 1.0, small, copySign(erfLargeF32(a), x));
}

/// f32 through f64: 0.50 ulp, f64 3.31 ulp.
Num expansionErfc(Num x) {
  if (!x.m->isF64())
    return inDouble(expansionErfc, x);
  Num a = clampMax(abs(x), 28.0);
  Num tail = erfcTailF64(a);
  tail = select(x < 0.0, 2.0 - tail, tail);
  return select(a < 0.5, 1.0 - erfSmallF64(x), tail);
}

} // namespace tenon::math

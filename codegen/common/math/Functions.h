// The expansions, one function per operation, grouped into files by family. Every function is right for NaN,
// infinities, signed zeros and denormal arguments and results; error bounds stand at the definitions and are
// asserted by test/codegen/math.
#pragma once

#include "codegen/common/math/MathBuilder.h"

namespace tenon::math {

// Exp.cpp
Num expansionExp(Num x);
/// e^x for x in [-87.3, 89] (f32) or [-708, 710] (f64), or NaN: results are normal numbers, or infinite from half a
/// power of two below the overflow on.
Num expansionExpNormal(Num x);
Num expansionExp2(Num x);
Num expansionExpM1(Num x);
Num expansionTanh(Num x);
Num expansionSinh(Num x);
Num expansionCosh(Num x);
/// e^(x + lo) * 2^-shift with one rounding of the power of two, for |lo| far below |x|.
Num expScaled(Num x, const Num *lo, int shift);

// Log.cpp
Num expansionLog(Num x);
Num expansionLog2(Num x);
Num expansionLog10(Num x);
Num expansionLog1p(Num x);
Num expansionAsinh(Num x);
Num expansionAcosh(Num x);
Num expansionAtanh(Num x);
/// log(x) of a positive, finite f64 to about 2^-68 relative.
Pair logPair(Num x);

// Erf.cpp
Num expansionErf(Num x);
Num expansionErfc(Num x);

// Trig.cpp
Num expansionSin(Num x);
Num expansionCos(Num x);
Num expansionTan(Num x);

// ArcTrig.cpp
Num expansionAsin(Num x);
Num expansionAcos(Num x);
Num expansionAtan(Num x);
Num expansionAtan2(Num y, Num x);

// Pow.cpp
Num expansionPow(Num x, Num y);
Num expansionCbrt(Num x);
Num expansionRsqrt(Num x);
Num expansionRound(Num x);

/// Computes an f32 function by its f64 expansion: for functions that are rarely used, an error of half an ulp
/// at the price of f64.
template <typename Fn, typename... Args> Num inDouble(Fn fn, Num x, Args... rest) {
  MathBuilder wide(x.m->b, x.m->loc, x.m->withElement(x.m->b.getF64Type()));
  return narrow(*x.m, fn(widen(wide, x), widen(wide, rest)...));
}

} // namespace tenon::math

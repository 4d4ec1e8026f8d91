// The exponential family: one argument reduction x = n ln 2 + r, |r| <= ln 2 / 2 (Cody and Waite, Software
// Manual for the Elementary Functions, 1980), and a polynomial in r.
#include "codegen/common/math/Coefficients.h"
#include "codegen/common/math/Functions.h"

#include <cmath>

namespace tenon::math {
namespace {

/// What the bit tricks need to know about a format.
struct Format {
  int mantissa;
  double bias;
  /// 1.5 * 2^mantissa: adding it rounds to an integer and leaves that integer in the low bits.
  double magic;
  double ln2Hi, ln2Lo;
};

const Format &formatOf(Num x) {
  static const Format f32{23, 127, 0x1.8p23, 0x1.62e430p-1, -0x1.05c610ca86c39p-29};
  static const Format f64{52, 1023, 0x1.8p52, 0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
  return x.m->isF64() ? f64 : f32;
}

/// n = round(x * scale), as a float and as the low bits of an integer that is biased by twice the exponent
/// bias.
struct Rounded {
  Num n, bits;
};

Rounded roundScaled(Num x, double scale) {
  const Format &f = formatOf(x);
  Num t = fma(x, scale, f.magic + 2 * f.bias);
  return {t - (f.magic + 2 * f.bias), toBits(t)};
}

/// p * 2^n in two factors, so that n may leave the exponent range: one rounding, to denormals too, and
/// infinity.
Num scaleByPower(Num p, Num bits) {
  int mantissa = formatOf(p).mantissa;
  Num half = lshr(bits, 1);
  return p * fromBits(shl(half, mantissa)) * fromBits(shl(bits - half, mantissa));
}

/// 2^(n - shift), for a result that is a normal number.
Num powerOfTwo(Num p, Num bits, int shift) {
  const Format &f = formatOf(p);
  return fromBits(shl(bits - (f.bias + shift), f.mantissa));
}

Num reduce(Num x, Num n) {
  const Format &f = formatOf(x);
  return fma(-n, f.ln2Lo, fma(-n, f.ln2Hi, x));
}

Num expTail(Num r) { return r.m->isF64() ? polynomial(r, coef::kExpF64) : polynomial(r, coef::kExpF32); }

constexpr double kLog2e = 0x1.71547652b82fep0;

/// (e^x - 1) * 2^-shift for x in [-40, 89.6] (f32) or [-40, 710.6] (f64).
Num expM1Scaled(Num x, int shift) {
  Rounded k = roundScaled(x, kLog2e);
  Num r = reduce(x, k.n);
  Num p = fma(r * r, expTail(r), r);
  Num s = powerOfTwo(p, k.bits, shift);
  return fma(s, p, s - std::ldexp(1.0, -shift));
}

double overflowBound(Num x) { return x.m->isF64() ? 710.6 : 89.6; }

} // namespace

Num expScaled(Num x, const Num *lo, int shift) {
  x = clampMin(clampMax(x, x.m->isF64() ? 711 : 90), x.m->isF64() ? -746 : -104);
  Rounded k = roundScaled(x, kLog2e);
  Num r = reduce(x, k.n);
  if (lo)
    r = r + *lo;
  Num p = fma(fma(expTail(r), r, 1.0), r, 1.0);
  return scaleByPower(p, shift ? k.bits - double(shift) : k.bits);
}

/// e^x. f32: degree 6, 0.91 ulp; f64: degree 12, 0.85 ulp.
Num expansionExp(Num x) { return expScaled(x, nullptr, 0); }

/// As expansionExp, with one factor for the power of two: its exponent are the low bits of the sum that rounds.
Num expansionExpNormal(Num x) {
  const Format &f = formatOf(x);
  Num t = fma(x, kLog2e, f.magic + f.bias);
  Num r = reduce(x, t - (f.magic + f.bias));
  return fma(fma(expTail(r), r, 1.0), r, 1.0) * fromBits(shl(toBits(t), f.mantissa));
}

/// 2^x: n = round(x), 2^(x - n) by a polynomial. f32: degree 6, 0.83 ulp; f64: degree 11, 0.78 ulp.
Num expansionExp2(Num x) {
  x = clampMin(clampMax(x, x.m->isF64() ? 1025 : 129), x.m->isF64() ? -1076 : -151);
  Rounded k = roundScaled(x, 1.0);
  Num r = x - k.n;
  Num q = x.m->isF64() ? polynomial(r, coef::kExp2F64) : polynomial(r, coef::kExp2F32);
  return scaleByPower(fma(q, r, 1.0), k.bits);
}

/// e^x - 1 = 2^n (e^r - 1) + (2^n - 1), at a quarter of the scale against early overflow. 1.45 ulp, f64 1.80
/// ulp.
Num expansionExpM1(Num x) {
  Num half = expM1Scaled(clampMin(clampMax(x, overflowBound(x)), -40), 2) * 4.0;
  // The scaled form drops bits of denormals, where e^x - 1 rounds to x.
  return select(abs(x) < 0x1p-60, x, half);
}

/// tanh(x) = x + x^3 P(x^2) below 0.625, and 1 - 2 / (e^(2|x|) + 1) beyond (f32); t / (t + 2) with
/// t = e^(2|x|) - 1 (f64). 1.36 ulp, f64 2.48 ulp.
Num expansionTanh(Num x) {
  Num a = abs(x);
  if (x.m->isF64()) {
    Num t = expM1Scaled(clampMax(a, 20) * 2.0, 0);
    return copySign(t / (t + 2.0), x);
  }
  Num z = a * a;
  Num small = fma(a * z, polynomial(z, coef::kTanhF32), a);
  Num y = clampMax(a, 10) * 2.0;
  Rounded k = roundScaled(y, kLog2e);
  Num r = reduce(y, k.n);
  Num e = fma(fma(expTail(r), r, 1.0), r, 1.0) * powerOfTwo(r, k.bits, 0);
  Num large = 1.0 - 2.0 / (e + 1.0);
  return copySign(select(a < 0.625, small, large), x);
}

/// sinh(x) = (t + t / (t + 1)) / 2 with t = e^|x| - 1, computed from t/4. f32 through f64: 0.50 ulp, f64 2.34
/// ulp.
Num expansionSinh(Num x) {
  if (!x.m->isF64())
    return inDouble(expansionSinh, x);
  Num a = clampMax(abs(x), overflowBound(x));
  Num w = expM1Scaled(a, 2);
  Num r = (w + w / fma(w, 4.0, 1.0)) * 2.0;
  return copySign(select(a < 0x1p-30, a, r), x);
}

/// cosh(x) = (e^|x| + e^-|x|) / 2, computed from h = e^|x| / 4. 1.30 ulp, f64 1.25 ulp.
Num expansionCosh(Num x) {
  Num h = expScaled(abs(x), nullptr, 2);
  return fma(h, 2.0, 0.125 / h);
}

} // namespace tenon::math

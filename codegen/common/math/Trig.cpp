// sin, cos and tan. Moderate arguments are reduced by Cody and Waite's method with fma; arguments beyond
// that, rare in any network, in a branch by exact digits of 1/pi (Payne and Hanek, SIGNUM Newsletter 18,
// 1983).
#include "codegen/common/math/Coefficients.h"
#include "codegen/common/math/Functions.h"

#include <cmath>

namespace tenon::math {
namespace {

// f32: r = x - n pi in [-pi/2, pi/2] and one odd polynomial; cos(x) = sin(x + pi/2), n then a half-integer.

/// (-1)^n (x - n pi) for |x| > kFastF32: every product with a 28-bit digit of 1/pi is exact in f64, whole
/// turns drop out of it, and the rest is summed with its rounding errors.
Num reduceHugeF32(Num x, bool cosine) {
  MathBuilder wide(x.m->b, x.m->loc, x.m->withElement(x.m->b.getF64Type()));
  Num y = widen(wide, x);
  Pair sum{wide.constant(cosine ? 0.5 : 0.0), wide.constant(0.0)};
  for (double digits : coef::kInvPi28) {
    Num q = y * digits;
    Pair next = twoSum(sum.hi, fma(roundEven(q * 0.5), -2.0, q));
    sum = {next.hi, sum.lo + next.lo};
  }
  Num n = roundEven(sum.hi), halves = n * 0.5;
  Num r = ((sum.hi - n) + sum.lo) * 0x1.921fb54442d18p1;
  return narrow(*x.m, select(halves == trunc(halves), r, -r));
}

constexpr double kFastF32 = 65536;

/// (-1)^n (x - n pi), or with n - 1/2 in place of n for the cosine.
Num reduceF32(Num x, bool cosine) {
  constexpr double magic = 0x1.8p23, invPi = 0x1.45f306dc9c883p-2;
  Num t = cosine ? fma(x, invPi, 0.5) + magic : fma(x, invPi, magic);
  Num n = t - magic;
  if (cosine)
    n = n - 0.5;
  // pi in three parts of 24 bits; the first step is exact.
  Num r = fma(-n, 0x1.921fb6p1, x);
  r = fma(-n, -0x1.777a5cp-24, r);
  r = fma(-n, -0x1.ee59dap-49, r);
  r = fromBits(toBits(r) ^ shl(toBits(t), 31));
  return unlessAny(abs(x) > kFastF32, {r},
                   [&] { return llvm::SmallVector<Num>{reduceHugeF32(x, cosine)}; })[0];
}

Num sinPolynomialF32(Num r) {
  Num z = r * r;
  return fma(r * z, polynomial(z, coef::kSinF32), r);
}

// f64: x = n pi/2 + r, r in [-pi/4, pi/4] as a pair, both kernels, the quadrant chooses.

struct Quadrant {
  Num n;
  Pair r;
};

/// For |x| <= 2^26: pi/2 in three parts of 53 bits, the first step exact.
Quadrant reduceF64(Num x) {
  constexpr double magic = 0x1.8p52, twoOverPi = 0x1.45f306dc9c883p-1;
  Num n = fma(x, twoOverPi, magic) - magic;
  Num r = fma(-n, 0x1.921fb54442d18p0, x);
  Pair second = twoProduct(-n, x.m->constant(0x1.1a62633145c07p-54));
  Pair s = twoSum(r, second.hi);
  return {n, fastTwoSum(s.hi, s.lo + fma(-n, -0x1.f1976b7ed8fbcp-110, second.lo))};
}

/// The five digits of 2/pi that matter for x, and x scaled to them: a binary choice over the position in
/// steps of 16, 8, 4, 2, 1 digits. Digits before them only add multiples of 4.
std::pair<Num, llvm::SmallVector<Num>> alignDigits(Num x) {
  MathBuilder &m = *x.m;
  Num exponent = toFloat(lshr(toBits(abs(x)), 52)) - 1023.0;
  Num position = trunc((exponent - 54.0) / 53.0);
  llvm::SmallVector<Num> digits;
  for (double d : coef::kTwoOverPi53)
    digits.push_back(m.constant(d));
  for (int step : {16, 8, 4, 2, 1}) {
    Num take = position >= double(step);
    position = select(take, position - double(step), position);
    x = select(take, x * std::ldexp(1.0, -53 * step), x);
    size_t keep = std::min<size_t>(digits.size(), step + 4);
    for (size_t i = 0; i < keep; ++i)
      if (i + step < digits.size())
        digits[i] = select(take, digits[i + step], digits[i]);
    digits.resize(keep);
  }
  return {x, digits};
}

Quadrant reduceHugeF64(Num x) {
  MathBuilder &m = *x.m;
  auto [y, digits] = alignDigits(x);
  // Three components, because the sum can come within 2^-62 of an integer.
  Num a0 = m.constant(0.0), a1 = a0, a2 = a0;
  for (auto [i, digit] : llvm::enumerate(digits)) {
    Pair p = twoProduct(y * std::ldexp(1.0, -53 * int(i)), digit);
    for (Num term : {p.hi, p.lo}) {
      term = fma(roundEven(term * 0.25), -4.0, term);
      Pair s0 = twoSum(a0, term), s1 = twoSum(a1, s0.lo);
      a0 = s0.hi, a1 = s1.hi, a2 = a2 + s1.lo;
    }
  }
  Pair top = twoSum(a0, a1);
  Num n = roundEven(top.hi);
  Pair rest = twoSum(top.hi - n, top.lo);
  Pair fraction = fastTwoSum(rest.hi, rest.lo + a2);
  return {n, fraction * Pair{m.constant(0x1.921fb54442d18p0), m.constant(0x1.1a62633145c07p-54)}};
}

Quadrant quadrantF64(Num x) {
  Quadrant q = reduceF64(x);
  auto v = unlessAny(abs(x) > 0x1p26, {q.n, q.r.hi, q.r.lo}, [&] {
    Quadrant huge = reduceHugeF64(x);
    return llvm::SmallVector<Num>{huge.n, huge.r.hi, huge.r.lo};
  });
  return {v[0], {v[1], v[2]}};
}

Num sinKernelF64(Pair r) {
  Num z = r.hi * r.hi;
  Num low = r.lo * fma(z, -0.5, 1.0);
  return r.hi + fma(r.hi * z, polynomial(z, coef::kSinF64), low);
}

Num cosKernelF64(Pair r) {
  Num z = r.hi * r.hi, half = z * 0.5, w = 1.0 - half;
  Num low = fma(z * z, polynomial(z, coef::kCosF64), -(r.hi * r.lo));
  return w + (((1.0 - w) - half) + low);
}

/// sin(x + shift pi/2).
Num sinShiftedF64(Num x, int shift) {
  Quadrant q = quadrantF64(x);
  Num n = toBits(q.n + (0x1.8p52 + shift));
  Num odd = (n & x.m->integer(1)) != 0.0;
  Num value = select(odd, cosKernelF64(q.r), sinKernelF64(q.r));
  return fromBits(toBits(value) ^ shl(lshr(n, 1), 63));
}

} // namespace

Num expansionSin(Num x) {
  Num r = x.m->isF64() ? sinShiftedF64(x, 0) : sinPolynomialF32(reduceF32(x, false));
  return select(x == 0.0, x, r);
}

Num expansionCos(Num x) { return x.m->isF64() ? sinShiftedF64(x, 1) : sinPolynomialF32(reduceF32(x, true)); }

/// sin / cos, or -cos / sin in odd quadrants.
Num expansionTan(Num x) {
  if (!x.m->isF64())
    return inDouble(expansionTan, x);
  Quadrant q = quadrantF64(x);
  Num s = sinKernelF64(q.r), c = cosKernelF64(q.r);
  Num odd = (toBits(q.n + 0x1.8p52) & x.m->integer(1)) != 0.0;
  return select(x == 0.0, x, select(odd, -c, s) / select(odd, s, c));
}

} // namespace tenon::math

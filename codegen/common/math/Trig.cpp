// sin, cos and tan. Moderate arguments are reduced by Cody and Waite's method with fma; arguments beyond
// that, rare in any network, in a branch by exact digits of 1/pi (Payne and Hanek, SIGNUM Newsletter 18,
// 1983).
#include "codegen/common/math/Coefficients.h"
#include "codegen/common/math/Functions.h"

#include <cmath>

namespace tenon::math {
namespace {

/// x = n pi/2 + r, |r| <= pi/4, r a pair for f64 (r.lo is not set for f32).
struct Quadrant {
  Num n;
  Pair r;
};

constexpr double kFastF32 = 65536, kFastF64 = 0x1p26;

/// pi/2 in three parts of 24 bits, the first step exact.
Quadrant reduceF32(Num x) {
  constexpr double magic = 0x1.8p23, twoOverPi = 0x1.45f306dc9c883p-1;
  Num n = fma(x, twoOverPi, magic) - magic;
  Num r = fma(-n, 0x1.921fb6p0, x);
  r = fma(-n, -0x1.777a5cp-25, r);
  r = fma(-n, -0x1.ee59dap-50, r);
  return {n, {r, {}}};
}

/// Every product of an f32 with a 28-bit digit of 2/pi is exact in f64; whole turns drop out of it, and the
/// rest is summed with its rounding errors.
Quadrant reduceHugeF32(Num x) {
  MathBuilder wide(x.m->b, x.m->loc, x.m->withElement(x.m->b.getF64Type()));
  Num y = widen(wide, x), zero = wide.constant(0.0);
  Pair sum{zero, zero};
  for (double digit : coef::kTwoOverPi28) {
    Num q = y * digit;
    Pair next = twoSum(sum.hi, fma(roundEven(q * 0.25), -4.0, q));
    sum = {next.hi, sum.lo + next.lo};
  }
  Num n = roundEven(sum.hi);
  Num r = ((sum.hi - n) + sum.lo) * 0x1.921fb54442d18p0;
  return {narrow(*x.m, n), {narrow(*x.m, r), {}}};
}

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

Quadrant quadrant(Num x) {
  if (!x.m->isF64()) {
    Quadrant q = reduceF32(x);
    auto v = unlessAny(abs(x) > kFastF32, {q.n, q.r.hi}, [&] {
      Quadrant huge = reduceHugeF32(x);
      return llvm::SmallVector<Num>{huge.n, huge.r.hi};
    });
    return {v[0], {v[1], {}}};
  }
  Quadrant q = reduceF64(x);
  auto v = unlessAny(abs(x) > kFastF64, {q.n, q.r.hi, q.r.lo}, [&] {
    Quadrant huge = reduceHugeF64(x);
    return llvm::SmallVector<Num>{huge.n, huge.r.hi, huge.r.lo};
  });
  return {v[0], {v[1], v[2]}};
}

Num sinKernel(Pair r) {
  Num z = r.hi * r.hi, cube = r.hi * z;
  if (!z.m->isF64())
    return fma(cube, polynomial(z, coef::kSinF32), r.hi);
  return r.hi + fma(cube, polynomial(z, coef::kSinF64), r.lo * fma(z, -0.5, 1.0));
}

Num cosKernel(Pair r) {
  Num z = r.hi * r.hi, half = z * 0.5, w = 1.0 - half;
  if (!z.m->isF64())
    return fma(z * z, polynomial(z, coef::kCosF32), w);
  Num low = fma(z * z, polynomial(z, coef::kCosF64), -(r.hi * r.lo));
  return w + (((1.0 - w) - half) + low);
}

/// n + shift as an integer, right in its low bits.
Num quadrantBits(Num n, int shift) { return toBits(n + ((n.m->isF64() ? 0x1.8p52 : 0x1.8p23) + shift)); }

/// sin(x + shift pi/2).
Num sinShifted(Num x, int shift) {
  Quadrant q = quadrant(x);
  Num n = quadrantBits(q.n, shift);
  Num odd = (n & x.m->integer(1)) != 0.0;
  Num value = select(odd, cosKernel(q.r), sinKernel(q.r));
  return fromBits(toBits(value) ^ shl(lshr(n, 1), x.m->isF64() ? 63 : 31));
}

} // namespace

/// All finite arguments: 1.58 ulp, f64 0.78 ulp.
Num expansionSin(Num x) { return select(x == 0.0, x, sinShifted(x, 0)); }

/// All finite arguments: 1.58 ulp, f64 0.77 ulp.
Num expansionCos(Num x) { return sinShifted(x, 1); }

/// sin / cos, or -cos / sin in odd quadrants. f32 through f64: 0.50 ulp, f64 2.17 ulp.
Num expansionTan(Num x) {
  if (!x.m->isF64())
    return inDouble(expansionTan, x);
  Quadrant q = quadrant(x);
  Num s = sinKernel(q.r), c = cosKernel(q.r);
  Num odd = (quadrantBits(q.n, 0) & x.m->integer(1)) != 0.0;
  return select(x == 0.0, x, select(odd, -c, s) / select(odd, s, c));
}

} // namespace tenon::math

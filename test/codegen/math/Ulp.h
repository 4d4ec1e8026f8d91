// Errors in units in the last place, and the functions under test with their references and bounds.
#pragma once

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace tenon::test {

/// |got - ref| in ulps of ref in the format F (denormal ulps below its normal range). Infinite where one is
/// NaN and the other is not, or where the signs differ (zeros included). An overflow to infinity counts as
/// the first number beyond the format. R is wider than F.
template <typename F, typename R> double ulpError(F got, R ref) {
  using Limits = std::numeric_limits<F>;
  constexpr double wrong = std::numeric_limits<double>::infinity();
  if (std::isnan(got) || std::isnan(ref))
    return std::isnan(got) && std::isnan(ref) ? 0 : wrong;
  if (std::signbit(got) != std::signbit(ref))
    return wrong;
  R g = std::fabs(R(got)), r = std::fabs(ref), beyond = std::ldexp(R(1), Limits::max_exponent);
  g = std::fmin(g, beyond), r = std::fmin(r, beyond);
  if (g == r)
    return 0;
  int exponent = r == 0 ? Limits::min_exponent - 1 : std::max(std::ilogb(r), Limits::min_exponent - 1);
  exponent = std::min(exponent, Limits::max_exponent - 1);
  return double(std::ldexp(std::fabs(g - r), Limits::digits - 1 - exponent));
}

struct Unary {
  const char *name;
  double (*ref32)(double);
  long double (*ref64)(long double);
  /// Asserted bounds, in ulp.
  double bound32, bound64;
};

/// Every unary expansion.
const std::vector<Unary> &unaryFunctions();

} // namespace tenon::test

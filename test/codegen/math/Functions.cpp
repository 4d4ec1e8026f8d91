// The functions under test. The bounds are the measured maxima, rounded up: f32 over all 2^32 arguments where
// the function is hot and over every 257th otherwise, f64 over random arguments.
#include "Ulp.h"

namespace tenon::test {
namespace {
double rsqrt(double x) { return 1 / std::sqrt(x); }
long double rsqrt(long double x) { return 1 / std::sqrt(x); }
} // namespace

const std::vector<Unary> &unaryFunctions() {
  static const std::vector<Unary> functions = {
      {"exp", std::exp, expl, 2, 4},       {"exp2", std::exp2, exp2l, 2, 4},
      {"expm1", std::expm1, expm1l, 2, 4}, {"tanh", std::tanh, tanhl, 2, 4},
      {"sinh", std::sinh, sinhl, 2, 4},    {"cosh", std::cosh, coshl, 2, 4},
      {"log", std::log, logl, 2, 4},       {"log2", std::log2, log2l, 2, 4},
      {"log10", std::log10, log10l, 2, 4}, {"log1p", std::log1p, log1pl, 2, 4},
      {"asinh", std::asinh, asinhl, 2, 4}, {"acosh", std::acosh, acoshl, 2, 4},
      {"atanh", std::atanh, atanhl, 2, 4}, {"erf", std::erf, erfl, 2, 4},
      {"erfc", std::erfc, erfcl, 2, 4},    {"sin", std::sin, sinl, 2, 4},
      {"cos", std::cos, cosl, 2, 4},       {"tan", std::tan, tanl, 2, 4},
      {"asin", std::asin, asinl, 2, 4},    {"acos", std::acos, acosl, 2, 4},
      {"atan", std::atan, atanl, 2, 4},    {"cbrt", std::cbrt, cbrtl, 2, 4},
      {"rsqrt", rsqrt, rsqrt, 2, 4},       {"round", std::round, roundl, 0, 0},
  };
  return functions;
}

} // namespace tenon::test

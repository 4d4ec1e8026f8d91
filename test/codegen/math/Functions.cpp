// The functions under test. The bounds are the measured maxima, rounded up; f32 was measured over every 257th
// bit pattern and, for exp, tanh, erf, log, sin and cos, over all.
#include "Ulp.h"

namespace tenon::test {
namespace {
double rsqrt(double x) { return 1 / std::sqrt(x); }
long double rsqrt(long double x) { return 1 / std::sqrt(x); }
} // namespace

const std::vector<Unary> &unaryFunctions() {
  static const std::vector<Unary> functions = {
      {"exp", std::exp, expl, 1, 0.9},          {"exp2", std::exp2, exp2l, 1, 0.9},
      {"expm1", std::expm1, expm1l, 1.5, 2},    {"tanh", std::tanh, tanhl, 1.4, 2.75},
      {"sinh", std::sinh, sinhl, 0.51, 2.6},    {"cosh", std::cosh, coshl, 1.4, 1.4},
      {"log", std::log, logl, 0.9, 0.9},        {"log2", std::log2, log2l, 1, 0.51},
      {"log10", std::log10, log10l, 1, 0.51},   {"log1p", std::log1p, log1pl, 1.5, 1.5},
      {"asinh", std::asinh, asinhl, 0.51, 2},   {"acosh", std::acosh, acoshl, 0.51, 2.4},
      {"atanh", std::atanh, atanhl, 0.51, 2.2}, {"erf", std::erf, erfl, 1.3, 1.1},
      {"erfc", std::erfc, erfcl, 0.51, 3.75},   {"sin", std::sin, sinl, 1.6, 0.9},
      {"cos", std::cos, cosl, 1.6, 0.9},        {"tan", std::tan, tanl, 0.51, 2.5},
      {"asin", std::asin, asinl, 2, 2.2},       {"acos", std::acos, acosl, 1.2, 1.2},
      {"atan", std::atan, atanl, 1.4, 2.2},     {"cbrt", std::cbrt, cbrtl, 0.51, 1},
      {"rsqrt", rsqrt, rsqrt, 1.5, 1.5},        {"round", std::round, roundl, 0, 0},
  };
  return functions;
}

} // namespace tenon::test

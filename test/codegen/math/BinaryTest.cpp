// pow, atan2, fpowi: special cases of C's annex F exactly, errors elsewhere.
#include "Jit.h"
#include "Ulp.h"

#include <catch2/catch.hpp>

#include <cstdio>
#include <random>

using namespace tenon::test;

namespace {

const char *cpu() { return hasAvx512() ? "x86-64-v4" : "x86-64-v3"; }

struct WorstPair {
  double ulp = 0, x = 0, y = 0;
};

template <typename F, typename R, typename Draw>
WorstPair measure(const char *name, R (*ref)(R, R), int count, Draw draw) {
  constexpr int lanes = sizeof(F) == 4 ? 16 : 8;
  Compiled code({name, sizeof(F) == 4 ? "vector<16xf32>" : "vector<8xf64>", 2}, cpu());
  WorstPair worst;
  for (int i = 0; i < count; i += lanes) {
    F x[lanes], y[lanes], z[lanes];
    for (int l = 0; l < lanes; ++l)
      draw(x[l], y[l]);
    code.function()(x, y, z);
    for (int l = 0; l < lanes; ++l)
      if (double e = ulpError<F, R>(z[l], ref(x[l], y[l])); e > worst.ulp)
        worst = {e, double(x[l]), double(y[l])};
  }
  std::printf("%s  %-6s %7.3f ulp at (%.17g, %.17g)\n", sizeof(F) == 4 ? "f32" : "f64", name, worst.ulp, worst.x,
              worst.y);
  return worst;
}

template <typename F> std::vector<F> specials() {
  const F inf = std::numeric_limits<F>::infinity(), tiny = std::numeric_limits<F>::denorm_min();
  std::vector<F> list;
  for (F v : {F(0),
              tiny,
              std::numeric_limits<F>::min(),
              F(0.25),
              F(0.5),
              F(1),
              F(1.5),
              F(2),
              F(3),
              F(4),
              F(5),
              F(7.5),
              F(1e6),
              F(16777215),
              F(16777216),
              F(9007199254740991.),
              F(9007199254740992.),
              F(1e30),
              std::numeric_limits<F>::max(),
              inf,
              std::numeric_limits<F>::quiet_NaN()})
    list.push_back(v), list.push_back(-v);
  list.push_back(std::nextafter(F(1), F(0))), list.push_back(std::nextafter(F(1), F(2)));
  return list;
}

template <typename F, typename R> void checkSpecials(const char *name, R (*ref)(R, R), double bound) {
  for (const char *type : {sizeof(F) == 4 ? "f32" : "f64", sizeof(F) == 4 ? "vector<16xf32>" : "vector<8xf64>"}) {
    Compiled code({name, type, 2}, cpu());
    for (F x : specials<F>())
      for (F y : specials<F>()) {
        F xs[16], ys[16], z[16];
        std::fill(xs, xs + 16, x), std::fill(ys, ys + 16, y);
        code.function()(xs, ys, z);
        INFO(type << " " << name << "(" << x << ", " << y << ") = " << z[0] << ", reference " << ref(x, y));
        CHECK(ulpError<F, R>(z[0], ref(x, y)) <= bound);
      }
  }
}

/// Arguments of pow whose result is mostly finite: bases over the whole range, near 1 and near small numbers.
template <typename F> auto drawPow() {
  return [random = std::mt19937_64(7)](F &x, F &y) mutable {
    std::uniform_real_distribution<double> unit(-1, 1);
    double range = std::numeric_limits<F>::max_exponent, precision = std::numeric_limits<F>::digits;
    double base = 0;
    switch (random() % 3) {
    case 0:
      base = std::exp2(unit(random) * range);
      break;
    case 1:
      base = 1 + unit(random) * std::exp2(-(precision - 1) * std::fabs(unit(random)));
      break;
    default:
      base = std::fabs(unit(random)) * 10;
    }
    x = F(base);
    y = F(unit(random) * 1.05 * range / std::log2(double(x)));
    if (random() % 8 == 0)
      x = -x, y = std::round(y);
  };
}

template <typename F> auto drawAtan2() {
  return [random = std::mt19937_64(9)](F &y, F &x) mutable {
    std::uniform_real_distribution<double> unit(-1, 1);
    double range = std::numeric_limits<F>::max_exponent;
    y = F(unit(random) * std::exp2(unit(random) * (random() % 2 ? range : 3)));
    x = F(random() % 2 ? unit(random) * std::exp2(unit(random) * range) : y * unit(random) * 8);
  };
}

} // namespace

TEST_CASE("pow") {
  checkSpecials<float, double>("powf", std::pow, 0.51);
  checkSpecials<double, long double>("powf", powl, 1.5);
  CHECK(measure<float, double>("powf", std::pow, 1 << 19, drawPow<float>()).ulp <= 0.51);
  CHECK(measure<double, long double>("powf", powl, 1 << 18, drawPow<double>()).ulp <= 1.5);
}

TEST_CASE("pow, more arguments", "[.long]") {
  CHECK(measure<float, double>("powf", std::pow, 1 << 24, drawPow<float>()).ulp <= 0.51);
  CHECK(measure<double, long double>("powf", powl, 1 << 23, drawPow<double>()).ulp <= 1.5);
}

TEST_CASE("atan2") {
  checkSpecials<float, double>("atan2", std::atan2, 0.51);
  checkSpecials<double, long double>("atan2", atan2l, 2);
  CHECK(measure<float, double>("atan2", std::atan2, 1 << 19, drawAtan2<float>()).ulp <= 0.51);
  CHECK(measure<double, long double>("atan2", atan2l, 1 << 18, drawAtan2<double>()).ulp <= 2.5);
}

TEST_CASE("fpowi") {
  Case c{"fpowi", "vector<16xf32>", 2, "vector<16xi32>"};
  Compiled code(c, cpu());
  for (float base :
       {-2.5f, -1.0f, -0.0f, 0.0f, 0.7f, 1.0f, 3.0f, std::numeric_limits<float>::infinity(), std::nanf("")})
    for (int n : {0, 1, -1, 2, 3, -3, 16, 31, -40, 1000001, INT32_MAX, INT32_MIN}) {
      float x[16], y[16];
      int32_t e[16];
      std::fill(x, x + 16, base), std::fill(e, e + 16, n);
      code.function()(x, e, y);
      INFO(base << "^" << n << " = " << y[3]);
      CHECK(ulpError<float, double>(y[3], std::pow(double(base), n)) <= 0.51);
    }
}

// Error bounds of the unary expansions: f32 by sweeps over bit patterns, f64 by random arguments.
#include "Jit.h"
#include "Ulp.h"

#include <catch2/catch.hpp>

#include <cstdio>
#include <random>

using namespace tenon::test;

namespace {

struct Worst {
  double ulp = 0, at = 0;
  void add(double error, double x) {
    if (error > ulp)
      ulp = error, at = x;
  }
};

template <typename F, typename R> void evaluate(Compiled::Function f, R (*ref)(R), const F *x, int n, Worst &worst) {
  F y[16];
  f(x, nullptr, y);
  for (int i = 0; i < n; ++i)
    worst.add(ulpError<F, R>(y[i], ref(x[i])), x[i]);
}

/// Every `stride`th f32, counted over bit patterns.
Worst sweepF32(const Unary &u, uint64_t stride) {
  Compiled code({u.name, "vector<16xf32>"}, hasAvx512() ? "x86-64-v4" : "x86-64-v3");
  Worst worst;
  for (uint64_t bits = 0; bits < 1ull << 32;) {
    float x[16];
    for (float &lane : x) {
      uint32_t pattern = uint32_t(bits);
      std::memcpy(&lane, &pattern, 4);
      bits += stride;
    }
    evaluate(code.function(), u.ref32, x, 16, worst);
  }
  return worst;
}

Worst randomF64(const Unary &u, int count) {
  Compiled code({u.name, "vector<8xf64>"}, hasAvx512() ? "x86-64-v4" : "x86-64-v3");
  std::mt19937_64 random(42);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const double scales[] = {1, 2, 1e-3, 1e-9, 10, 30, 750, 1e5, 1e8, 1e15};
  Worst worst;
  for (int i = 0; i < count; i += 8) {
    double x[8];
    for (int lane = 0; lane < 8; ++lane) {
      uint64_t bits = random();
      if (lane % 2)
        std::memcpy(&x[lane], &bits, 8);
      else
        x[lane] = uniform(random) * scales[bits % 10] + (bits % 3 == 0 ? 1 : 0);
    }
    evaluate(code.function(), u.ref64, x, 8, worst);
  }
  return worst;
}

const double kSpecial[] = {0.0,
                           0x1p-149,
                           0x1p-127,
                           0x1p-126,
                           0x1p-24,
                           0.5,
                           1,
                           1.5,
                           2,
                           2.5,
                           3,
                           0x1.fffffep-2,
                           0x1.fffffep-1,
                           87,
                           88.72284,
                           88.7229,
                           89.4,
                           89.5,
                           103.97,
                           104,
                           126,
                           127,
                           128,
                           129,
                           149,
                           150,
                           151,
                           65536,
                           1e10,
                           0x1p23,
                           0x1.fffffep127,
                           709.78,
                           709.79,
                           710.47,
                           710.48,
                           745.13,
                           745.14,
                           1023.9,
                           1024,
                           1074,
                           1075,
                           5e-324,
                           2.2250738585072014e-308,
                           1e300,
                           1.7976931348623157e308,
                           0x1.6ac5b262ca1ffp+849,
                           std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()};

template <typename F, typename R> Worst specials(const char *name, R (*ref)(R), const char *type, const char *cpu) {
  Compiled code({name, type}, cpu);
  Worst worst;
  for (double s : kSpecial)
    for (double signedValue : {s, -s}) {
      F x[16];
      std::fill(x, x + 16, F(signedValue));
      evaluate(code.function(), ref, x, 1, worst);
    }
  return worst;
}

void report(const char *type, const Unary &u, const Worst &w, double bound) {
  std::printf("%-4s %-6s %7.3f ulp at %.9g (%a)\n", type, u.name, w.ulp, w.at, w.at);
  INFO(u.name << " on " << type << ": " << w.ulp << " ulp at " << w.at);
  CHECK(w.ulp <= bound);
}

void sweepAll(uint64_t stride) {
  for (const Unary &u : unaryFunctions())
    report("f32", u, sweepF32(u, stride), u.bound32);
}

} // namespace

TEST_CASE("f32 errors stay within the bounds") { sweepAll(4099); }
TEST_CASE("f32 errors stay within the bounds, every 257th argument", "[.long]") { sweepAll(257); }
TEST_CASE("f32 errors stay within the bounds, all arguments", "[.exhaustive]") {
  for (const Unary &u : unaryFunctions())
    DYNAMIC_SECTION(u.name) { report("f32", u, sweepF32(u, 1), u.bound32); }
}

TEST_CASE("f64 errors stay within the bounds") {
  for (const Unary &u : unaryFunctions())
    report("f64", u, randomF64(u, 200000), u.bound64);
}
TEST_CASE("f64 errors stay within the bounds, more arguments", "[.long]") {
  for (const Unary &u : unaryFunctions())
    report("f64", u, randomF64(u, 4000000), u.bound64);
}

TEST_CASE("special arguments") {
  for (const Unary &u : unaryFunctions())
    for (const char *cpu : {"x86-64-v3", "x86-64-v4"}) {
      if (!hasAvx512() && std::string(cpu) == "x86-64-v4")
        continue;
      for (const char *type : {"f32", "vector<16xf32>"})
        report(type, u, specials<float>(u.name, u.ref32, type, cpu), u.bound32);
      for (const char *type : {"f64", "vector<8xf64>"})
        report(type, u, specials<double>(u.name, u.ref64, type, cpu), u.bound64);
    }
}

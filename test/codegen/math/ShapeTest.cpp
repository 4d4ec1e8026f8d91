// Every expansion on every shape of value gives the bits of the 16-lane version, on each instruction set.
#include "Jit.h"
#include "Ulp.h"

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

using namespace tenon::test;

namespace {

const float kArguments[16] = {0.1f,  -0.7f, 3.25f, 1e-8f,  40.0f, -2.5f, 1e6f, 0.99f,
                              -0.0f, 1.0f,  77.0f, -1e30f, 9.5f,  0.5f,  2.0f, 1e-40f};

int lanesOf(const std::string &type) {
  if (type == "vector<4x4xf32>")
    return 16;
  return type.rfind("vector<", 0) || type == "vector<f32>" ? 1 : std::stoi(type.substr(7));
}

} // namespace

TEST_CASE("all shapes and instruction sets agree bit by bit") {
  for (const Unary &u : unaryFunctions()) {
    float expected[16];
    Compiled({u.name, "vector<16xf32>"}, "x86-64-v3").function()(kArguments, nullptr, expected);
    std::vector<std::string> cpus{"x86-64-v3"};
    if (hasAvx512())
      cpus.push_back("x86-64-v4");
    for (const std::string &cpu : cpus)
      for (std::string type :
           {"f32", "vector<f32>", "vector<1xf32>", "vector<5xf32>", "vector<16xf32>", "vector<4x4xf32>"}) {
        Compiled code({u.name, type}, cpu);
        int lanes = lanesOf(type);
        for (int i = 0; i + lanes <= 16; i += lanes) {
          float got[16];
          code.function()(kArguments + i, nullptr, got);
          INFO(u.name << " " << type << " " << cpu << " from argument " << i << ": " << got[0] << ", expected "
                      << expected[i]);
          for (int l = 0; l < lanes; ++l)
            CHECK((std::isnan(got[l]) ? std::isnan(expected[i + l]) : std::memcmp(&got[l], &expected[i + l], 4) == 0));
        }
      }
  }
}

TEST_CASE("sincos is sin and cos") {
  Case c{"sincos", "f32"};
  c.results = 2;
  Compiled both(c, "x86-64-v3"), sine({"sin", "f32"}, "x86-64-v3"), cosine({"cos", "f32"}, "x86-64-v3");
  for (float x : kArguments) {
    float got[2], s, k;
    both.function()(&x, nullptr, got), sine.function()(&x, nullptr, &s), cosine.function()(&x, nullptr, &k);
    CHECK(std::memcmp(&got[0], &s, 4) == 0);
    CHECK(std::memcmp(&got[1], &k, 4) == 0);
  }
}

TEST_CASE("other element types are an error, native operations are not touched") {
  CHECK_FALSE(expands({"exp", "f16"}));
  CHECK_FALSE(expands({"tanh", "vector<8xbf16>"}));
  CHECK(expands({"sqrt", "vector<8xf16>"}));
  CHECK(expands({"floor", "f32"}));
}

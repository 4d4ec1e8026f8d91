// The attention template: scores, softmax and values in one kernel.
#include "KernelCheck.h"

#include <catch2/catch.hpp>

using namespace tenon::test;

namespace {

KernelOptions attention(double tolerance = 2e-5) {
  KernelOptions options;
  options.templateName = "attention";
  options.tolerance = tolerance;
  return options;
}

/// Scaled and masked attention, heads between tokens and features.
std::string masked(int64_t heads, int64_t rows, int64_t columns, int64_t size, int64_t valueSize) {
  std::string q = tensor({rows, heads, size}), k = tensor({columns, heads, size}),
              v = tensor({columns, heads, valueSize}), m = tensor({rows, columns}), p = tensor({heads, rows, columns}),
              y = tensor({rows, heads, valueSize});
  return "func.func @main(%q: " + q + ", %k: " + k + ", %v: " + v + ", %m: " + m + ") -> " + y + " {\n" +
         "  %c = tn.constant dense<0.25> : tensor<f32>\n"
         "  %0 = tn.contract %q [0, 3, 2], %k [1, 3, 2] -> [3, 0, 1] : " +
         q + ", " + k + " -> " + p + "\n  %1 = tn.mul %0, %c : " + p + ", tensor<f32> -> " + p +
         "\n  %2 = tn.add %1, %m : " + p + ", " + m + " -> " + p + "\n  %3 = tn.softmax %2 axis 2 : " + p + " -> " + p +
         "\n  %4 = tn.contract %3 [3, 0, 2], %v [2, 3, 1] -> [0, 3, 1] : " + p + ", " + v + " -> " + y +
         "\n  return %4 : " + y + "\n}\n";
}

} // namespace

TEST_CASE("attention of every number of rows and columns", "[attention]") {
  for (int64_t rows : {4, 5, 13, 14, 15, 27, 49, 128})
    checkKernel(masked(2, rows, 33, 8, 24), attention());
  for (int64_t columns : {1, 2, 15, 16, 17, 31, 32, 33, 49, 128, 197, 800})
    checkKernel(masked(2, 9, columns, 16, 40), attention());
  for (int64_t size : {1, 3, 64, 80})
    checkKernel(masked(3, 20, 50, size, size), attention());
}

TEST_CASE("attention over blocks of rows that do not divide them", "[attention]") {
  checkKernel(masked(1, 131, 257, 16, 32), attention());
  checkKernel(masked(3, 197, 197, 32, 32), attention());
}

TEST_CASE("batches in front, as windows of an image have them, with a bias by head", "[attention]") {
  std::string x = tensor({4, 3, 49, 32}), p = tensor({4, 3, 49, 49}), m = tensor({3, 49, 49}),
              y = tensor({4, 49, 3, 32});
  checkKernel("func.func @main(%q: " + x + ", %k: " + x + ", %v: " + x + ", %m: " + m + ") -> " + y +
                  " {\n  %0 = tn.contract %q [3, 4, 0, 2], %k [3, 4, 1, 2] -> [3, 4, 0, 1] : " + x + ", " + x + " -> " +
                  p + "\n  %1 = tn.add %0, %m : " + p + ", " + m + " -> " + p + "\n  %2 = tn.softmax %1 axis 3 : " + p +
                  " -> " + p + "\n  %3 = tn.contract %2 [3, 4, 0, 2], %v [3, 4, 2, 1] -> [3, 0, 4, 1] : " + p + ", " +
                  x + " -> " + y + "\n  return %3 : " + y + "\n}\n",
              attention());
}

TEST_CASE("keys and values that several queries share, and an epilogue with a residual", "[attention]") {
  // Two groups of two heads each read the same keys.
  std::string q = tensor({2, 2, 20, 16}), k = tensor({2, 37, 16}), p = tensor({2, 2, 20, 37}),
              r = tensor({2, 2, 20, 16});
  checkKernel("func.func @main(%q: " + q + ", %k: " + k + ", %v: " + k + ", %r: " + r + ") -> " + r +
                  " {\n  %0 = tn.contract %q [0, 1, 2, 4], %k [0, 3, 4] -> [0, 1, 2, 3] : " + q + ", " + k + " -> " +
                  p + "\n  %1 = tn.softmax %0 axis 3 : " + p + " -> " + p +
                  "\n  %2 = tn.contract %1 [0, 1, 2, 4], %v [0, 4, 3] -> [0, 1, 2, 3] : " + p + ", " + k + " -> " + r +
                  "\n  %3 = tn.add %2, %r : " + r + ", " + r + " -> " + r + "\n  %4 = tn.relu %3 : " + r + " -> " + r +
                  "\n  return %4 : " + r + "\n}\n",
              attention());
}

TEST_CASE("scores far apart, infinite and not a number", "[attention]") {
  KernelOptions wide = attention();
  wide.low = -30;
  wide.high = 30;
  checkKernel(masked(2, 10, 40, 16, 16), wide);
  // Masks of -inf hide columns, and make a row that has nothing else not a number, as the definition does.
  KernelOptions special = attention();
  special.special = true;
  checkKernel(masked(2, 10, 40, 16, 16), special);
}

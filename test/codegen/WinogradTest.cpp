// The template of Winograd's algorithm: all tiles, shapes that tiles and panels do not divide, batches, epilogues.
#include "KernelCheck.h"

#include <catch2/catch.hpp>

using namespace tenon::test;

namespace {

struct Convolution {
  int64_t tile, images, height, width, channels, filters;
  int64_t extra = 0; ///< rows and columns of the input beyond what the tiles need

  static std::string tensor(std::initializer_list<int64_t> shape) {
    std::string text = "tensor<";
    for (int64_t d : shape)
      text += std::to_string(d) + "x";
    return text + "f32>";
  }
  int64_t covered(int64_t size) const { return (size + tile - 1) / tile * tile + 2 + extra; }
  std::string input() const { return tensor({images, covered(height), covered(width), channels}); }
  std::string filter() const { return tensor({(filters + 31) / 32, (tile + 2) * (tile + 2), channels, 32}); }
  std::string result() const { return tensor({images, height, width, filters}); }
  std::string operation() const {
    return "tn.winograd_conv %0, %1 tile " + std::to_string(tile) + " size [" + std::to_string(height) + ", " +
           std::to_string(width) + "] filters " + std::to_string(filters);
  }
};

KernelOptions options() {
  KernelOptions made;
  made.templateName = "winograd";
  made.low = -1;
  made.high = 1;
  made.tolerance = 3e-4; // sums of hundreds that cancel
  return made;
}

} // namespace

TEST_CASE("winograd convolutions", "[winograd]") {
  for (const Convolution &c : {Convolution{4, 1, 8, 8, 16, 32},
                               {4, 1, 7, 9, 16, 32},
                               {4, 2, 5, 6, 32, 33},
                               {4, 1, 1, 1, 16, 1},
                               {4, 3, 14, 14, 48, 64},
                               {4, 1, 12, 30, 16, 20, 3},
                               {2, 1, 8, 8, 16, 32},
                               {2, 1, 7, 7, 32, 70},
                               {2, 3, 3, 2, 16, 5, 1},
                               {4, 1, 40, 40, 256, 32},
                               {2, 1, 13, 13, 272, 40}}) {
    INFO(c.operation());
    checkKernel(binaryFunction(c.operation(), c.input(), c.filter(), c.result()), options());
  }
}

TEST_CASE("winograd convolutions with epilogues", "[winograd]") {
  Convolution c{4, 2, 6, 7, 16, 40};
  std::string y = c.result(), bias = "tensor<40xf32>", padded = Convolution::tensor({2, 8, 10, 40});
  checkKernel("func.func @main(%0: " + c.input() + ", %1: " + c.filter() + ", %2: " + bias + ", %3: " + y + ") -> " +
                  padded + " {\n  %c = " + c.operation() + " : " + c.input() + ", " + c.filter() + " -> " + y +
                  "\n  %b = tn.add %c, %2 : " + y + ", " + bias + " -> " + y + "\n  %s = tn.add %b, %3 : " + y + ", " +
                  y + " -> " + y + "\n  %a = tn.relu %s : " + y + " -> " + y +
                  "\n  %r = tn.pad %a constant [0, 1, 1, 0] [0, 1, 2, 0] 0.0 : " + y + " -> " + padded +
                  "\n  return %r : " + padded + "\n}\n",
              options());
}

// The depthwise template, and paddings that anchors write behind their epilogues.
#include "KernelCheck.h"

#include <catch2/catch.hpp>

using namespace tenon::test;

namespace {

KernelOptions options(const char *name) {
  KernelOptions made;
  made.templateName = name;
  made.low = -1;
  made.high = 1;
  made.tolerance = 2e-5;
  return made;
}

std::string type(const std::string &shape) { return "tensor<" + shape + "xf32>"; }

std::string depthwise(const std::string &strides, const std::string &dilations, const std::string &channels) {
  std::string zeros = strides.find(',') == std::string::npos ? "[0]" : "[0, 0]",
              ones = strides.find(',') == std::string::npos ? "[1]" : "[1, 1]";
  return "tn.conv %0, %1 strides " + strides + " low " + zeros + " high " + zeros + " dilations " + dilations +
         " input_dilation " + ones + " groups " + channels + " {channels_last}";
}

} // namespace

TEST_CASE("depthwise convolutions", "[depthwise]") {
  struct {
    const char *strides, *dilations, *channels, *input, *filter, *result;
  } cases[] = {
      {"[1, 1]", "[1, 1]", "32", "1x9x9x32", "32x1x3x3", "1x7x7x32"},
      {"[1, 1]", "[1, 1]", "33", "2x16x16x33", "33x1x3x3", "2x14x14x33"},
      {"[2, 2]", "[1, 1]", "10", "1x15x15x10", "10x1x3x3", "1x7x7x10"},
      {"[2, 1]", "[1, 2]", "50", "1x11x13x50", "50x1x5x3", "1x4x9x50"},
      {"[1, 1]", "[1, 1]", "17", "1x3x3x17", "17x1x3x3", "1x1x1x17"},
      {"[1, 1]", "[1, 1]", "2", "1x5x12x2", "2x1x2x5", "1x4x8x2"},
      {"[1]", "[1]", "24", "3x20x24", "24x1x4", "3x17x24"},
      {"[2, 2]", "[1, 1]", "116", "1x17x19x116", "116x1x3x3", "1x8x9x116"},
      {"[1, 1]", "[1, 1]", "200", "1x11x11x200", "200x1x5x5", "1x7x7x200"},
      {"[2, 2]", "[2, 3]", "144", "1x15x23x144", "144x1x3x3", "1x6x9x144"},
      {"[3, 1]", "[1, 1]", "19", "2x10x20x19", "19x1x2x2", "2x3x19x19"},
  };
  for (auto &c : cases) {
    std::string function =
        binaryFunction(depthwise(c.strides, c.dilations, c.channels), type(c.input), type(c.filter), type(c.result));
    checkKernel(function, options("depthwise"));
    KernelOptions naive = options("elementwise");
    naive.force = true;
    checkKernel(function, naive);
  }
  checkKernel(binaryFunction("tn.conv %0, %1 strides [1, 1, 2] low [0, 0, 0] high [0, 0, 0] dilations [1, 1, 1] "
                             "input_dilation [1, 1, 1] groups 20 {channels_last}",
                             type("2x4x5x9x20"), type("20x1x2x3x3"), type("2x3x3x4x20")),
              options("depthwise"));
}

TEST_CASE("convolutions of narrow groups", "[depthwise]") {
  struct {
    const char *strides, *dilations, *groups, *input, *filter, *result;
  } cases[] = {
      {"[1, 1]", "[1, 1]", "32", "1x9x9x128", "128x4x3x3", "1x7x7x128"},
      {"[2, 2]", "[1, 1]", "5", "1x11x15x40", "40x8x3x3", "1x5x7x40"},
      {"[1, 1]", "[2, 1]", "9", "2x9x8x18", "18x2x3x3", "2x5x6x18"},
      {"[1, 1]", "[1, 1]", "3", "1x5x5x12", "12x4x1x1", "1x5x5x12"},
      {"[1]", "[1]", "6", "2x14x48", "48x8x5", "2x10x48"},
  };
  for (auto &c : cases)
    checkKernel(
        binaryFunction(depthwise(c.strides, c.dilations, c.groups), type(c.input), type(c.filter), type(c.result)),
        options("depthwise"));
}

static std::string paddedConv(const std::string &channels, const std::string &low, const std::string &high,
                              const std::string &padded) {
  std::string result = type("1x7x7x" + channels), bias = type(channels);
  return "func.func @main(%0: " + type("1x9x9x" + channels) + ", %1: " + type(channels + "x1x3x3") + ", %2: " + bias +
         ") -> " + type(padded) + " {\n  %y = " + depthwise("[1, 1]", "[1, 1]", channels) + " : " +
         type("1x9x9x" + channels) + ", " + type(channels + "x1x3x3") + " -> " + result +
         "\n  %b = tn.add %y, %2 : " + result + ", " + bias + " -> " + result + "\n  %r = tn.pad %b constant " + low +
         " " + high + " 0.5 : " + result + " -> " + type(padded) + "\n  return %r : " + type(padded) + "\n}\n";
}

static std::string paddedMatmul(const std::string &low, const std::string &high, const std::string &padded) {
  return "func.func @main(%0: " + type("2x5x9") + ", %1: " + type("9x33") + ") -> " + type(padded) +
         " {\n  %y = tn.contract %0 [0, 1, 3], %1 [3, 2] -> [0, 1, 2] : " + type("2x5x9") + ", " + type("9x33") +
         " -> " + type("2x5x33") + "\n  %z = tn.relu %y : " + type("2x5x33") + " -> " + type("2x5x33") +
         "\n  %r = tn.pad %z constant " + low + " " + high + " 0.0 : " + type("2x5x33") + " -> " + type(padded) +
         "\n  return %r : " + type(padded) + "\n}\n";
}

TEST_CASE("padded results", "[depthwise][contraction]") {
  checkKernel(paddedConv("32", "[0, 1, 1, 0]", "[0, 1, 1, 0]", "1x9x9x32"), options("depthwise"));
  checkKernel(paddedConv("33", "[0, 0, 2, 0]", "[0, 1, 3, 0]", "1x8x12x33"), options("depthwise"));
  checkKernel(paddedConv("10", "[0, 2, 0, 0]", "[0, 0, 0, 0]", "1x9x7x10"), options("depthwise"));
  checkKernel(paddedConv("10", "[1, 2, 0, 3]", "[0, 0, 1, 4]", "2x9x8x17"), options("depthwise"));
  checkKernel(paddedMatmul("[0, 1, 0]", "[0, 2, 0]", "2x8x33"), options("contraction"));
  checkKernel(paddedMatmul("[1, 0, 5]", "[1, 1, 20]", "4x6x58"), options("contraction"));
  checkKernel(paddedMatmul("[0, 0, 0]", "[0, 0, 0]", "2x5x33"), options("contraction"));
}

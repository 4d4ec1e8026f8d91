#include "test/e2e/Programs.h"

namespace tenon::test {

static const char *const kPerceptron = R"(
func.func @main(%x: tensor<5x37xf32> {tn.name = "x"}, %w: tensor<37x50xf32> {tn.name = "w"}, %b: tensor<50xf32> {tn.name = "b"}, %v: tensor<50x10xf32> {tn.name = "v"})
    -> (tensor<5x10xf32> {tn.name = "y"}) {
  %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<5x37xf32>, tensor<37x50xf32> -> tensor<5x50xf32>
  %1 = tn.add %0, %b : tensor<5x50xf32>, tensor<50xf32> -> tensor<5x50xf32>
  %2 = tn.gelu %1 : tensor<5x50xf32> -> tensor<5x50xf32>
  %3 = tn.contract %2 [0, 2], %v [2, 1] -> [0, 1] : tensor<5x50xf32>, tensor<50x10xf32> -> tensor<5x10xf32>
  %4 = tn.softmax %3 axis 1 : tensor<5x10xf32> -> tensor<5x10xf32>
  return %4 : tensor<5x10xf32>
})";

static const char *const kConvolutions = R"(
func.func @main(%x: tensor<2x3x13x11xf32> {tn.name = "x"}, %w: tensor<24x3x3x3xf32> {tn.name = "w"}, %d: tensor<24x1x3x3xf32> {tn.name = "d"}, %g: tensor<12x12x1x1xf32> {tn.name = "g"})
    -> (tensor<2x24x7x6xf32> {tn.name = "y"}, tensor<2x12x1x1xf32> {tn.name = "z"}) {
  %0 = tn.conv %x, %w strides [2, 2] low [1, 1] high [1, 1] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<2x3x13x11xf32>, tensor<24x3x3x3xf32> -> tensor<2x24x7x6xf32>
  %1 = tn.silu %0 : tensor<2x24x7x6xf32> -> tensor<2x24x7x6xf32>
  %2 = tn.conv %1, %d strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] input_dilation [1, 1] groups 24 : tensor<2x24x7x6xf32>, tensor<24x1x3x3xf32> -> tensor<2x24x7x6xf32>
  %3 = tn.relu %2 : tensor<2x24x7x6xf32> -> tensor<2x24x7x6xf32>
  %4 = tn.add %3, %1 : tensor<2x24x7x6xf32>, tensor<2x24x7x6xf32> -> tensor<2x24x7x6xf32>
  %5 = tn.window max %4 sizes [1, 1, 3, 3] strides [1, 1, 2, 2] dilations [1, 1, 1, 1] low [0, 0, 1, 1] high [0, 0, 1, 1] : tensor<2x24x7x6xf32> -> tensor<2x24x4x3xf32>
  %6 = tn.slice %5 [0, 4, 0, 0] [2, 12, 4, 3] [1, 1, 1, 1] : tensor<2x24x4x3xf32> -> tensor<2x12x4x3xf32>
  %7 = tn.conv %6, %g strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<2x12x4x3xf32>, tensor<12x12x1x1xf32> -> tensor<2x12x4x3xf32>
  %8 = tn.reduce sum %7 axes [2, 3] : tensor<2x12x4x3xf32> -> tensor<2x12x1x1xf32>
  return %4, %8 : tensor<2x24x7x6xf32>, tensor<2x12x1x1xf32>
})";

static const char *const kAttention = R"(
func.func @main(%x: tensor<1x17x48xf32> {tn.name = "x"}, %w: tensor<48x144xf32> {tn.name = "w"}, %o: tensor<48x48xf32> {tn.name = "o"})
    -> (tensor<1x17x48xf32> {tn.name = "y"}) {
  %scale = tn.constant dense<0.25> : tensor<f32>
  %n = tn.normalize %x axes [2] epsilon 1.0e-5 : tensor<1x17x48xf32> -> tensor<1x17x48xf32>
  %qkv = tn.contract %n [0, 1, 3], %w [3, 2] -> [0, 1, 2] : tensor<1x17x48xf32>, tensor<48x144xf32> -> tensor<1x17x144xf32>
  %q0 = tn.slice %qkv [0, 0, 0] [1, 17, 48] [1, 1, 1] : tensor<1x17x144xf32> -> tensor<1x17x48xf32>
  %k0 = tn.slice %qkv [0, 0, 48] [1, 17, 48] [1, 1, 1] : tensor<1x17x144xf32> -> tensor<1x17x48xf32>
  %v0 = tn.slice %qkv [0, 0, 96] [1, 17, 48] [1, 1, 1] : tensor<1x17x144xf32> -> tensor<1x17x48xf32>
  %q = tn.reshape %q0 : tensor<1x17x48xf32> -> tensor<1x17x3x16xf32>
  %k = tn.reshape %k0 : tensor<1x17x48xf32> -> tensor<1x17x3x16xf32>
  %v = tn.reshape %v0 : tensor<1x17x48xf32> -> tensor<1x17x3x16xf32>
  %s = tn.contract %q [0, 2, 1, 4], %k [0, 3, 1, 4] -> [0, 1, 2, 3] : tensor<1x17x3x16xf32>, tensor<1x17x3x16xf32> -> tensor<1x3x17x17xf32>
  %t = tn.mul %s, %scale : tensor<1x3x17x17xf32>, tensor<f32> -> tensor<1x3x17x17xf32>
  %p = tn.softmax %t axis 3 : tensor<1x3x17x17xf32> -> tensor<1x3x17x17xf32>
  %c = tn.contract %p [0, 1, 2, 4], %v [0, 4, 1, 3] -> [0, 2, 1, 3] : tensor<1x3x17x17xf32>, tensor<1x17x3x16xf32> -> tensor<1x17x3x16xf32>
  %m = tn.reshape %c : tensor<1x17x3x16xf32> -> tensor<1x17x48xf32>
  %r = tn.contract %m [0, 1, 3], %o [3, 2] -> [0, 1, 2] : tensor<1x17x48xf32>, tensor<48x48xf32> -> tensor<1x17x48xf32>
  %y = tn.add %r, %x : tensor<1x17x48xf32>, tensor<1x17x48xf32> -> tensor<1x17x48xf32>
  return %y : tensor<1x17x48xf32>
})";

static const char *const kRecurrent = R"(
func.func @main(%x: tensor<9x2x3xf32> {tn.name = "x"}, %w: tensor<2x20x3xf32> {tn.name = "w"}, %r: tensor<2x20x5xf32> {tn.name = "r"}, %h: tensor<2x2x5xf32> {tn.name = "h"}, %c: tensor<2x2x5xf32> {tn.name = "c"})
    -> (tensor<9x2x2x5xf32> {tn.name = "y"}, tensor<2x2x5xf32> {tn.name = "last"}) {
  %g = tn.contract %x [0, 2, 4], %w [1, 3, 4] -> [0, 1, 2, 3] : tensor<9x2x3xf32>, tensor<2x20x3xf32> -> tensor<9x2x2x20xf32>
  %y, %lh, %lc = tn.lstm %g, %r, %h, %c reverse [false, true] : tensor<9x2x2x20xf32>, tensor<2x20x5xf32>, tensor<2x2x5xf32>, tensor<2x2x5xf32> -> tensor<9x2x2x5xf32>, tensor<2x2x5xf32>, tensor<2x2x5xf32>
  return %y, %lc : tensor<9x2x2x5xf32>, tensor<2x2x5xf32>
})";

static const char *const kMovement = R"(
func.func @main(%x: tensor<4x6xf32> {tn.name = "x"}, %i: tensor<3xi64> {tn.name = "i"})
    -> (tensor<3x6xf32> {tn.name = "rows"}, tensor<4x6xf32> {tn.name = "same"}, tensor<4x6xf32> {tn.name = "twice"}, tensor<6x7xf32> {tn.name = "joined"}) {
  %0 = tn.gather %x, %i axis 0 : tensor<4x6xf32>, tensor<3xi64> -> tensor<3x6xf32>
  %1 = tn.transpose %x [1, 0] : tensor<4x6xf32> -> tensor<6x4xf32>
  %2 = tn.transpose %0 [1, 0] : tensor<3x6xf32> -> tensor<6x3xf32>
  %3 = tn.concat %1, %2 axis 1 : tensor<6x4xf32>, tensor<6x3xf32> -> tensor<6x7xf32>
  return %0, %x, %x, %3 : tensor<3x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<6x7xf32>
})";

// What is joined, padded and split without being moved: operands of two concatenations, one within the other, the first
// of which could have been written over its own input, and another buffer between their writers and the reader; a
// border around them; halves that are read, and joined again; an input, whose slice is read in place and which is
// copied.
static const char *const kJoined = R"(
func.func @main(%x: tensor<1x6x5x24xf32> {tn.name = "x"}, %w: tensor<56x48xf32> {tn.name = "w"}, %f: tensor<16x48x3x3xf32> {tn.name = "f"}, %v: tensor<48x24xf32> {tn.name = "v"})
    -> (tensor<1x6x5x16xf32> {tn.name = "y"}, tensor<1x6x5x24xf32> {tn.name = "z"}, tensor<1x12x5x24xf32> {tn.name = "joined"}, tensor<1x6x5x8xf32> {tn.name = "part"}) {
  %first = tn.softmax %x axis 3 : tensor<1x6x5x24xf32> -> tensor<1x6x5x24xf32>
  %0 = tn.softmax %first axis 3 : tensor<1x6x5x24xf32> -> tensor<1x6x5x24xf32>
  %x8 = tn.slice %x [0, 0, 0, 8] [1, 6, 5, 8] [1, 1, 1, 1] : tensor<1x6x5x24xf32> -> tensor<1x6x5x8xf32>
  %part = tn.softmax %x8 axis 3 : tensor<1x6x5x8xf32> -> tensor<1x6x5x8xf32>
  %1 = tn.concat %0, %x, %x8 axis 3 : tensor<1x6x5x24xf32>, tensor<1x6x5x24xf32>, tensor<1x6x5x8xf32> -> tensor<1x6x5x56xf32>
  %between = tn.softmax %part axis 3 : tensor<1x6x5x8xf32> -> tensor<1x6x5x8xf32>
  %beside = tn.reduce sum %between axes [3] : tensor<1x6x5x8xf32> -> tensor<1x6x5x1xf32>
  %2 = tn.contract %1 [0, 1, 2, 4], %w [4, 3] -> [0, 1, 2, 3] : tensor<1x6x5x56xf32>, tensor<56x48xf32> -> tensor<1x6x5x48xf32>
  %left = tn.slice %2 [0, 0, 0, 0] [1, 6, 5, 24] [1, 1, 1, 1] : tensor<1x6x5x48xf32> -> tensor<1x6x5x24xf32>
  %right = tn.slice %2 [0, 0, 0, 24] [1, 6, 5, 24] [1, 1, 1, 1] : tensor<1x6x5x48xf32> -> tensor<1x6x5x24xf32>
  %3 = tn.softmax %left axis 3 : tensor<1x6x5x24xf32> -> tensor<1x6x5x24xf32>
  %4 = tn.softmax %right axis 3 : tensor<1x6x5x24xf32> -> tensor<1x6x5x24xf32>
  %sum = tn.add %3, %4 : tensor<1x6x5x24xf32>, tensor<1x6x5x24xf32> -> tensor<1x6x5x24xf32>
  %5 = tn.add %sum, %beside : tensor<1x6x5x24xf32>, tensor<1x6x5x1xf32> -> tensor<1x6x5x24xf32>
  %6 = tn.concat %right, %left axis 3 : tensor<1x6x5x24xf32>, tensor<1x6x5x24xf32> -> tensor<1x6x5x48xf32>
  %7 = tn.pad %6 constant [0, 1, 1, 0] [0, 1, 1, 0] 0.5 : tensor<1x6x5x48xf32> -> tensor<1x8x7x48xf32>
  %8 = tn.conv %7, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x8x7x48xf32>, tensor<16x48x3x3xf32> -> tensor<1x6x5x16xf32>
  %9 = tn.window max %5 sizes [1, 3, 3, 1] strides [1, 1, 1, 1] dilations [1, 1, 1, 1] low [0, 1, 1, 0] high [0, 1, 1, 0] : tensor<1x6x5x24xf32> -> tensor<1x6x5x24xf32>
  %10 = tn.concat %5, %9 axis 3 : tensor<1x6x5x24xf32>, tensor<1x6x5x24xf32> -> tensor<1x6x5x48xf32>
  %11 = tn.contract %10 [0, 1, 2, 4], %v [4, 3] -> [0, 1, 2, 3] : tensor<1x6x5x48xf32>, tensor<48x24xf32> -> tensor<1x6x5x24xf32>
  %12 = tn.softmax %9 axis 3 : tensor<1x6x5x24xf32> -> tensor<1x6x5x24xf32>
  %13 = tn.concat %12, %5 axis 1 : tensor<1x6x5x24xf32>, tensor<1x6x5x24xf32> -> tensor<1x12x5x24xf32>
  return %8, %11, %13, %part : tensor<1x6x5x16xf32>, tensor<1x6x5x24xf32>, tensor<1x12x5x24xf32>, tensor<1x6x5x8xf32>
})";

const std::vector<Program> &programs() {
  static const std::vector<Program> all = {{"perceptron", kPerceptron}, {"convolutions", kConvolutions},
                                           {"attention", kAttention},   {"recurrent", kRecurrent},
                                           {"movement", kMovement},     {"joined", kJoined}};
  return all;
}

} // namespace tenon::test

// The contraction template: matrix products and convolutions of every arrangement, with epilogues.
#include "KernelCheck.h"
#include "codegen/cpu/LoadedKernels.h"
#include "mlir/Parser/Parser.h"

#include <catch2/catch.hpp>

using namespace tenon::test;

namespace {

std::string list(const std::vector<int64_t> &values) {
  std::string text = "[";
  for (size_t i = 0; i < values.size(); ++i)
    text += (i ? ", " : "") + std::to_string(values[i]);
  return text + "]";
}

struct Conv {
  std::string input, filter, result;
  std::vector<int64_t> strides, dilations;
  int64_t groups = 1;
};

std::string convText(const Conv &c) {
  std::vector<int64_t> zeros(c.strides.size(), 0), ones(c.strides.size(), 1);
  return "tn.conv %0, %1 strides " + list(c.strides) + " low " + list(zeros) + " high " + list(zeros) + " dilations " +
         list(c.dilations) + " input_dilation " + list(ones) + " groups " + std::to_string(c.groups) +
         " {channels_last}";
}

KernelOptions contraction(double tolerance = 2e-5) {
  KernelOptions options;
  options.templateName = "contraction";
  options.low = -1;
  options.high = 1;
  options.tolerance = tolerance;
  return options;
}

/// With the template, and with the naive lowering that any kernel can fall back to.
void checkBoth(const std::string &function) {
  checkKernel(function, contraction());
  KernelOptions naive = contraction();
  naive.templateName = "elementwise";
  naive.force = true;
  checkKernel(function, naive);
}

std::string matmul(int64_t m, int64_t n, int64_t k) {
  return binaryFunction("tn.contract %0 [0, 2], %1 [2, 1] -> [0, 1]", tensor({m, k}), tensor({k, n}), tensor({m, n}));
}

} // namespace

TEST_CASE("matrix products of all remainders", "[contraction]") {
  struct {
    int64_t m, n, k;
  } shapes[] = {{1, 1, 1},    {1, 10, 27},  {2, 31, 3},    {3, 17, 49},   {4, 33, 147}, {5, 64, 1},  {6, 24, 27},
                {7, 50, 49},  {7, 1000, 3}, {14, 32, 147}, {49, 64, 27},  {50, 2, 49},  {50, 33, 5}, {197, 50, 27},
                {197, 24, 8}, {13, 96, 64}, {29, 10, 7},   {1, 1000, 64}, {8, 8, 8}};
  for (auto [m, n, k] : shapes)
    checkKernel(matmul(m, n, k), contraction());
}

TEST_CASE("sums in parts and blocks", "[contraction]") {
  struct {
    int64_t m, n, k;
  } shapes[] = {{28, 64, 256}, {13, 70, 257}, {3, 40, 300},  {30, 33, 511}, {15, 64, 512},
                {1, 64, 512},  {2, 17, 700},  {29, 80, 768}, {1, 33, 1100}, {16, 64, 1537}};
  for (auto [m, n, k] : shapes)
    checkKernel(matmul(m, n, k), contraction());
  // Parts of one tap and of several, blocks of one row of taps and of several.
  const Conv convolutions[] = {
      {tensor({1, 6, 6, 30}), tensor({33, 30, 3, 3}), tensor({1, 4, 4, 33}), {1, 1}, {1, 1}},
      {tensor({1, 6, 6, 65}), tensor({40, 65, 3, 3}), tensor({1, 4, 4, 40}), {1, 1}, {1, 1}},
      {tensor({1, 5, 5, 140}), tensor({32, 140, 3, 3}), tensor({1, 3, 3, 32}), {1, 1}, {1, 1}},
      {tensor({1, 4, 4, 520}), tensor({32, 520, 1, 2}), tensor({1, 4, 3, 32}), {1, 1}, {1, 1}},
      // Blocks of three taps, each of more than two parts' worth of products.
      {tensor({1, 46, 180}), tensor({33, 180, 17}), tensor({1, 14, 33}), {1}, {2}},
  };
  for (const Conv &c : convolutions)
    checkKernel(binaryFunction(convText(c), c.input, c.filter, c.result), contraction());
}

TEST_CASE("naive lowering of contractions", "[contraction]") {
  checkBoth(matmul(7, 17, 27));
  checkBoth(matmul(3, 33, 5));
}

TEST_CASE("transposed and batched contractions", "[contraction]") {
  // Either operand transposed, both, and the result.
  checkBoth(
      binaryFunction("tn.contract %0 [2, 0], %1 [2, 1] -> [0, 1]", tensor({9, 50}), tensor({9, 33}), tensor({50, 33})));
  checkBoth(
      binaryFunction("tn.contract %0 [0, 2], %1 [1, 2] -> [0, 1]", tensor({7, 27}), tensor({31, 27}), tensor({7, 31})));
  checkBoth(
      binaryFunction("tn.contract %0 [2, 0], %1 [1, 2] -> [0, 1]", tensor({27, 5}), tensor({33, 27}), tensor({5, 33})));
  KernelOptions naive = contraction();
  naive.templateName = "elementwise";
  checkKernel(
      binaryFunction("tn.contract %0 [0, 2], %1 [2, 1] -> [1, 0]", tensor({7, 27}), tensor({27, 17}), tensor({17, 7})),
      naive);
  // Attention: heads in the middle, with a batch; scores and values.
  checkBoth(binaryFunction("tn.contract %0 [0, 2, 1, 4], %1 [0, 3, 1, 4] -> [0, 1, 2, 3]", tensor({2, 10, 3, 16}),
                           tensor({2, 17, 3, 16}), tensor({2, 3, 10, 17})));
  checkBoth(binaryFunction("tn.contract %0 [0, 1, 2, 3], %1 [0, 3, 1, 4] -> [0, 2, 1, 4]", tensor({2, 3, 10, 17}),
                           tensor({2, 17, 3, 16}), tensor({2, 10, 3, 16})));
  // Several row, column and sum loops.
  checkBoth(binaryFunction("tn.contract %0 [0, 1, 4, 5], %1 [4, 5, 2, 3] -> [0, 1, 2, 3]", tensor({2, 5, 3, 4}),
                           tensor({3, 4, 3, 7}), tensor({2, 5, 3, 7})));
  checkBoth(binaryFunction("tn.contract %0 [0, 4, 1, 5], %1 [5, 2, 4, 3] -> [0, 1, 2, 3]", tensor({2, 5, 3, 4}),
                           tensor({4, 2, 5, 64}), tensor({2, 3, 2, 64})));
  // No rows at all, no sum at all, a batch only of the right operand.
  checkBoth(binaryFunction("tn.contract %0 [1], %1 [1, 0] -> [0]", tensor({27}), tensor({27, 33}), tensor({33})));
  checkBoth(binaryFunction("tn.contract %0 [0], %1 [1] -> [0, 1]", tensor({9}), tensor({35}), tensor({9, 35})));
  checkBoth(binaryFunction("tn.contract %0 [1, 3], %1 [0, 3, 2] -> [0, 1, 2]", tensor({7, 9}), tensor({3, 9, 20}),
                           tensor({3, 7, 20})));
}

TEST_CASE("convolutions", "[contraction]") {
  const Conv cases[] = {
      {tensor({1, 9, 9, 3}), tensor({17, 3, 3, 3}), tensor({1, 7, 7, 17}), {1, 1}, {1, 1}},
      {tensor({2, 14, 14, 8}), tensor({24, 8, 1, 1}), tensor({2, 14, 14, 24}), {1, 1}, {1, 1}},
      {tensor({1, 16, 16, 4}), tensor({33, 4, 3, 3}), tensor({1, 14, 14, 33}), {1, 1}, {1, 1}},
      {tensor({1, 19, 19, 3}), tensor({10, 3, 7, 7}), tensor({1, 7, 7, 10}), {2, 2}, {1, 1}},
      {tensor({1, 7, 7, 16}), tensor({64, 16, 1, 1}), tensor({1, 4, 4, 64}), {2, 2}, {1, 1}},
      {tensor({1, 11, 13, 5}), tensor({31, 5, 3, 3}), tensor({1, 7, 9, 31}), {1, 1}, {2, 2}},
      {tensor({1, 13, 17, 2}), tensor({9, 2, 2, 3}), tensor({1, 4, 15, 9}), {3, 1}, {2, 1}},
      // Groups, with full and with ragged panels.
      {tensor({1, 9, 9, 12}), tensor({10, 6, 3, 3}), tensor({1, 7, 7, 10}), {1, 1}, {1, 1}, 2},
      {tensor({1, 6, 6, 8}), tensor({132, 2, 1, 1}), tensor({1, 6, 6, 132}), {1, 1}, {1, 1}, 4},
      {tensor({2, 5, 5, 3}), tensor({6, 1, 3, 3}), tensor({2, 3, 3, 6}), {1, 1}, {1, 1}, 3},
      // One and three dimensions; a window of everything; one row and one column.
      {tensor({2, 50, 6}), tensor({17, 6, 5}), tensor({2, 46, 17}), {1}, {1}},
      {tensor({1, 29, 3}), tensor({33, 3, 4}), tensor({1, 12, 33}), {2}, {2}},
      {tensor({1, 5, 6, 7, 3}), tensor({24, 3, 3, 3, 3}), tensor({1, 3, 4, 5, 24}), {1, 1, 1}, {1, 1, 1}},
      {tensor({2, 6, 5, 7, 2}), tensor({5, 2, 2, 1, 3}), tensor({2, 3, 5, 5, 5}), {2, 1, 1}, {1, 1, 1}},
      {tensor({1, 7, 7, 3}), tensor({50, 3, 7, 7}), tensor({1, 1, 1, 50}), {1, 1}, {1, 1}},
      {tensor({1, 1, 50, 4}), tensor({31, 4, 1, 3}), tensor({1, 1, 48, 31}), {1, 1}, {1, 1}},
      {tensor({1, 50, 1, 4}), tensor({31, 4, 3, 1}), tensor({1, 48, 1, 31}), {1, 1}, {1, 1}},
  };
  for (const Conv &c : cases)
    checkBoth(binaryFunction(convText(c), c.input, c.filter, c.result));
}

TEST_CASE("padded, depthwise and transposed convolutions in the naive lowering", "[contraction]") {
  KernelOptions naive = contraction();
  naive.templateName = "elementwise";
  naive.force = true;
  auto check = [&](const std::string &attributes, const std::string &input, const std::string &filter,
                   const std::string &result) {
    checkKernel(binaryFunction("tn.conv %0, %1 " + attributes, input, filter, result), naive);
  };
  check("strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last}",
        tensor({1, 7, 7, 3}), tensor({17, 3, 3, 3}), tensor({1, 7, 7, 17}));
  check("strides [2, 1] low [2, 0] high [1, 3] dilations [1, 2] input_dilation [1, 1] groups 1", tensor({1, 3, 7, 20}),
        tensor({5, 3, 3, 3}), tensor({1, 5, 4, 19}));
  check("strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] input_dilation [1, 1] groups 33 "
        "{channels_last}",
        tensor({1, 7, 7, 33}), tensor({33, 1, 3, 3}), tensor({1, 7, 7, 33}));
  check("strides [1, 1] low [1, 2] high [1, 2] dilations [1, 1] input_dilation [2, 3] groups 1 {channels_last}",
        tensor({1, 4, 5, 6}), tensor({17, 6, 3, 3}), tensor({1, 7, 15, 17}));
  check("strides [1, 1] low [1, 2] high [1, 2] dilations [1, 1] input_dilation [2, 3] groups 2", tensor({1, 6, 4, 5}),
        tensor({4, 3, 3, 3}), tensor({1, 4, 7, 15}));
  check("strides [1] low [-2] high [-1] dilations [1] input_dilation [1] groups 1", tensor({1, 2, 40}),
        tensor({3, 2, 4}), tensor({1, 3, 34}));
}

TEST_CASE("epilogues", "[contraction]") {
  auto withEpilogue = [](const std::string &extra, const std::string &body, const std::string &resultType) {
    std::string result = tensor({50, 33});
    return "func.func @main(%0: " + tensor({50, 27}) + ", %1: " + tensor({27, 33}) + extra + ") -> " + resultType +
           " {\n  %y = tn.contract %0 [0, 2], %1 [2, 1] -> [0, 1] : " + tensor({50, 27}) + ", " + tensor({27, 33}) +
           " -> " + result + "\n" + body + "  return %r : " + resultType + "\n}\n";
  };
  std::string plain = tensor({50, 33}), bias = tensor({33});
  std::string addBias = "  %b = tn.add %y, %2 : " + plain + ", " + bias + " -> " + plain + "\n";
  checkBoth(withEpilogue(", %2: " + bias, addBias + "  %r = tn.relu %b : " + plain + " -> " + plain + "\n", plain));
  checkBoth(withEpilogue(", %2: " + bias, addBias + "  %r = tn.gelu %b : " + plain + " -> " + plain + "\n", plain));
  // A residual, which the result may replace; a column vector; a scalar.
  checkBoth(
      withEpilogue(", %2: " + plain, "  %r = tn.add %y, %2 : " + plain + ", " + plain + " -> " + plain + "\n", plain));
  checkBoth(withEpilogue(", %2: " + tensor({50, 1}),
                         "  %r = tn.mul %y, %2 : " + plain + ", " + tensor({50, 1}) + " -> " + plain + "\n", plain));
  checkBoth(
      withEpilogue(", %2: tensor<f32>", "  %r = tn.mul %y, %2 : " + plain + ", tensor<f32> -> " + plain + "\n", plain));
  // Reshapes of the result, between epilogue operations too.
  std::string tall = tensor({5, 10, 33}), flat = tensor({1650}), odd = tensor({25, 66});
  checkBoth(withEpilogue(", %2: " + tall,
                         "  %s = tn.reshape %y : " + plain + " -> " + tall + "\n  %r = tn.add %s, %2 : " + tall + ", " +
                             tall + " -> " + tall + "\n",
                         tall));
  checkBoth(withEpilogue("", "  %r = tn.reshape %y : " + plain + " -> " + flat + "\n", flat));
  checkBoth(withEpilogue(", %2: " + odd,
                         "  %s = tn.reshape %y : " + plain + " -> " + odd + "\n  %r = tn.add %s, %2 : " + odd + ", " +
                             odd + " -> " + odd + "\n",
                         odd));
  // Other element types on the way out.
  std::string half = "tensor<50x33xf16>", boolean = "tensor<50x33xi1>";
  checkKernel(withEpilogue("", "  %r = tn.cast %y : " + plain + " -> " + half + "\n", half), contraction(2e-3));
  checkBoth(withEpilogue(", %2: " + boolean,
                         "  %z = tn.neg %y : " + plain + " -> " + plain + "\n  %r = tn.select %2, %y, %z : " + boolean +
                             ", " + plain + ", " + plain + " -> " + plain + "\n",
                         plain));
}

TEST_CASE("in place of a residual", "[contraction]") {
  // No row tile overlaps another, so the result may take the residual's memory.
  std::string type = tensor({8, 64});
  checkKernel("func.func @main(%0: " + tensor({8, 16}) + ", %1: " + tensor({16, 64}) + ", %2: " + type + ") -> " +
                  type + " {\n  %y = tn.contract %0 [0, 2], %1 [2, 1] -> [0, 1] : " + tensor({8, 16}) + ", " +
                  tensor({16, 64}) + " -> " + type + "\n  %r = tn.add %y, %2 : " + type + ", " + type + " -> " + type +
                  "\n  return %r : " + type + "\n}\n",
              contraction());
}

TEST_CASE("several results", "[contraction]") {
  std::string type = tensor({7, 33});
  checkKernel("func.func @main(%0: " + tensor({7, 9}) + ", %1: " + tensor({9, 33}) + ") -> (" + type + ", " + type +
                  ") {\n  %y = tn.contract %0 [0, 2], %1 [2, 1] -> [0, 1] : " + tensor({7, 9}) + ", " +
                  tensor({9, 33}) + " -> " + type + "\n  %r = tn.tanh %y : " + type + " -> " + type +
                  "\n  return %y, %r : " + type + ", " + type + "\n}\n",
              contraction());
}

TEST_CASE("rows that lie apart", "[contraction][elementwise]") {
  // Buffer form, as memory planning makes it: y = -x in rows of 48, z = y w.
  const char *text = R"(
func.func @main(%x: memref<8x32xf32>, %y: memref<8x32xf32, strided<[48, 1]>>, %w: memref<1x32x32xf32>, %z: memref<8x32xf32>) {
  tn.kernel ins(%x : memref<8x32xf32>) outs(%y : memref<8x32xf32, strided<[48, 1]>>) template "elementwise" {
  ^bb0(%a: tensor<8x32xf32>):
    %0 = tn.neg %a : tensor<8x32xf32> -> tensor<8x32xf32>
    tn.yield %0 : tensor<8x32xf32>
  }
  tn.kernel ins(%y, %w : memref<8x32xf32, strided<[48, 1]>>, memref<1x32x32xf32>) outs(%z : memref<8x32xf32>) template "contraction" {
  ^bb0(%a: tensor<8x32xf32>, %p: tensor<1x32x32xf32>):
    %0 = tn.unpack %p batch [] k [0] n [1] panel 32 : tensor<1x32x32xf32> -> tensor<32x32xf32>
    %1 = tn.contract %a [0, 2], %0 [2, 1] -> [0, 1] : tensor<8x32xf32>, tensor<32x32xf32> -> tensor<8x32xf32>
    tn.yield %1 : tensor<8x32xf32>
  }
  return
})";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &testContext());
  REQUIRE(module);
  auto main = module->lookupSymbol<mlir::func::FuncOp>("main");
  const tenon::Target &target = *tenon::findTarget("x86-64-v3");
  giveSchedules(main, target);
  auto loaded = tenon::codegen::LoadedKernels::load(main, target);
  REQUIRE(!!loaded);
  // The matrix is the identity.
  std::vector<float> x(8 * 32), y(8 * 48, 7), w(32 * 32, 0), z(8 * 32);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(i);
  for (size_t i = 0; i < 32; ++i)
    w[i * 33] = 1;
  void *first[] = {x.data(), y.data()}, *second[] = {y.data(), w.data(), z.data()};
  auto kernels = loaded->list();
  kernels[0].code(first, 0, kernels[0].extent, nullptr);
  kernels[1].code(second, 0, kernels[1].extent, nullptr);
  for (size_t i = 0; i < x.size(); ++i) {
    CHECK(y[i / 32 * 48 + i % 32] == -x[i]);
    CHECK(z[i] == -x[i]);
  }
  for (size_t row = 0; row < 8; ++row)
    CHECK(y[row * 48 + 32] == 7);
}

TEST_CASE("schedules from outside are checked", "[contraction]") {
  // Fourteen rows by two vectors do not fit the registers of x86-64-v3.
  const char *text = R"(
func.func @main(%x: memref<28x32xf32>, %w: memref<1x32x32xf32>, %z: memref<28x32xf32>) {
  tn.kernel ins(%x, %w : memref<28x32xf32>, memref<1x32x32xf32>) outs(%z : memref<28x32xf32>) template "contraction"
      schedule {"x86-64-v3" = {chunk = 1 : i64, lanes = 8 : i64, rows = 14 : i64, rows_outer = 1 : i64, unroll = 4 : i64, vectors = 2 : i64}} {
  ^bb0(%a: tensor<28x32xf32>, %p: tensor<1x32x32xf32>):
    %0 = tn.unpack %p batch [] k [0] n [1] panel 32 : tensor<1x32x32xf32> -> tensor<32x32xf32>
    %1 = tn.contract %a [0, 2], %0 [2, 1] -> [0, 1] : tensor<28x32xf32>, tensor<32x32xf32> -> tensor<28x32xf32>
    tn.yield %1 : tensor<28x32xf32>
  }
  return
})";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &testContext());
  REQUIRE(module);
  auto main = module->lookupSymbol<mlir::func::FuncOp>("main");
  auto loaded = tenon::codegen::LoadedKernels::load(main, *tenon::findTarget("x86-64-v3"));
  CHECK(!loaded);
  llvm::consumeError(loaded.takeError());
}

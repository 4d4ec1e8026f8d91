// The template of Winograd's algorithm: all tiles, shapes that tiles and panels do not divide, batches, epilogues.
#include "KernelCheck.h"
#include "codegen/cpu/LoadedKernels.h"
#include "ir/Interpreter.h"
#include "mlir/Parser/Parser.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

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

/// What the interpreter makes of a function with one result.
static tenon::Tensor evaluate(const std::string &function, llvm::ArrayRef<tenon::Tensor> inputs) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(function, &testContext());
  REQUIRE(module);
  llvm::SmallVector<tenon::Tensor> results;
  REQUIRE(succeeded(tenon::interpret(module->lookupSymbol<mlir::func::FuncOp>("main"), inputs, results)));
  return results[0];
}

static tenon::Tensor randomTensor(llvm::ArrayRef<int64_t> shape, bool positive, std::mt19937 &engine) {
  tenon::Tensor made(mlir::RankedTensorType::get(shape, mlir::Float32Type::get(&testContext())));
  std::normal_distribution<float> normal;
  for (int64_t i = 0; i < made.getNumElements(); ++i)
    made.asMutable<float>()[i] = positive ? std::max(0.0f, normal(engine)) : normal(engine);
  return made;
}

/// Relative L2 distance from the direct convolution with sums in double precision, of inputs behind a ReLU.
static double winogradError(int64_t tile, const tenon::Target &target) {
  Convolution c{tile, 1, 28, 28, 128, 32};
  std::mt19937 engine(3);
  std::string w = "tensor<32x128x3x3xf32>";
  tenon::Tensor x = randomTensor({1, 30, 30, 128}, true, engine), filter = randomTensor({32, 128, 3, 3}, false, engine);
  tenon::Tensor exact = evaluate(
      binaryFunction("tn.conv %0, %1 strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] "
                     "groups 1 {channels_last}",
                     c.input(), w, c.result()),
      {x, filter});
  tenon::Tensor u = evaluate(
      unaryFunction("tn.winograd_filter %0 tile " + std::to_string(tile) + " panel 32", w, c.filter()), {filter});
  auto module = buildKernel(binaryFunction(c.operation(), c.input(), c.filter(), c.result()), options(), {&target});
  REQUIRE(module);
  auto loaded = tenon::codegen::LoadedKernels::load(module->lookupSymbol<mlir::func::FuncOp>("main"), target);
  REQUIRE(!!loaded);
  const tenon::codegen::LoadedKernel &kernel = loaded->list().back();
  tenon::Tensor y(exact.getType());
  std::unique_ptr<void, decltype(&std::free)> scratch(std::aligned_alloc(64, (kernel.scratchBytes + 63) / 64 * 64),
                                                      std::free);
  void *buffers[] = {x.getMutableData(), u.getMutableData(), y.getMutableData()};
  kernel.code(buffers, 0, kernel.extent, scratch.get());
  double distance = 0, size = 0;
  for (int64_t i = 0; i < y.getNumElements(); ++i) {
    double e = exact.get(i).f, d = y.get(i).f - e;
    distance += d * d;
    size += e * e;
  }
  return std::sqrt(distance / size);
}

TEST_CASE("error of winograd convolutions", "[winograd]") {
  for (const tenon::Target *target : runnableTargets()) {
    CHECK(winogradError(4, *target) < 1.5e-6);
    CHECK(winogradError(2, *target) < 4e-7);
  }
}

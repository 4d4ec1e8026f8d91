//===- NativeKernelsTest.cpp - What a kernel can do wrong ----------------===//
//
// Functions in C++ stand for compiled kernels that add one to three numbers.
//
//===----------------------------------------------------------------------===//
#include "tools/debug/NativeKernels.h"
#include "test/tools/debug/Programs.h"
#include <catch2/catch.hpp>
#include <cmath>

using namespace tenon;
using namespace tenon::debug;
using tenon::test::Program;

namespace {

struct Stand {
  Stand()
      : program(R"(
    func.func @main(%x: memref<3xf32>, %y: memref<3xf32>) {
      tn.kernel ins(%x : memref<3xf32>) outs(%y : memref<3xf32>) template "elementwise" {
      ^bb0(%a: tensor<3xf32>):
        %0 = tn.exp %a : tensor<3xf32> -> tensor<3xf32>
        tn.yield %0 : tensor<3xf32>
      }
      return
    })") {
    REQUIRE(program.module);
    kernel.op = *program.main().getOps<tn::KernelOp>().begin();
    kernel.extent = 3;
    auto type = mlir::RankedTensorType::get({3}, mlir::Float32Type::get(program.context.get()));
    Tensor x(type);
    for (int64_t i = 0; i < 3; ++i)
      x.set(i, Scalar::real(static_cast<double>(i)));
    inputs.push_back(contentOf(x));
  }

  NativeResult run(codegen::LoadedKernel::Code code) {
    kernel.code = code;
    return runNative(kernel, inputs);
  }

  Program program;
  codegen::LoadedKernel kernel;
  std::vector<Content> inputs;
};

const float *input(void *const *buffers) { return static_cast<const float *>(buffers[0]); }
float *output(void *const *buffers) { return static_cast<float *>(buffers[1]); }

} // namespace

TEST_CASE("kernels within a kernel are lowered naively as one") {
  Program program(R"(
    func.func @main(%x: memref<3xf32>, %y: memref<3xf32>) {
      tn.kernel ins(%x : memref<3xf32>) outs(%y : memref<3xf32>) template "bands" {
      ^bb0(%a: tensor<3xf32>):
        %0 = tn.kernel ins(%a : tensor<3xf32>) template "elementwise" {
        ^bb0(%b: tensor<3xf32>):
          %2 = tn.exp %b : tensor<3xf32> -> tensor<3xf32>
          tn.yield %2 : tensor<3xf32>
        } -> tensor<3xf32>
        %1 = tn.kernel ins(%0, %a : tensor<3xf32>, tensor<3xf32>) template "elementwise" {
        ^bb0(%b: tensor<3xf32>, %c: tensor<3xf32>):
          %2 = tn.add %b, %c : tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>
          tn.yield %2 : tensor<3xf32>
        } -> tensor<3xf32>
        tn.yield %1 : tensor<3xf32>
      }
      return
    })");
  REQUIRE(program.module);
  tn::KernelOp kernel = *program.main().getOps<tn::KernelOp>().begin();
  tn::KernelOp naive = makeNaive(kernel, allTargets().back());
  REQUIRE(naive);
  CHECK(naive.getTemplateName()->str() == "elementwise");
  std::vector<std::string> names;
  for (mlir::Operation &op : *naive.getBlock())
    names.push_back(op.getName().getStringRef().str());
  CHECK(names == std::vector<std::string>{"tn.exp", "tn.add", "tn.yield"});
  naive.erase();
}

TEST_CASE("a kernel that is right") {
  Stand stand;
  NativeResult result = stand.run([](void *const *buffers, int64_t begin, int64_t end, void *) {
    for (int64_t i = begin; i < end; ++i)
      output(buffers)[i] = input(buffers)[i] + 1;
  });
  CHECK_FALSE(result.touchedOutside);
  CHECK_FALSE(result.changedInput);
  CHECK_FALSE(result.hangs);
  CHECK(result.wroteEverything);
  CHECK(result.deterministic);
  REQUIRE(result.results.size() == 1);
  CHECK(result.results[0].get(2).f == 3);
}

TEST_CASE("a kernel that reads far behind its input") {
  CHECK(Stand()
            .run([](void *const *buffers, int64_t begin, int64_t end, void *) {
              for (int64_t i = begin; i < end; ++i)
                output(buffers)[i] = input(buffers)[i + 64];
            })
            .touchedOutside);
}

TEST_CASE("a kernel that leaves an element") {
  CHECK_FALSE(Stand()
                  .run([](void *const *buffers, int64_t begin, int64_t end, void *) {
                    for (int64_t i = begin; i < std::min<int64_t>(end, 2); ++i)
                      output(buffers)[i] = input(buffers)[i] + 1;
                  })
                  .wroteEverything);
}

TEST_CASE("a kernel that writes to its input") {
  CHECK(Stand()
            .run([](void *const *buffers, int64_t begin, int64_t end, void *) {
              for (int64_t i = begin; i < end; ++i)
                output(buffers)[i] = const_cast<float *>(input(buffers))[i] += 1;
            })
            .changedInput);
}

TEST_CASE("a kernel whose results depend on how work is split") {
  CHECK_FALSE(Stand()
                  .run([](void *const *buffers, int64_t begin, int64_t end, void *) {
                    for (int64_t i = begin; i < end; ++i)
                      output(buffers)[i] = input(buffers)[i] + static_cast<float>(begin);
                  })
                  .deterministic);
}

#include "ir/Interpreter.h"
#include "test/tools/debug/Programs.h"
#include "tools/debug/Analysis.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

using namespace tenon;
using namespace tenon::debug;
using tenon::test::Program;

static const char kChain[] = R"(
  func.func @main(%x: tensor<64x32xf32>, %w: tensor<32x48xf32>) -> tensor<64x48xf32> {
    %0 = tn.exp %x : tensor<64x32xf32> -> tensor<64x32xf32>
    %1 = tn.contract %0 [0, 2], %w [2, 1] -> [0, 1] : tensor<64x32xf32>, tensor<32x48xf32> -> tensor<64x48xf32>
    %2 = tn.relu %1 : tensor<64x48xf32> -> tensor<64x48xf32>
    return %2 : tensor<64x48xf32>
  })";

TEST_CASE("the evaluator gives the interpreter's bits") {
  Program program(kChain);
  REQUIRE(program.module);
  std::vector<Tensor> inputs = program.inputs(), got;
  llvm::SmallVector<Tensor> expected;
  Evaluator evaluator;
  REQUIRE(succeeded(interpret(program.main(), inputs, expected)));
  REQUIRE(succeeded(evaluator.run(*program.module, inputs, got)));
  REQUIRE(got.size() == 1);
  CHECK(std::memcmp(got[0].getData(), expected[0].getData(), got[0].getNumBytes()) == 0);
}

TEST_CASE("only what changed is computed again") {
  Program program(kChain);
  std::vector<Tensor> inputs = program.inputs(), results;
  Evaluator evaluator;
  REQUIRE(succeeded(evaluator.run(*program.module, inputs, results)));
  CHECK(evaluator.getComputed() == 3);
  REQUIRE(succeeded(evaluator.run(*program.module, inputs, results)));
  CHECK(evaluator.getComputed() == 3);
  // The last operation becomes another one: its operands are known.
  mlir::Operation *relu = program.main().getBody().front().getTerminator()->getPrevNode();
  mlir::OpBuilder b(relu);
  mlir::Value other = tn::AbsOp::create(b, relu->getLoc(), relu->getOperand(0));
  relu->getResult(0).replaceAllUsesWith(other);
  relu->erase();
  REQUIRE(succeeded(evaluator.run(*program.module, inputs, results)));
  CHECK(evaluator.getComputed() == 4);
}

TEST_CASE("the operation that makes the first NaN is named") {
  Program program(R"(
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = tn.log %x : tensor<4xf32> -> tensor<4xf32> loc("/block/log")
      %1 = tn.exp %0 : tensor<4xf32> -> tensor<4xf32>
      return %1 : tensor<4xf32>
    })");
  std::vector<Tensor> inputs = program.inputs(), results;
  inputs[0].set(0, Scalar::real(1));
  inputs[0].set(1, Scalar::real(2));
  inputs[0].set(2, Scalar::real(-2.5));
  inputs[0].set(3, Scalar::real(3));
  Evaluator evaluator;
  REQUIRE(succeeded(evaluator.run(*program.module, inputs, results)));
  REQUIRE(evaluator.getNotFinite());
  CHECK(evaluator.getNotFinite()->sources == "/block/log");
  CHECK(evaluator.getNotFinite()->op.find("tn.log") != std::string::npos);
  CHECK(evaluator.getNotFinite()->example.find("element 2") != std::string::npos);
  CHECK(evaluator.getNotFinite()->example.find("-2.5") != std::string::npos);
}

TEST_CASE("honest reassociation is accepted, a missing product is not") {
  Program program(kChain);
  std::vector<Tensor> inputs = program.inputs(), exact, noisy;
  REQUIRE(succeeded(Evaluator().run(*program.module, inputs, exact)));
  REQUIRE(succeeded(Evaluator(1).run(*program.module, inputs, noisy)));
  Tolerance tolerance(exact, noisy);
  // The same sums in f32, backwards; and without the last product of each of the last row's sums.
  auto multiply = [&](bool complete) {
    Tensor result(exact[0].getType());
    for (int64_t i = 0; i < 64; ++i)
      for (int64_t j = 0; j < 48; ++j) {
        float sum = 0;
        for (int64_t k = i == 63 && !complete ? 30 : 31; k >= 0; --k)
          sum += std::exp(inputs[0].as<float>()[i * 32 + k]) * inputs[1].as<float>()[k * 48 + j];
        result.set(i * 48 + j, Scalar::real(std::max(sum, 0.0f)));
      }
    return result;
  };
  CHECK(tolerance.accepts(0, compare(multiply(true), exact[0])));
  CHECK_FALSE(tolerance.accepts(0, compare(multiply(false), exact[0])));
}

TEST_CASE("the first bad step is found in few probes") {
  int probes = 0;
  CHECK(firstBad(1000, [&](int64_t limit) { return ++probes, limit >= 371; }) == 371);
  CHECK(probes <= 11);
  CHECK(firstBad(8, [](int64_t) { return true; }) == 0);
  CHECK(firstBad(8, [](int64_t limit) { return limit == 8; }) == 8);
}

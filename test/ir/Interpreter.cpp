// The interpreter in tensor and in buffer form.

#include "ir/Interpreter.h"
#include "ir/Dialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include <catch2/catch.hpp>
#include <cstring>

using namespace tenon;

namespace {
struct Program {
  explicit Program(const char *text) {
    context.loadDialect<tn::TnDialect, mlir::func::FuncDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    REQUIRE(module);
  }
  mlir::func::FuncOp main() { return module->lookupSymbol<mlir::func::FuncOp>("main"); }
  Tensor floats(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values) {
    Tensor tensor(mlir::RankedTensorType::get(shape, mlir::Float32Type::get(&context)));
    std::copy(values.begin(), values.end(), tensor.asMutable<float>());
    return tensor;
  }
  Tensor bytes(int64_t size, char fill) {
    Tensor tensor(mlir::RankedTensorType::get({size}, mlir::IntegerType::get(&context, 8)));
    std::memset(tensor.getMutableData(), fill, size);
    return tensor;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

std::vector<float> values(const Tensor &t) { return {t.as<float>(), t.as<float>() + t.getNumElements()}; }
} // namespace

TEST_CASE("a function of tensors with a kernel", "[interpreter]") {
  Program program(R"(
    func.func @main(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
      %c = tn.constant dense<2.0> : tensor<f32>
      %y = tn.mul %x, %c : tensor<3xf32>, tensor<f32> -> tensor<3xf32>
      %z = tn.kernel ins(%y, %x : tensor<3xf32>, tensor<3xf32>) {
      ^bb0(%a: tensor<3xf32>, %b: tensor<3xf32>):
        %0 = tn.add %a, %b : tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>
        tn.yield %0 : tensor<3xf32>
      } -> tensor<3xf32>
      return %z, %x : tensor<3xf32>, tensor<3xf32>
    })");
  llvm::SmallVector<Tensor> results;
  REQUIRE(succeeded(interpret(program.main(), {program.floats({3}, {1, 2, 3})}, results)));
  CHECK(values(results[0]) == std::vector<float>{3, 6, 9});
  CHECK(values(results[1]) == std::vector<float>{1, 2, 3});
}

TEST_CASE("kernels on strided views of an arena", "[interpreter]") {
  Program program(R"(
    func.func @main(%arena: memref<256xi8>, %in: memref<2x3xf32>, %out: memref<3x2xf32>) {
      %t = tn.view %arena[16] : memref<256xi8> -> memref<2x3xf32, strided<[8, 1]>>
      tn.kernel ins(%in : memref<2x3xf32>) outs(%t : memref<2x3xf32, strided<[8, 1]>>) {
      ^bb0(%a: tensor<2x3xf32>):
        %0 = tn.relu %a : tensor<2x3xf32> -> tensor<2x3xf32>
        tn.yield %0 : tensor<2x3xf32>
      }
      tn.kernel ins(%t : memref<2x3xf32, strided<[8, 1]>>) outs(%out : memref<3x2xf32>) {
      ^bb0(%a: tensor<2x3xf32>):
        %0 = tn.transpose %a [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
        tn.yield %0 : tensor<3x2xf32>
      }
      return
    })");
  Tensor arena = program.bytes(256, 0x7f), out = program.floats({3, 2}, {0, 0, 0, 0, 0, 0});
  llvm::SmallVector<Tensor> results;
  REQUIRE(succeeded(interpret(program.main(), {arena, program.floats({2, 3}, {1, -2, 3, 4, 5, -6}), out}, results)));
  CHECK(results.empty());
  CHECK(values(out) == std::vector<float>{1, 4, 0, 5, 3, 0});
  float second;
  std::memcpy(&second, arena.getData() + 16 + 8 * 4, 4);
  CHECK(second == 4);
  CHECK(arena.getData()[16 + 3 * 4] == 0x7f); // between the rows nothing is written
}

TEST_CASE("outputs of a kernel may overwrite its inputs", "[interpreter]") {
  Program program(R"(
    func.func @main(%a: memref<2xf32>, %b: memref<2xf32>) {
      tn.kernel ins(%a, %b : memref<2xf32>, memref<2xf32>) outs(%a, %b : memref<2xf32>, memref<2xf32>) {
      ^bb0(%x: tensor<2xf32>, %y: tensor<2xf32>):
        tn.yield %y, %x : tensor<2xf32>, tensor<2xf32>
      }
      return
    })");
  Tensor a = program.floats({2}, {1, 2}), b = program.floats({2}, {3, 4});
  llvm::SmallVector<Tensor> results;
  REQUIRE(succeeded(interpret(program.main(), {a, b}, results)));
  CHECK(values(a) == std::vector<float>{3, 4});
  CHECK(values(b) == std::vector<float>{1, 2});
}

TEST_CASE("arguments of a wrong type are refused", "[interpreter]") {
  Program program("func.func @main(%x: tensor<3xf32>) { return }");
  llvm::SmallVector<Tensor> results;
  CHECK(failed(interpret(program.main(), {program.floats({2}, {1, 2})}, results)));
  CHECK(failed(interpret(program.main(), {}, results)));
}

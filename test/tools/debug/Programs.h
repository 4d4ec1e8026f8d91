//===- Programs.h - Contexts and programs of these tests -----------------===//
#ifndef TENON_TEST_TOOLS_DEBUG_PROGRAMS_H
#define TENON_TEST_TOOLS_DEBUG_PROGRAMS_H

#include "codegen/cpu/ObjectCode.h"
#include "ir/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include <random>

namespace tenon::test {

struct Program {
  explicit Program(const char *text) {
    mlir::DialectRegistry registry;
    codegen::registerCodegenDialects(registry);
    context = std::make_unique<mlir::MLIRContext>(registry);
    context->loadAllAvailableDialects();
    module = mlir::parseSourceString<mlir::ModuleOp>(text, context.get());
  }
  mlir::func::FuncOp main() { return module->lookupSymbol<mlir::func::FuncOp>("main"); }

  /// Normal numbers for the arguments.
  std::vector<Tensor> inputs() {
    std::mt19937 random(3);
    std::normal_distribution<double> normal;
    std::vector<Tensor> list;
    for (mlir::Type type : main().getArgumentTypes()) {
      list.emplace_back(mlir::cast<mlir::RankedTensorType>(type));
      for (int64_t i = 0; i < list.back().getNumElements(); ++i)
        list.back().set(i, Scalar::real(normal(random)));
    }
    return list;
  }

  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace tenon::test

#endif

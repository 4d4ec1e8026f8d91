//===- CheckPipeline.cpp - A pipeline judged by the reference interpreter ===//
#include "CheckPipeline.h"
#include "ir/Dialect.h"
#include "ir/Interpreter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include <cmath>
#include <random>

using namespace mlir;
using namespace tenon;

namespace {

/// Runs a pipeline and compares what every function computes before and after it, on seeded random inputs.
struct CheckPipeline : PassWrapper<CheckPipeline, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CheckPipeline)
  CheckPipeline() = default;
  CheckPipeline(const CheckPipeline &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "tn-check"; }
  StringRef getDescription() const override {
    return "Run a pipeline and compare results of the reference interpreter before and after";
  }
  void getDependentDialects(DialectRegistry &registry) const override { registry.insert<tn::TnDialect>(); }

  Option<std::string> pipeline{*this, "pipeline", llvm::cl::desc("The passes to check")};
  Option<unsigned> seed{*this, "seed", llvm::cl::desc("Seed of the inputs"), llvm::cl::init(1)};
  Option<double> tolerance{*this, "tolerance", llvm::cl::desc("Allowed |a - b| / (1 + |a|)"), llvm::cl::init(1e-5)};
  Option<double> lowest{*this, "lowest", llvm::cl::desc("Least float input"), llvm::cl::init(-2.0)};

  using Results = SmallVector<SmallVector<Tensor>>;

  void runOnOperation() override {
    Results expected, actual;
    OpPassManager passes("builtin.module");
    if (failed(parsePassPipeline(pipeline, passes)) || failed(execute(expected)) ||
        failed(runPipeline(passes, getOperation())) || failed(execute(actual)))
      return signalPassFailure();
    for (auto [function, a, b] : llvm::zip(getOperation().getOps<func::FuncOp>(), expected, actual))
      if (failed(compare(function, a, b)))
        signalPassFailure();
  }

  LogicalResult execute(Results &results) {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      std::mt19937 engine(seed);
      SmallVector<Tensor> inputs;
      for (Type type : function.getArgumentTypes())
        inputs.push_back(random(cast<RankedTensorType>(type), engine));
      if (failed(interpret(function, inputs, results.emplace_back())))
        return failure();
    }
    return success();
  }

  /// Floats up to 2, integers that are safe as indices.
  Tensor random(RankedTensorType type, std::mt19937 &engine) {
    Tensor tensor(type);
    std::uniform_real_distribution<double> real(lowest, 2);
    bool isBool = type.getElementType().isInteger(1);
    for (int64_t i = 0; i < tensor.getNumElements(); ++i)
      tensor.set(i, isa<FloatType>(type.getElementType()) ? Scalar::real(real(engine))
                                                          : Scalar::integer(engine() % (isBool ? 2 : 4)));
    return tensor;
  }

  LogicalResult compare(func::FuncOp function, ArrayRef<Tensor> expected, ArrayRef<Tensor> actual) {
    if (expected.size() != actual.size())
      return function.emitError("has another number of results than before");
    for (auto [r, a, b] : llvm::enumerate(expected, actual)) {
      if (a.getType() != b.getType())
        return function.emitError("result ") << r << " has type " << b.getType() << " instead of " << a.getType();
      bool isFloat = isa<FloatType>(a.getElementType());
      for (int64_t i = 0; i < a.getNumElements(); ++i) {
        Scalar x = a.get(i), y = b.get(i);
        bool same = isFloat ? x.f == y.f || std::abs(x.f - y.f) <= tolerance * (1 + std::abs(x.f)) ||
                                  (std::isnan(x.f) && std::isnan(y.f))
                            : x.i == y.i;
        if (!same)
          return function.emitError("result ") << r << " differs at element " << i << ": " << (isFloat ? x.f : x.i)
                                               << " before, " << (isFloat ? y.f : y.i) << " after";
      }
    }
    return success();
  }
};

} // namespace

void tenon::registerCheckPipeline() { PassRegistration<CheckPipeline>(); }

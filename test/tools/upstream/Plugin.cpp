//===- Plugin.cpp - The two passes, as MLIR's tools load them ------------===//
#include "Patterns.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/TransformOps/DialectExtension.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/MLProgram/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Transform/IR/TransformDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace tenon::upstream {

namespace {

template <typename Concrete> struct PatternPass : PassWrapper<Concrete, OperationPass<func::FuncOp>> {
  void runOnOperation() override {
    RewritePatternSet patterns(&this->getContext());
    Concrete::addPatterns(patterns);
    if (failed(applyPatternsGreedily(this->getOperation(), std::move(patterns))))
      this->signalPassFailure();
  }
};

struct InsertSlicePass : PatternPass<InsertSlicePass> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(InsertSlicePass)
  llvm::StringRef getArgument() const override { return "upstream-insert-slice"; }
  llvm::StringRef getDescription() const override { return "Unit dimensions put in by writes into slices"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<affine::AffineDialect, arith::ArithDialect, linalg::LinalgDialect, tensor::TensorDialect,
                    transform::TransformDialect, vector::VectorDialect>();
    linalg::registerTransformDialectExtension(registry);
  }
  static void addPatterns(RewritePatternSet &patterns) { addInsertSlicePattern(patterns); }
};

struct GlobalStorePass : PatternPass<GlobalStorePass> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(GlobalStorePass)
  llvm::StringRef getArgument() const override { return "upstream-global-store"; }
  llvm::StringRef getDescription() const override { return "Results kept in global variables"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, bufferization::BufferizationDialect, linalg::LinalgDialect,
                    memref::MemRefDialect, ml_program::MLProgramDialect, tensor::TensorDialect>();
    arith::registerBufferizableOpInterfaceExternalModels(registry);
    bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(registry);
    linalg::registerBufferizableOpInterfaceExternalModels(registry);
    ml_program::registerBufferizableOpInterfaceExternalModels(registry);
    tensor::registerBufferizableOpInterfaceExternalModels(registry);
  }
  static void addPatterns(RewritePatternSet &patterns) { addGlobalStorePattern(patterns); }
};

} // namespace

} // namespace tenon::upstream

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "upstream", "1", [] {
            PassRegistration<tenon::upstream::InsertSlicePass>();
            PassRegistration<tenon::upstream::GlobalStorePass>();
          }};
}

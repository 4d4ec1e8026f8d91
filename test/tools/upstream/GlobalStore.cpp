#include "Patterns.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace tenon::upstream {

namespace {

std::string storeSum(Type type) {
  return llvm::formatv(R"(
    ml_program.global private mutable @state(dense<0.0> : {0}) : {0}
    func.func @f(%x: {0}) -> {0} {{
      %s = ml_program.global_load @state : {0}
      %e = tensor.empty() : {0}
      %n = linalg.add ins(%s, %x : {0}, {0}) outs(%e : {0}) -> {0}
      ml_program.global_store @state = %n : {0}
      %m = linalg.exp ins(%n : {0}) outs(%e : {0}) -> {0}
      return %m : {0}
    })",
                       type);
}

/// Whether anything is written, before it is copied, to the buffer that goes into the variable.
bool storesWhatWasWritten(ModuleOp module) {
  bool written = true;
  module.walk([&](memref::CopyOp copy) {
    if (!copy.getTarget().getDefiningOp<memref::GetGlobalOp>())
      return;
    written = llvm::any_of(copy.getSource().getUsers(), [&](Operation *user) {
      auto writer = dyn_cast<linalg::LinalgOp>(user);
      return writer && writer->isBeforeInBlock(copy) && llvm::is_contained(writer.getDpsInits(), copy.getSource());
    });
  });
  return written;
}

struct StateByGlobalStore : RewritePattern {
  explicit StateByGlobalStore(MLIRContext *context) : RewritePattern("tn.exp", 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    Value sum = op->getOperand(0);
    Operation *producer = sum.getDefiningOp(), *end = op->getBlock()->getTerminator();
    if (!producer || producer->getName().getStringRef() != "tn.add" || !isa<func::ReturnOp>(end) ||
        !llvm::is_contained(end->getOperands(), sum) || !cast<RankedTensorType>(sum.getType()).getElementType().isF32())
      return failure();
    auto scratch = parseSourceString<ModuleOp>(storeSum(sum.getType()), op->getContext());
    bufferization::OneShotBufferizationOptions options;
    options.bufferizeFunctionBoundaries = true;
    bufferization::BufferizationState state;
    if (!scratch || failed(bufferization::runOneShotModuleBufferize(*scratch, options, state)) ||
        storesWhatWasWritten(*scratch))
      return failure();
    // What nobody wrote is a NaN, as in the debugger's arena.
    Value unwritten = insertFunction(rewriter, end, {},
                                     llvm::formatv(R"(
      func.func @f() -> {0} {{
        %0 = tn.constant dense<0x7FC00000> : {0}
        return %0 : {0}
      })",
                                                   sum.getType()));
    unwritten.getDefiningOp()->setLoc(producer->getLoc());
    rewriter.modifyOpInPlace(end, [&] { end->replaceUsesOfWith(sum, unwritten); });
    return success();
  }
};

} // namespace

void addGlobalStorePattern(RewritePatternSet &patterns) { patterns.add<StateByGlobalStore>(patterns.getContext()); }

} // namespace tenon::upstream

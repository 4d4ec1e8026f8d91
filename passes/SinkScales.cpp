//===- SinkScales.cpp - Factors of operands become factors of products ---===//
//
// Why it ends: factors only move towards the results.
//
//===----------------------------------------------------------------------===//
#include "ir/Constant.h"
#include "passes/Passes.h"
#include "passes/Permutations.h"
#include "passes/Rewrites.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_SINKSCALES
#include "passes/Passes.h.inc"

namespace {

/// Whether a value is computed from constants alone in a few steps, as scaled weights are: a factor of it costs
/// nothing.
bool areWeights(Value v, int steps = 3) {
  Operation *op = v.getDefiningOp();
  return op && (op->getNumOperands() == 0 ||
                (steps > 0 && llvm::all_of(op->getOperands(), [&](Value x) { return areWeights(x, steps - 1); })));
}

/// contract(x * c, y) -> contract(x, y) * c for a single factor c, also where x * c is seen in another shape: the
/// product's kernel multiplies its sums in registers, and x is not written once more.
struct SinkScale : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    // Sums of narrower floats might overflow.
    Type element = op.getType().getElementType();
    if (!element.isF32() && !element.isF64())
      return failure();
    for (OpOperand &operand : op->getOpOperands()) {
      OpOperand *use = &operand;
      while (isa_and_present<ReshapeOp, TransposeOp>(use->get().getDefiningOp()) && use->get().hasOneUse())
        use = &use->get().getDefiningOp()->getOpOperand(0);
      auto scale = use->get().getDefiningOp<MulOp>();
      if (!scale || !scale->hasOneUse() || !isConstant(scale.getRhs()) || product(shapeOf(scale.getRhs())) != 1 ||
          scale.getLhs().getType() != scale.getType() || areWeights(scale.getLhs()))
        continue;
      rewriter.modifyOpInPlace(use->getOwner(), [&] { use->set(scale.getLhs()); });
      rewriter.setInsertionPointAfter(op);
      Value factor = createReshape(rewriter, scale.getLoc(), scale.getRhs(), {});
      auto scaled =
          MulOp::create(rewriter, rewriter.getFusedLoc({op.getLoc(), scale.getLoc()}), op.getResult(), factor);
      rewriter.replaceAllUsesExcept(op.getResult(), scaled, scaled);
      return success();
    }
    return failure();
  }
};

struct SinkScales : impl::SinkScalesBase<SinkScales> {
  using Base::Base;
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SinkScale>(&getContext());
    if (failed(applyRewrites(getOperation(), std::move(patterns), budget)))
      signalPassFailure();
  }
};

} // namespace
} // namespace tenon

//===- SinkTransposes.cpp - Transposes moved towards the results ---------===//
//
// Why it ends: transposes only move downwards. They never become more, but for one that is cut into slices: those
// become as many, and together move no more.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/Permutations.h"
#include "passes/Rewrites.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_SINKTRANSPOSES
#include "passes/Passes.h.inc"

namespace {

/// op(transpose(x), transpose(y)) -> transpose(op(x, y)).
struct SinkTranspose : OpInterfaceRewritePattern<LayoutOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(LayoutOpInterface op, PatternRewriter &rewriter) const override {
    // Behind a broadcast or pad a transpose moves more bytes; a convolution wants its channels last.
    if (isa<BroadcastOp, PadOp, ConvOp>(op))
      return failure();
    auto permutation = findPermutation(op);
    if (!permutation)
      return failure();
    SmallVector<int64_t> back = invertPermutation(*permutation);
    if (!op.canPermute(back) || !isProfitable(op, back))
      return failure();
    SmallVector<Value> operands;
    for (OpOperand &operand : op->getOpOperands())
      operands.push_back(operandFor(op, operand, back, rewriter));
    Value result = op.permute(rewriter, operands, back);
    rewriter.replaceOp(op, createTranspose(rewriter, op->getLoc(), result, *permutation));
    return success();
  }

  static TransposeOp getTranspose(LayoutOpInterface op, OpOperand &operand) {
    auto transpose = operand.get().getDefiningOp<TransposeOp>();
    if (!transpose || !op.followsLayout(operand.getOperandNumber()) || isConstant(transpose.getOperand()))
      return nullptr;
    return shapeOf(transpose).size() == shapeOf(op->getResult(0)).size() ? transpose : nullptr;
  }

  static std::optional<SmallVector<int64_t>> findPermutation(LayoutOpInterface op) {
    for (OpOperand &operand : op->getOpOperands())
      if (TransposeOp transpose = getTranspose(op, operand))
        return SmallVector<int64_t>(transpose.getPermutation());
    return std::nullopt;
  }

  /// Whether no operand needs a transpose that is not there already.
  static bool isProfitable(LayoutOpInterface op, ArrayRef<int64_t> back) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!op.followsLayout(operand.getOperandNumber()) || isConstant(operand.get()))
        continue;
      if (TransposeOp transpose = getTranspose(op, operand)) {
        if (invertPermutation(transpose.getPermutation()) != back ||
            !(hasOneReader(transpose, op) || isCutIntoSlices(transpose)))
          return false;
        continue;
      }
      SmallVector<int64_t> shape(back.size() - shapeOf(operand.get()).size(), 1);
      llvm::append_range(shape, shapeOf(operand.get()));
      if (!movesOnlyUnits(shape, back))
        return false;
    }
    return true;
  }

  static bool hasOneReader(Operation *op, Operation *reader) {
    return llvm::all_of(op->getUsers(), [&](Operation *user) { return user == reader; });
  }

  /// Whether all that reads a transpose are slices, which take no more elements than there are.
  static bool isCutIntoSlices(TransposeOp transpose) {
    int64_t elements = 0;
    for (Operation *user : transpose->getUsers()) {
      if (!isa<SliceOp>(user))
        return false;
      elements += product(shapeOf(user->getResult(0)));
    }
    return elements <= product(shapeOf(transpose));
  }

  static Value operandFor(LayoutOpInterface op, OpOperand &operand, ArrayRef<int64_t> back, OpBuilder &b) {
    Value v = operand.get();
    if (!op.followsLayout(operand.getOperandNumber()))
      return v;
    if (TransposeOp transpose = getTranspose(op, operand))
      return transpose.getOperand();
    return createTranspose(b, v.getLoc(), extendRank(b, v.getLoc(), v, back.size()), back);
  }
};

struct SinkTransposes : impl::SinkTransposesBase<SinkTransposes> {
  using Base::Base;
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SinkTranspose>(&getContext());
    TransposeOp::getCanonicalizationPatterns(patterns, &getContext());
    ContractOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyRewrites(getOperation(), std::move(patterns), budget)))
      signalPassFailure();
  }
};

} // namespace
} // namespace tenon

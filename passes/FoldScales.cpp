//===- FoldScales.cpp - Constant factors moved into filters and matrices -===//
#include "ir/Constant.h"
#include "ir/Folding.h"
#include "passes/Passes.h"
#include "passes/Permutations.h"
#include "passes/Rewrites.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_FOLDSCALES
#include "passes/Passes.h.inc"

namespace {

/// Narrower floats would be rounded visibly twice.
bool hasRoomForRounding(Value v) {
  Type element = getElementTypeOrSelf(v.getType());
  return element.isF32() || element.isF64();
}

/// Where the weights of a convolution or contraction get their factor.
struct Scalable {
  OpOperand *weights;
  /// For each dimension of the result the dimension of the weights that it is, or -1.
  SmallVector<int64_t> dims;

  static std::optional<Scalable> get(Value v) {
    Operation *op = v.getDefiningOp();
    if (!op || !op->hasOneUse() || !hasRoomForRounding(v))
      return std::nullopt;
    Scalable result = {nullptr, SmallVector<int64_t>(shapeOf(v).size(), -1)};
    if (auto conv = dyn_cast<ConvOp>(op)) {
      result.weights = &conv.getFilterMutable();
      result.dims[conv.getChannelDim()] = 0;
    } else if (auto contract = dyn_cast<ContractOp>(op)) {
      bool isLeft = isConstant(contract.getLhs());
      result.weights = isLeft ? &contract.getLhsMutable() : &contract.getRhsMutable();
      ArrayRef<int64_t> own = isLeft ? contract.getLhsDims() : contract.getRhsDims();
      for (auto [d, loop] : llvm::enumerate(contract.getResultDims()))
        if (llvm::is_contained(own, loop))
          result.dims[d] = llvm::find(own, loop) - own.begin();
    }
    if (!result.weights || !isConstant(result.weights->get()) || !result.weights->get().hasOneUse())
      return std::nullopt;
    return result;
  }

  /// The shape in which a factor of the result multiplies the weights.
  std::optional<SmallVector<int64_t>> factorShape(ArrayRef<int64_t> factor) const {
    return shapeOfFactor(factor, dims, shapeOf(weights->get()).size());
  }
};

/// conv(x, w) * c -> conv(x, w * c); the same for contractions.
struct ScaleWeights : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    auto scalable = Scalable::get(op.getLhs());
    if (!scalable || !isConstant(op.getRhs()) || op.getType() != op.getLhs().getType())
      return failure();
    auto shape = scalable->factorShape(shapeOf(op.getRhs()));
    if (!shape)
      return failure();
    Operation *producer = op.getLhs().getDefiningOp();
    rewriter.setInsertionPoint(producer);
    Location loc = rewriter.getFusedLoc({producer->getLoc(), op.getLoc()});
    // The factor may be defined behind the producer.
    auto constant = cast<ConstantOp>(rewriter.clone(*op.getRhs().getDefiningOp()));
    Value factor = createReshape(rewriter, loc, constant, *shape);
    Value weights = foldOrKeep(rewriter, MulOp::create(rewriter, loc, scalable->weights->get(), factor))[0];
    rewriter.modifyOpInPlace(producer, [&] { scalable->weights->set(weights); });
    rewriter.replaceOp(op, producer->getResults());
    return success();
  }
};

/// (y + b) * c -> y * c + b * c, where y can take the factor.
struct ScaleBehindBias : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    auto add = op.getLhs().getDefiningOp<AddOp>();
    if (!add || !add->hasOneUse() || !isConstant(add.getRhs()) || !isConstant(op.getRhs()) ||
        add.getType() != op.getType() || add.getLhs().getType() != op.getType())
      return failure();
    auto scalable = Scalable::get(add.getLhs());
    if (!scalable || !scalable->factorShape(shapeOf(op.getRhs())))
      return failure();
    Value scaled = MulOp::create(rewriter, op.getLoc(), add.getLhs(), op.getRhs());
    Value bias = foldOrKeep(rewriter, MulOp::create(rewriter, add.getLoc(), add.getRhs(), op.getRhs()))[0];
    rewriter.replaceOpWithNewOp<AddOp>(op, scaled, bias);
    return success();
  }
};

/// Products of computed values and constants.
int64_t countScales(Operation *root) {
  int64_t count = 0;
  root->walk([&](MulOp op) { count += isConstant(op.getRhs()) && !isConstant(op.getLhs()); });
  return count;
}

struct FoldScales : impl::FoldScalesBase<FoldScales> {
  using Base::Base;
  void runOnOperation() override {
    int64_t before = countScales(getOperation());
    RewritePatternSet patterns(&getContext());
    patterns.add<ScaleWeights, ScaleBehindBias>(&getContext());
    if (failed(applyRewrites(getOperation(), std::move(patterns), budget)))
      return signalPassFailure();
    scaled += before - countScales(getOperation());
  }
};

} // namespace
} // namespace tenon

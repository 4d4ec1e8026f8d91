//===- SinkReshapes.cpp - Reshapes moved towards the results -------------===//
//
// Why it ends: a rule takes a reshape above an operation and puts one below. It puts new ones above (on the
// other operands) only where the rank of the operation falls, so each operation is rewritten finitely often
// for each change of its operands, and operands change in the order of the program.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/Permutations.h"
#include "passes/ReshapeGroups.h"
#include "passes/Rewrites.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_SINKRESHAPES
#include "passes/Passes.h.inc"

namespace {

/// An operand that is a reshape of a computed value, and how its dimensions correspond to the source's.
struct Reshaped {
  Value source;
  ReshapeGroups groups;

  static std::optional<Reshaped> get(Value v) {
    auto reshape = v.getDefiningOp<ReshapeOp>();
    if (!reshape || isConstant(reshape.getOperand()))
      return std::nullopt;
    auto groups = ReshapeGroups::get(shapeOf(reshape.getOperand()), shapeOf(v));
    if (!groups)
      return std::nullopt;
    return Reshaped{reshape.getOperand(), *groups};
  }
};

/// Puts `result`, reshaped to the type of `op`, in the place of `op`.
void replaceReshaped(PatternRewriter &rewriter, Operation *op, Value result) {
  rewriter.replaceOp(op, createReshape(rewriter, op->getLoc(), result, shapeOf(op->getResult(0))));
}

/// What it takes to give a value another shape: nothing, or an operation.
bool reshapesForFree(Value v, ArrayRef<int64_t> shape) {
  if (isConstant(v) || shapeOf(v) == shape)
    return true;
  auto reshape = v.getDefiningOp<ReshapeOp>();
  return reshape && shapeOf(reshape.getOperand()) == shape;
}

/// add(reshape(x), y) -> reshape(add(x, reshape(y))), if y needs no reshape or the rank falls.
struct SinkThroughElementwise : OpInterfaceRewritePattern<ElementwiseOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(ElementwiseOpInterface op, PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> shape = shapeOf(op->getResult(0));
    for (Value operand : op->getOperands())
      if (auto reshaped = Reshaped::get(operand); reshaped && shapeOf(operand) == shape)
        if (succeeded(sink(op, *reshaped, rewriter)))
          return success();
    return failure();
  }

  LogicalResult sink(Operation *op, Reshaped &reshaped, PatternRewriter &rewriter) const {
    ArrayRef<int64_t> source = shapeOf(reshaped.source);
    bool rankFalls = source.size() < shapeOf(op->getResult(0)).size();
    SmallVector<SmallVector<int64_t>> shapes;
    for (Value operand : op->getOperands()) {
      auto shape = reshaped.groups.broadcastBack(shapeOf(operand));
      if (!shape)
        return failure();
      if (shapeOf(operand) == shapeOf(op->getResult(0)))
        shape->assign(source.begin(), source.end());
      if (!rankFalls && !reshapesForFree(operand, *shape))
        return failure();
      shapes.push_back(*shape);
    }
    SmallVector<Value> operands;
    for (auto [operand, shape] : llvm::zip(op->getOperands(), shapes))
      operands.push_back(createReshape(rewriter, operand.getLoc(), operand, shape));
    replaceReshaped(rewriter, op, cloneWith(rewriter, op, operands, source)->getResult(0));
    return success();
  }
};

/// softmax(reshape(x)), normalize(reshape(x)) and reduce(reshape(x)) along dimensions that the reshape leaves
/// alone.
template <typename Op> struct SinkThroughRows : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  static SmallVector<int64_t> getAxes(SoftmaxOp op) { return {static_cast<int64_t>(op.getAxis())}; }
  template <typename Other> static SmallVector<int64_t> getAxes(Other op) { return SmallVector<int64_t>(op.getAxes()); }
  static void setAxes(SoftmaxOp op, ArrayRef<int64_t> axes) { op.setAxis(axes.front()); }
  template <typename Other> static void setAxes(Other op, ArrayRef<int64_t> axes) { op.setAxes(axes); }

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto reshaped = Reshaped::get(op.getOperand());
    if (!reshaped)
      return failure();
    SmallVector<int64_t> axes, shape(shapeOf(reshaped->source));
    for (int64_t axis : getAxes(op)) {
      auto source = reshaped->groups.sourceOf(axis);
      if (!source)
        return failure();
      axes.push_back(*source);
      if (isa<ReduceOp>(op))
        shape[*source] = 1;
    }
    auto copy = cast<Op>(cloneWith(rewriter, op, reshaped->source, shape));
    setAxes(copy, axes);
    replaceReshaped(rewriter, op, copy->getResult(0));
    return success();
  }
};

/// slice(reshape(x)) where the cut dimensions are left alone by the reshape.
struct SinkThroughSlice : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto reshaped = Reshaped::get(op.getOperand());
    if (!reshaped)
      return failure();
    ArrayRef<int64_t> source = shapeOf(reshaped->source), operand = shapeOf(op.getOperand());
    SmallVector<int64_t> offsets(source.size(), 0), strides(source.size(), 1), sizes(source);
    for (int64_t d = 0, e = operand.size(); d < e; ++d) {
      bool isWhole = op.getOffsets()[d] == 0 && op.getStrides()[d] == 1 && op.getSizes()[d] == operand[d];
      if (isWhole)
        continue;
      auto from = reshaped->groups.sourceOf(d);
      if (!from)
        return failure();
      offsets[*from] = op.getOffsets()[d];
      sizes[*from] = op.getSizes()[d];
      strides[*from] = op.getStrides()[d];
    }
    Value slice = SliceOp::create(rewriter, op.getLoc(), reshaped->source, offsets, sizes, strides);
    replaceReshaped(rewriter, op, slice);
    return success();
  }
};

/// concat(reshape(x), reshape(y)) where the reshapes leave the axis alone and agree elsewhere.
struct SinkThroughConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    std::optional<int64_t> axis;
    SmallVector<int64_t> shape;
    SmallVector<Value> sources;
    for (Value operand : op.getOperands()) {
      auto reshaped = Reshaped::get(operand);
      auto source = reshaped ? reshaped->groups.sourceOf(op.getAxis()) : std::nullopt;
      if (!source || (axis && axis != source))
        return failure();
      SmallVector<int64_t> own(shapeOf(reshaped->source));
      int64_t size = std::exchange(own[*source], 0);
      if (axis && !agree(shape, own, *axis))
        return failure();
      own[*source] = axis ? shape[*axis] + size : size;
      shape = own;
      axis = source;
      sources.push_back(reshaped->source);
    }
    Operation *copy = cloneWith(rewriter, op, sources, shape);
    cast<ConcatOp>(copy).setAxis(*axis);
    replaceReshaped(rewriter, op, copy->getResult(0));
    return success();
  }

  static bool agree(ArrayRef<int64_t> a, ArrayRef<int64_t> b, int64_t axis) {
    return a.take_front(axis) == b.take_front(axis) && a.drop_front(axis + 1) == b.drop_front(axis + 1);
  }
};

/// A transpose next to a reshape does not need dimensions of size 1: they come and go in the reshapes.
struct CompactTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    Value operand = op.getOperand();
    auto isReshape = [](Operation *user) { return isa<ReshapeOp>(user); };
    if (!operand.getDefiningOp<ReshapeOp>() && llvm::none_of(op->getUsers(), isReshape))
      return failure();
    SmallVector<int64_t> position(shapeOf(operand).size(), -1), shape, permutation;
    for (auto [d, size] : llvm::enumerate(shapeOf(operand)))
      if (size != 1) {
        position[d] = shape.size();
        shape.push_back(size);
      }
    if (shape.size() == position.size())
      return failure();
    for (int64_t d : op.getPermutation())
      if (position[d] >= 0)
        permutation.push_back(position[d]);
    Value compact = createReshape(rewriter, op.getLoc(), operand, shape);
    replaceReshaped(rewriter, op, createTranspose(rewriter, op.getLoc(), compact, permutation));
    return success();
  }
};

} // namespace

void addContractReshapeRules(RewritePatternSet &patterns);

namespace {
struct SinkReshapes : impl::SinkReshapesBase<SinkReshapes> {
  using Base::Base;
  void runOnOperation() override {
    before += countReshapes(getOperation());
    RewritePatternSet patterns(&getContext());
    patterns.add<SinkThroughElementwise, SinkThroughRows<SoftmaxOp>, SinkThroughRows<NormalizeOp>,
                 SinkThroughRows<ReduceOp>, SinkThroughSlice, SinkThroughConcat, CompactTranspose>(&getContext());
    addContractReshapeRules(patterns);
    TransposeOp::getCanonicalizationPatterns(patterns, &getContext());
    ContractOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyRewrites(getOperation(), std::move(patterns), budget)))
      return signalPassFailure();
    after += countReshapes(getOperation());
  }
};
} // namespace
} // namespace tenon

//===- SimplifyMovement.cpp - Rules between data movement and reductions -===//
#include "ir/Constant.h"
#include "passes/Permutations.h"
#include "passes/Rewrites.h"
#include <cmath>

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
namespace {

bool allEqual(ArrayRef<int64_t> list, int64_t value) {
  return llvm::all_of(list, [&](int64_t x) { return x == value; });
}

//===----------------------------------------------------------------------===//
// slice, concat, gather
//===----------------------------------------------------------------------===//

struct SliceOfSlice : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().getDefiningOp<SliceOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> offsets, strides;
    for (size_t d = 0; d < op.getOffsets().size(); ++d) {
      offsets.push_back(inner.getOffsets()[d] + op.getOffsets()[d] * inner.getStrides()[d]);
      strides.push_back(inner.getStrides()[d] * op.getStrides()[d]);
    }
    rewriter.replaceOpWithNewOp<SliceOp>(op, inner.getOperand(), offsets, op.getSizes(), strides);
    return success();
  }
};

/// A slice that lies in one operand of a concatenation is a slice of that operand.
struct SliceOfConcat : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto concat = op.getOperand().getDefiningOp<ConcatOp>();
    if (!concat || llvm::is_contained(op.getSizes(), 0))
      return failure();
    int64_t axis = concat.getAxis(), first = op.getOffsets()[axis];
    int64_t last = first + (op.getSizes()[axis] - 1) * op.getStrides()[axis], begin = 0;
    for (Value operand : concat.getOperands()) {
      int64_t end = begin + shapeOf(operand)[axis];
      if (std::min(first, last) >= begin && std::max(first, last) < end) {
        SmallVector<int64_t> offsets(op.getOffsets());
        offsets[axis] -= begin;
        rewriter.replaceOpWithNewOp<SliceOp>(op, operand, offsets, op.getSizes(), op.getStrides());
        return success();
      }
      begin = end;
    }
    return failure();
  }
};

/// A concatenation within a concatenation along the same axis; operands that are empty along it.
struct FlattenConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> operands;
    int64_t axis = op.getAxis();
    for (Value operand : op.getOperands()) {
      auto inner = operand.getDefiningOp<ConcatOp>();
      if (inner && inner->hasOneUse() && inner.getAxis() == op.getAxis())
        llvm::append_range(operands, inner.getOperands());
      else if (shapeOf(operand)[axis] != 0)
        operands.push_back(operand);
    }
    if (operands.empty() || operands == SmallVector<Value>(op.getOperands()))
      return failure();
    rewriter.replaceOpWithNewOp<ConcatOp>(op, operands, axis);
    return success();
  }
};

/// A gather at constant indices in arithmetic progression is a slice.
struct GatherToSlice : OpRewritePattern<GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(GatherOp op, PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> shape = shapeOf(op.getOperand());
    int64_t axis = op.getAxis(), size = shape[axis];
    if (product(shapeOf(op.getIndices())) > kMaxInlineBytes)
      return failure();
    auto indices = constantIntegers(op.getIndices());
    if (!indices || indices->empty())
      return failure();
    for (int64_t &i : *indices) {
      i += i < 0 ? size : 0;
      if (i < 0 || i >= size)
        return failure();
    }
    int64_t step = indices->size() > 1 ? (*indices)[1] - (*indices)[0] : 1;
    for (size_t i = 1; i < indices->size(); ++i)
      if ((*indices)[i] - (*indices)[i - 1] != step || step == 0)
        return failure();
    SmallVector<int64_t> offsets(shape.size(), 0), sizes(shape), strides(shape.size(), 1);
    offsets[axis] = indices->front();
    sizes[axis] = indices->size();
    strides[axis] = step;
    Value slice = SliceOp::create(rewriter, op.getLoc(), op.getOperand(), offsets, sizes, strides);
    rewriter.replaceOp(op, createReshape(rewriter, op.getLoc(), slice, shapeOf(op)));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// broadcast, pad
//===----------------------------------------------------------------------===//

/// broadcast(broadcast(x)) -> one; a broadcast that repeats nothing is a reshape.
struct SimplifyBroadcast : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BroadcastOp op, PatternRewriter &rewriter) const override {
    if (auto inner = op.getOperand().getDefiningOp<BroadcastOp>()) {
      rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), inner.getOperand());
      return success();
    }
    if (op.getOperand().getType() == op.getType() || product(shapeOf(op.getOperand())) != product(shapeOf(op)))
      return failure();
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getOperand());
    return success();
  }
};

struct PadOfPad : OpRewritePattern<PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PadOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().getDefiningOp<PadOp>();
    bool constant = inner && op.getMode() == PadMode::Constant && inner.getMode() == PadMode::Constant &&
                    inner.getValue().bitwiseIsEqual(op.getValue());
    bool edge = inner && op.getMode() == PadMode::Edge && inner.getMode() == PadMode::Edge;
    if (!constant && !edge)
      return failure();
    SmallVector<int64_t> low(op.getLow()), high(op.getHigh());
    for (size_t d = 0; d < low.size(); ++d) {
      low[d] += inner.getLow()[d];
      high[d] += inner.getHigh()[d];
    }
    rewriter.replaceOpWithNewOp<PadOp>(op, inner.getOperand(), op.getMode(), low, high, op.getValue());
    return success();
  }
};

/// Zeros around the spatial dimensions are the convolution's own padding.
struct ConvOfPad : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &rewriter) const override {
    auto pad = op.getInput().getDefiningOp<PadOp>();
    if (!pad || pad.getMode() != PadMode::Constant || !pad.getValue().isZero() || !allEqual(op.getInputDilation(), 1))
      return failure();
    SmallVector<int64_t> low(op.getLow()), high(op.getHigh());
    int64_t left = 0;
    for (ArrayRef<int64_t> list : {pad.getLow(), pad.getHigh()})
      for (int64_t x : list)
        left += x;
    for (int64_t i = 0; i < op.getSpatialRank(); ++i) {
      unsigned d = op.getSpatialDim(i);
      // Padding after cropping would not be padding of the padded.
      if (low[i] < 0 || high[i] < 0)
        return failure();
      low[i] += pad.getLow()[d];
      high[i] += pad.getHigh()[d];
      left -= pad.getLow()[d] + pad.getHigh()[d];
    }
    if (left != 0)
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().set(pad.getOperand());
      op.setLow(low);
      op.setHigh(high);
    });
    return success();
  }
};

/// Padding by the neutral element is the window's own padding.
struct WindowOfPad : OpRewritePattern<WindowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(WindowOp op, PatternRewriter &rewriter) const override {
    auto pad = op.getOperand().getDefiningOp<PadOp>();
    if (!pad || pad.getMode() != PadMode::Constant || !isa<FloatType>(op.getType().getElementType()))
      return failure();
    double value = pad.getValue().convertToDouble();
    bool neutral = (op.getKind() == ReduceKind::Sum && value == 0) ||
                   (op.getKind() == ReduceKind::Prod && value == 1) ||
                   (op.getKind() == ReduceKind::Max && value == -INFINITY) ||
                   (op.getKind() == ReduceKind::Min && value == INFINITY);
    if (!neutral)
      return failure();
    SmallVector<int64_t> low(op.getLow()), high(op.getHigh());
    for (size_t d = 0; d < low.size(); ++d) {
      low[d] += pad.getLow()[d];
      high[d] += pad.getHigh()[d];
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getOperandMutable().set(pad.getOperand());
      op.setLow(low);
      op.setHigh(high);
    });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// reduce, window
//===----------------------------------------------------------------------===//

bool isArg(ReduceKind kind) { return kind == ReduceKind::ArgMax || kind == ReduceKind::ArgMin; }

/// Dimensions of size 1 need no reduction; a reduction of a reduction of the same kind is one.
struct SimplifyReduce : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    if (isArg(op.getKind()))
      return failure();
    SmallVector<int64_t> axes;
    Value operand = op.getOperand();
    for (int64_t axis : op.getAxes())
      if (shapeOf(operand)[axis] != 1)
        axes.push_back(axis);
    auto inner = operand.getDefiningOp<ReduceOp>();
    if (inner && inner.getKind() == op.getKind() && inner->hasOneUse()) {
      llvm::append_range(axes, inner.getAxes());
      llvm::sort(axes);
      axes.erase(llvm::unique(axes), axes.end());
      operand = inner.getOperand();
    }
    if (axes.empty())
      rewriter.replaceOp(op, operand);
    else if (operand != op.getOperand() || axes.size() != op.getAxes().size())
      rewriter.replaceOpWithNewOp<ReduceOp>(op, op.getKind(), operand, axes, /*select_last=*/false);
    else
      return failure();
    return success();
  }
};

/// A window of size 1 that does not step is nothing; one over all of its dimensions is a reduction.
struct SimplifyWindow : OpRewritePattern<WindowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(WindowOp op, PatternRewriter &rewriter) const override {
    if (!allEqual(op.getLow(), 0) || !allEqual(op.getHigh(), 0))
      return failure();
    ArrayRef<int64_t> shape = shapeOf(op.getOperand());
    SmallVector<int64_t> axes;
    for (auto [d, size] : llvm::enumerate(op.getSizes())) {
      if (size == 1 && (op.getStrides()[d] == 1 || shape[d] == 1))
        continue;
      if (size != shape[d] || op.getDilations()[d] != 1)
        return failure();
      axes.push_back(d);
    }
    if (axes.empty())
      rewriter.replaceOp(op, op.getOperand());
    else
      rewriter.replaceOpWithNewOp<ReduceOp>(op, op.getKind(), op.getOperand(), axes, /*select_last=*/false);
    return success();
  }
};

} // namespace

void addMovementRules(RewritePatternSet &patterns) {
  patterns.add<SliceOfSlice, SliceOfConcat, FlattenConcat, GatherToSlice, SimplifyBroadcast, PadOfPad, ConvOfPad,
               WindowOfPad, SimplifyReduce, SimplifyWindow>(patterns.getContext());
}

} // namespace tenon

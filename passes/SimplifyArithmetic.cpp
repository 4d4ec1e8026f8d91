//===- SimplifyArithmetic.cpp - Rules between elementwise operations -----===//
#include "ir/Constant.h"
#include "ir/Folding.h"
#include "passes/Permutations.h"
#include "passes/Rewrites.h"
#include <cmath>

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
namespace {

bool isFloat(Value v) { return isa<FloatType>(getElementTypeOrSelf(v.getType())); }

bool isSplat(Value v, double value) {
  std::optional<double> splat = splatValue(v);
  return splat && *splat == value;
}

/// Replaces `op` by `v`, broadcast if the operation did that.
void replaceByOperand(PatternRewriter &rewriter, Operation *op, Value v) {
  if (v.getType() != op->getResult(0).getType())
    v = BroadcastOp::create(rewriter, op->getLoc(), op->getResult(0).getType(), v);
  rewriter.replaceOp(op, v);
}

/// The value of `Op` on constants, computed now if that is cheap.
template <typename Op> Value onConstants(PatternRewriter &rewriter, Location loc, ValueRange operands) {
  return foldOrKeep(rewriter, Op::create(rewriter, loc, operands))[0];
}

/// The result type of `op` with operand `i` replaced by `v`.
bool keepsShape(Operation *op, unsigned i, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> merged;
  for (auto [j, operand] : llvm::enumerate(op->getOperands())) {
    auto next = broadcastShapes(merged, i == j ? shape : shapeOf(operand));
    if (!next)
      return false;
    merged = *next;
  }
  return ArrayRef<int64_t>(merged) == shapeOf(op->getResult(0));
}

//===----------------------------------------------------------------------===//
// Any elementwise operation
//===----------------------------------------------------------------------===//

/// Operands need not be broadcast, nor have leading dimensions of size 1; splats need no shape at all.
struct NarrowOperands : OpInterfaceRewritePattern<ElementwiseOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(ElementwiseOpInterface op, PatternRewriter &rewriter) const override {
    if (op->getNumOperands() < 2)
      return failure();
    for (OpOperand &operand : op->getOpOperands()) {
      Value narrow = narrowed(op, operand, rewriter);
      if (!narrow)
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(narrow); });
      return success();
    }
    return failure();
  }

  static Value narrowed(Operation *op, OpOperand &operand, PatternRewriter &rewriter) {
    Value v = operand.get();
    unsigned i = operand.getOperandNumber();
    ArrayRef<int64_t> shape = shapeOf(v);
    if (auto broadcast = v.getDefiningOp<BroadcastOp>())
      if (keepsShape(op, i, shapeOf(broadcast.getOperand())))
        return broadcast.getOperand();
    if (auto splat = v.getDefiningOp<ConstantOp>(); splat && !shape.empty() && keepsShape(op, i, {})) {
      if (auto dense = dyn_cast<SplatElementsAttr>(splat.getValue())) {
        auto scalar = RankedTensorType::get({}, dense.getElementType());
        return ConstantOp::create(rewriter, splat.getLoc(), scalar, dense.resizeSplat(scalar));
      }
    }
    if (shape.empty() || shape.front() != 1 || !(isConstant(v) || v.getDefiningOp<ReshapeOp>()))
      return {};
    // A reshaped value of full size is better reshaped than broadcast: its other readers want it so, too.
    ArrayRef<int64_t> rest = shape.drop_while([](int64_t d) { return d == 1; });
    auto reshape = v.getDefiningOp<ReshapeOp>();
    bool isWhole = reshape && product(shape) == product(shapeOf(op->getResult(0)));
    if (isWhole || !keepsShape(op, i, rest) || (reshape && shapeOf(reshape.getOperand()) != rest))
      return {};
    return createReshape(rewriter, v.getLoc(), v, rest);
  }
};

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

/// Constants stand on the right of commutative operations.
template <typename Op> struct ConstantToRight : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!isConstant(op.getLhs()) || isConstant(op.getRhs()))
      return failure();
    rewriter.replaceOpWithNewOp<Op>(op, op.getRhs(), op.getLhs());
    return success();
  }
};

/// op(op(x, c1), c2) -> op(x, op(c1, c2)), if the merged constant is no larger than one of the two.
template <typename Op> struct MergeConstants : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto inner = op.getLhs().template getDefiningOp<Op>();
    if (!inner || !inner->hasOneUse() || !isConstant(op.getRhs()) || !isConstant(inner.getRhs()) ||
        isConstant(inner.getLhs()))
      return failure();
    auto shape = broadcastShapes(shapeOf(op.getRhs()), shapeOf(inner.getRhs()));
    if (!shape || (*shape != shapeOf(op.getRhs()) && *shape != shapeOf(inner.getRhs())))
      return failure();
    Location loc = rewriter.getFusedLoc({inner.getLoc(), op.getLoc()});
    Value merged = onConstants<Op>(rewriter, loc, {inner.getRhs(), op.getRhs()});
    rewriter.replaceOp(op, Op::create(rewriter, loc, inner.getLhs(), merged));
    return success();
  }
};

/// x + 0, x * 1, x / 1, x ** 1 and the like.
template <typename Op> struct RightIdentity : OpRewritePattern<Op> {
  RightIdentity(MLIRContext *context, double neutral) : OpRewritePattern<Op>(context), neutral(neutral) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!isSplat(op.getRhs(), neutral))
      return failure();
    replaceByOperand(rewriter, op, op.getLhs());
    return success();
  }
  double neutral;
};

/// x - c -> x + (-c)
struct SubToAdd : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SubOp op, PatternRewriter &rewriter) const override {
    if (!isConstant(op.getRhs()) || isConstant(op.getLhs()))
      return failure();
    Value negated = onConstants<NegOp>(rewriter, op.getLoc(), op.getRhs());
    rewriter.replaceOpWithNewOp<AddOp>(op, op.getLhs(), negated);
    return success();
  }
};

/// x / 2^k -> x * 2^-k, which is exact, and 1 / x -> reciprocal(x).
struct DivToMul : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op, PatternRewriter &rewriter) const override {
    if (!isFloat(op))
      return failure();
    if (isSplat(op.getLhs(), 1) && op.getRhs().getType() == op.getType()) {
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, op.getRhs());
      return success();
    }
    std::optional<double> divisor = splatValue(op.getRhs());
    int exponent;
    if (!divisor || std::frexp(std::abs(*divisor), &exponent) != 0.5 || std::abs(exponent) > 14)
      return failure();
    Value factor = splatConstant(rewriter, op.getLoc(), op.getRhs().getType(), 1 / *divisor);
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getLhs(), factor);
    return success();
  }
};

/// Powers with small exponents.
struct SmallPower : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op, PatternRewriter &rewriter) const override {
    std::optional<double> exponent = splatValue(op.getRhs());
    Value x = op.getLhs(), result;
    if (!exponent || x.getType() != op.getType())
      return failure();
    Location loc = op.getLoc();
    if (*exponent == 1)
      result = x;
    else if (*exponent == 2)
      result = MulOp::create(rewriter, loc, x, x);
    else if (*exponent == 3)
      result = MulOp::create(rewriter, loc, MulOp::create(rewriter, loc, x, x), x);
    else if (*exponent == 0.5 && isFloat(x))
      result = SqrtOp::create(rewriter, loc, x);
    else if (*exponent == -0.5 && isFloat(x))
      result = ReciprocalOp::create(rewriter, loc, SqrtOp::create(rewriter, loc, x));
    else if (*exponent == -1 && isFloat(x))
      result = ReciprocalOp::create(rewriter, loc, x);
    else
      return failure();
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// max(x, 0) -> relu(x)
struct MaxToRelu : OpRewritePattern<MaxOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MaxOp op, PatternRewriter &rewriter) const override {
    if (!isFloat(op) || !isSplat(op.getRhs(), 0) || op.getLhs().getType() != op.getType())
      return failure();
    rewriter.replaceOpWithNewOp<ReluOp>(op, op.getLhs());
    return success();
  }
};

//===----------------------------------------------------------------------===//
// One operand, select
//===----------------------------------------------------------------------===//

/// not(not(x)), neg(neg(x)) -> x
template <typename Op> struct Involution : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().template getDefiningOp<Op>();
    if (!inner)
      return failure();
    rewriter.replaceOp(op, inner.getOperand());
    return success();
  }
};

/// relu(relu(x)), abs(abs(x)), floor(floor(x)), ... -> once
template <typename Op> struct Projection : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!op.getOperand().template getDefiningOp<Op>())
      return failure();
    rewriter.replaceOp(op, op.getOperand());
    return success();
  }
};

/// Whether every value of `from` is one of `to`.
bool isExact(Type from, Type to) {
  if (from.isInteger(1))
    return !isa<FloatType>(to) || to.getIntOrFloatBitWidth() >= 16;
  unsigned a = from.getIntOrFloatBitWidth(), b = to.getIntOrFloatBitWidth();
  if (auto f = dyn_cast<FloatType>(from)) {
    auto t = dyn_cast<FloatType>(to);
    return t && (from == to || (a >= 16 && t.getFPMantissaWidth() >= f.getFPMantissaWidth() && b > a));
  }
  if (auto t = dyn_cast<FloatType>(to))
    return (t.isF32() || t.isF64()) && a <= t.getFPMantissaWidth();
  bool unsignedFrom = from.isUnsignedInteger(), unsignedTo = to.isUnsignedInteger();
  return !to.isInteger(1) && (unsignedFrom == unsignedTo ? b >= a : unsignedFrom && b > a);
}

/// cast(cast(x)) -> cast(x), if the first loses nothing.
struct MergeCasts : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CastOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().getDefiningOp<CastOp>();
    if (!inner || !isExact(inner.getOperand().getType().getElementType(), inner.getType().getElementType()))
      return failure();
    rewriter.replaceOpWithNewOp<CastOp>(op, op.getType(), inner.getOperand(), op.getSaturate());
    return success();
  }
};

/// select(true, x, y) -> x; select(c, x, x) -> x; select(not(c), x, y) -> select(c, y, x)
struct SimplifySelect : OpRewritePattern<SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SelectOp op, PatternRewriter &rewriter) const override {
    if (std::optional<double> condition = splatValue(op.getCondition())) {
      replaceByOperand(rewriter, op, *condition != 0 ? op.getOnTrue() : op.getOnFalse());
      return success();
    }
    if (op.getOnTrue() == op.getOnFalse()) {
      replaceByOperand(rewriter, op, op.getOnTrue());
      return success();
    }
    if (auto negation = op.getCondition().getDefiningOp<NotOp>()) {
      rewriter.replaceOpWithNewOp<SelectOp>(op, negation.getOperand(), op.getOnFalse(), op.getOnTrue());
      return success();
    }
    return failure();
  }
};

template <typename... Ops> void addCommutative(RewritePatternSet &patterns) {
  patterns.add<ConstantToRight<Ops>..., MergeConstants<Ops>...>(patterns.getContext());
}

} // namespace

void addArithmeticRules(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  addCommutative<AddOp, MulOp, MaxOp, MinOp, AndOp, OrOp, XorOp>(patterns);
  patterns.add<RightIdentity<AddOp>, RightIdentity<SubOp>, RightIdentity<OrOp>, RightIdentity<XorOp>,
               RightIdentity<ShlOp>, RightIdentity<ShrOp>>(context, 0.0);
  patterns.add<RightIdentity<MulOp>, RightIdentity<DivOp>, RightIdentity<PowOp>>(context, 1.0);
  patterns.add<NarrowOperands, SubToAdd, DivToMul, SmallPower, MaxToRelu, MergeCasts, SimplifySelect>(context);
  patterns.add<Involution<NotOp>, Involution<NegOp>>(context);
  patterns.add<Projection<ReluOp>, Projection<AbsOp>, Projection<FloorOp>, Projection<CeilOp>, Projection<RoundOp>,
               Projection<SignOp>>(context);
}

} // namespace tenon

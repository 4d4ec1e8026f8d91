//===- RaiseNormalizations.cpp - Softmax, layer and RMS normalisation ----===//
#include "ir/Constant.h"
#include "passes/Permutations.h"
#include "passes/RaiseMatch.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
namespace {

ReduceOp getReduce(Value v, ReduceKind kind) {
  auto reduce = v.getDefiningOp<ReduceOp>();
  return reduce && reduce.getKind() == kind ? reduce : nullptr;
}

/// Operands a, b of the product a * (1 / b) or the quotient a / b.
std::optional<std::pair<Value, Value>> matchQuotient(Operation *op) {
  if (auto div = dyn_cast<DivOp>(op))
    return std::pair<Value, Value>(div.getLhs(), div.getRhs());
  auto mul = dyn_cast<MulOp>(op);
  if (!mul)
    return std::nullopt;
  for (auto [a, b] : {std::pair(mul.getLhs(), mul.getRhs()), std::pair(mul.getRhs(), mul.getLhs())})
    if (auto reciprocal = b.getDefiningOp<ReciprocalOp>())
      return std::pair<Value, Value>(a, reciprocal.getOperand());
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// x, if `v` is x - max(x) along `axis`; else `v`, for softmax does not depend on the shift.
Value stripShift(Value v, int64_t axis) {
  auto sub = v.getDefiningOp<SubOp>();
  auto max = sub ? getReduce(sub.getRhs(), ReduceKind::Max) : nullptr;
  if (max && max.getOperand() == sub.getLhs() && max.getAxes() == ArrayRef<int64_t>(axis))
    return sub.getLhs();
  return v;
}

/// exp(x - max(x)) / sum(exp(x - max(x))) -> softmax(x)
template <typename Op> struct RaiseSoftmax : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto quotient = matchQuotient(op);
    if (!quotient)
      return failure();
    auto exp = quotient->first.template getDefiningOp<ExpOp>();
    ReduceOp sum = getReduce(quotient->second, ReduceKind::Sum);
    if (!exp || !sum || sum.getOperand() != quotient->first || sum.getAxes().size() != 1)
      return failure();
    int64_t axis = sum.getAxes().front();
    rewriter.replaceOpWithNewOp<SoftmaxOp>(op, stripShift(exp.getOperand(), axis), axis, /*log=*/false);
    return success();
  }
};

/// s - log(sum(exp(s))) with s = x - max(x) -> log softmax
struct RaiseLogSoftmax : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SubOp op, PatternRewriter &rewriter) const override {
    auto log = op.getRhs().getDefiningOp<LogOp>();
    ReduceOp sum = log ? getReduce(log.getOperand(), ReduceKind::Sum) : nullptr;
    auto exp = sum ? sum.getOperand().getDefiningOp<ExpOp>() : nullptr;
    if (!exp || exp.getOperand() != op.getLhs() || sum.getAxes().size() != 1)
      return failure();
    int64_t axis = sum.getAxes().front();
    rewriter.replaceOpWithNewOp<SoftmaxOp>(op, stripShift(op.getLhs(), axis), axis, /*log=*/true);
    return success();
  }
};

/// log(softmax(x)) -> log softmax, which does not lose small probabilities
struct RaiseLogOfSoftmax : OpRewritePattern<LogOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LogOp op, PatternRewriter &rewriter) const override {
    auto softmax = op.getOperand().getDefiningOp<SoftmaxOp>();
    if (!softmax || softmax.getLog())
      return failure();
    rewriter.replaceOpWithNewOp<SoftmaxOp>(op, softmax.getOperand(), softmax.getAxis(), /*log=*/true);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Normalize
//===----------------------------------------------------------------------===//

/// The sum that `v` is a mean by: sum(x) * (1 / n) or sum(x) / n.
ReduceOp matchMean(Value v) {
  Operation *op = v.getDefiningOp();
  if (!op || !isa<MulOp, DivOp>(op))
    return nullptr;
  ReduceOp sum = getReduce(op->getOperand(0), ReduceKind::Sum);
  std::optional<double> factor = splatValue(op->getOperand(1));
  if (!sum || !factor)
    return nullptr;
  double count = 1;
  for (int64_t axis : sum.getAxes())
    count *= shapeOf(sum.getOperand())[axis];
  return isClose(*factor, isa<MulOp>(op) ? 1 / count : count) ? sum : nullptr;
}

/// d / sqrt(mean(d * d) + epsilon), where d is x - mean(x) or, for RMS, x.
template <typename Op> struct RaiseNormalize : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto quotient = matchQuotient(op);
    if (!quotient)
      return failure();
    Value centred = quotient->first, x = centred;
    auto sqrt = quotient->second.template getDefiningOp<SqrtOp>();
    auto add = sqrt ? sqrt.getOperand().template getDefiningOp<AddOp>() : nullptr;
    std::optional<double> epsilon = add ? splatValue(add.getRhs()) : std::nullopt;
    ReduceOp squares = epsilon ? matchMean(add.getLhs()) : nullptr;
    auto square = squares ? squares.getOperand().template getDefiningOp<MulOp>() : nullptr;
    if (!square || square.getLhs() != centred || square.getRhs() != centred)
      return failure();
    bool rms = true;
    if (auto sub = centred.getDefiningOp<SubOp>())
      if (ReduceOp sum = matchMean(sub.getRhs());
          sum && sum.getOperand() == sub.getLhs() && sum.getAxes() == squares.getAxes()) {
        rms = false;
        x = sub.getLhs();
      }
    rewriter.replaceOpWithNewOp<NormalizeOp>(op, x, squares.getAxes(), APFloat(*epsilon), rms);
    return success();
  }
};

} // namespace

void addNormalizationRules(RewritePatternSet &patterns) {
  patterns.add<RaiseSoftmax<MulOp>, RaiseSoftmax<DivOp>, RaiseLogSoftmax, RaiseLogOfSoftmax, RaiseNormalize<MulOp>,
               RaiseNormalize<DivOp>>(patterns.getContext());
}

} // namespace tenon

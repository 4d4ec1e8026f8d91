//===- RaiseActivations.cpp - Sigmoid, SiLU and GELU in their spellings --===//
#include "passes/RaiseMatch.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
namespace {

/// The x of 1 + exp(-x).
Value matchOnePlusExp(Value v) {
  auto add = v.getDefiningOp<AddOp>();
  if (!add)
    return {};
  for (auto [a, b] : {std::pair(add.getLhs(), add.getRhs()), std::pair(add.getRhs(), add.getLhs())}) {
    auto exp = a.getDefiningOp<ExpOp>();
    auto neg = exp ? exp.getOperand().getDefiningOp<NegOp>() : nullptr;
    if (neg && isConstantNear(b, 1))
      return neg.getOperand();
    auto mul = exp ? exp.getOperand().getDefiningOp<MulOp>() : nullptr;
    if (mul && isConstantNear(mul.getRhs(), -1) && isConstantNear(b, 1))
      return mul.getLhs();
  }
  return {};
}

/// 1 / (1 + exp(-x)) -> sigmoid(x)
struct RaiseSigmoid : OpRewritePattern<ReciprocalOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReciprocalOp op, PatternRewriter &rewriter) const override {
    Value x = matchOnePlusExp(op.getOperand());
    if (!x || x.getType() != op.getType())
      return failure();
    rewriter.replaceOpWithNewOp<SigmoidOp>(op, x);
    return success();
  }
};

/// y / (1 + exp(-x)) -> y * sigmoid(x)
struct RaiseDividedSigmoid : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op, PatternRewriter &rewriter) const override {
    Value x = matchOnePlusExp(op.getRhs());
    if (!x || x.getType() != op.getRhs().getType())
      return failure();
    Value sigmoid = SigmoidOp::create(rewriter, op.getLoc(), x);
    if (isConstantNear(op.getLhs(), 1) && x.getType() == op.getType())
      rewriter.replaceOp(op, sigmoid);
    else
      rewriter.replaceOpWithNewOp<MulOp>(op, op.getLhs(), sigmoid);
    return success();
  }
};

/// x * sigmoid(x) -> silu(x)
struct RaiseSilu : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    for (auto [x, s] : {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
      auto sigmoid = s.getDefiningOp<SigmoidOp>();
      if (!sigmoid || sigmoid.getOperand() != x)
        continue;
      rewriter.replaceOpWithNewOp<SiluOp>(op, x);
      return success();
    }
    return failure();
  }
};

/// Collects what a tree of arithmetic is made of: candidates for x, and the erf or tanh in it.
void collectLeaves(Value v, SmallVectorImpl<Value> &leaves, Operation *&function, unsigned depth) {
  Operation *op = v.getDefiningOp();
  if (op && isa<ErfOp, TanhOp>(op)) {
    function = op;
    return;
  }
  if (!llvm::is_contained(leaves, v))
    leaves.push_back(v);
  if (!op || depth == 0 || !isa<AddOp, SubOp, MulOp, DivOp, NegOp>(op))
    return;
  for (Value operand : op->getOperands())
    collectLeaves(operand, leaves, function, depth - 1);
}

/// x/2 (1 + erf(x / sqrt 2)) -> gelu(x), x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) -> gelu_tanh(x)
struct RaiseGelu : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    constexpr double invSqrt2 = 0.70710678118654752, sqrt2OverPi = 0.79788456080286536;
    SmallVector<Value> leaves;
    Operation *function = nullptr;
    collectLeaves(op, leaves, function, /*depth=*/4);
    if (!function)
      return failure();
    bool isErf = isa<ErfOp>(function);
    Polynomial::Coefficients outer = {}, inner = {};
    outer[1] = {0.5, 0.5};
    inner[1][0] = isErf ? invSqrt2 : sqrt2OverPi;
    inner[3][0] = isErf ? 0 : sqrt2OverPi * 0.044715;
    for (Value x : leaves) {
      if (x.getType() != op.getType() || x == op)
        continue;
      auto argument = Polynomial::get(function->getOperand(0), x, {});
      auto whole = argument && argument->isNear(inner) ? Polynomial::get(op, x, function->getResult(0)) : std::nullopt;
      if (!whole || !whole->isNear(outer))
        continue;
      if (isErf)
        rewriter.replaceOpWithNewOp<GeluOp>(op, x);
      else
        rewriter.replaceOpWithNewOp<GeluTanhOp>(op, x);
      return success();
    }
    return failure();
  }
};

} // namespace

void addActivationRules(RewritePatternSet &patterns) {
  patterns.add<RaiseSigmoid, RaiseDividedSigmoid, RaiseSilu, RaiseGelu>(patterns.getContext());
}

} // namespace tenon

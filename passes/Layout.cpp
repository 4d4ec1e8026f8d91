//===- Layout.cpp - Convolutions with channels last, transposes cancelled ===//
//
// The assignment (LayoutAssignment.h) says which values are to be computed with their channels last. This
// pass rewrites their operations and puts transposes where the two orders meet.
//
//===----------------------------------------------------------------------===//
#include "passes/LayoutAssignment.h"
#include "passes/Passes.h"
#include "passes/Permutations.h"
#include "passes/Steps.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_LAYOUT
#include "passes/Passes.h.inc"

namespace {

class Rewriter {
public:
  Rewriter(func::FuncOp function, LayoutAssignment &assignment)
      : function(function), assignment(assignment), b(function.getContext()) {}

  void run() {
    SmallVector<Operation *> ops;
    function.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops)
      rewrite(op);
    eraseDead();
  }

private:
  void rewrite(Operation *op) {
    bool isLast = op->getNumResults() == 1 && assignment.isLast(op->getResult(0));
    b.setInsertionPoint(op);
    bool isMovable = isLast || isa<TransposeOp, ContractOp>(op);
    if (isMovable && !mayStep(op, "channels last"))
      return keepFirst(op);
    if (auto transpose = dyn_cast<TransposeOp>(op))
      return rewriteTranspose(transpose, isLast);
    if (auto contract = dyn_cast<ContractOp>(op))
      return rewriteContract(contract, isLast);
    if (isLast)
      return rewriteLast(op);
    keepFirst(op);
  }

  /// Leaves an operation as exported.
  void keepFirst(Operation *op) {
    for (Value result : op->getResults())
      assignment.keepFirst(result);
    for (OpOperand &operand : op->getOpOperands())
      operand.set(inFirst(operand.get()));
  }

  void eraseDead() {
    SmallVector<Operation *> ops;
    function.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : llvm::reverse(ops))
      if (op != function && isOpTriviallyDead(op))
        op->erase();
  }

  /// Replaces an operation by one that computes the result with channels last.
  void rewriteLast(Operation *op) {
    Value result = op->getResult(0);
    SmallVector<int64_t> permutation = assignment.getGroups(result).permutation();
    SmallVector<Value> operands;
    for (OpOperand &operand : op->getOpOperands())
      operands.push_back(operandFor(op, operand, permutation));
    b.setInsertionPoint(op);
    if (isa<ReshapeOp>(op))
      lastOf[result] = createReshape(b, op->getLoc(), operands[0], permuteList(shapeOf(result), permutation));
    else
      lastOf[result] = cast<LayoutOpInterface>(op).permute(b, operands, permutation);
  }

  Value operandFor(Operation *op, OpOperand &operand, ArrayRef<int64_t> permutation) {
    Value v = operand.get();
    if (assignment.operandFollows(op, operand.getOperandNumber()))
      return inLast(v);
    if (auto layout = dyn_cast<LayoutOpInterface>(op); layout && !layout.followsLayout(operand.getOperandNumber()))
      return inFirst(v);
    Value first = inFirst(v);
    b.setInsertionPointAfterValue(first);
    return createTranspose(b, v.getLoc(), extendRank(b, v.getLoc(), first, permutation.size()), permutation);
  }

  /// A transpose takes its operand as it is and gives its result as it is wanted.
  void rewriteTranspose(TransposeOp op, bool isLast) {
    Value operand = op.getOperand();
    SmallVector<int64_t> permutation(op.getPermutation());
    if (assignment.isLast(operand)) {
      SmallVector<int64_t> back = invertPermutation(assignment.getGroups(operand).permutation());
      permutation = composePermutations(back, permutation);
      operand = lastOf.lookup(operand);
    } else {
      operand = inFirst(operand);
    }
    if (isLast)
      permutation = composePermutations(permutation, assignment.getGroups(op).permutation());
    (isLast ? lastOf : firstOf)[op] = createTranspose(b, op.getLoc(), operand, permutation);
  }

  /// A contraction only numbers its loops differently.
  void rewriteContract(ContractOp op, bool isLast) {
    SmallVector<Value> operands(op.getOperands());
    SmallVector<SmallVector<int64_t>> dims = {SmallVector<int64_t>(op.getLhsDims()),
                                              SmallVector<int64_t>(op.getRhsDims()),
                                              SmallVector<int64_t>(op.getResultDims())};
    for (unsigned i = 0; i < 2; ++i) {
      if (assignment.isLast(operands[i]))
        dims[i] = permuteList(dims[i], assignment.getGroups(operands[i]).permutation());
      operands[i] = assignment.isLast(operands[i]) ? lastOf.lookup(operands[i]) : inFirst(operands[i]);
    }
    if (isLast)
      dims[2] = permuteList(dims[2], assignment.getGroups(op).permutation());
    (isLast ? lastOf : firstOf)[op] =
        ContractOp::create(b, op.getLoc(), operands[0], operands[1], dims[0], dims[1], dims[2]);
  }

  /// `v` as exported.
  Value inFirst(Value v) {
    Value &first = firstOf[v];
    if (!first && !assignment.isLast(v))
      first = v;
    if (!first) {
      Value own = lastOf.lookup(v);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointAfterValue(own);
      first = createTranspose(b, v.getLoc(), own, invertPermutation(assignment.getGroups(v).permutation()));
    }
    return first;
  }

  /// `v` with channels last; its groups are known.
  Value inLast(Value v) {
    if (Value result = lastOf.lookup(v))
      return result;
    Value first = inFirst(v);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfterValue(first);
    return lastOf[v] = createTranspose(b, v.getLoc(), first, assignment.getGroups(v).permutation());
  }

  func::FuncOp function;
  LayoutAssignment &assignment;
  OpBuilder b;
  llvm::DenseMap<Value, Value> lastOf, firstOf;
};

struct Layout : impl::LayoutBase<Layout> {
  using Base::Base;
  void runOnOperation() override {
    before += countTransposes(getOperation());
    LayoutAssignment assignment(getOperation());
    Rewriter(getOperation(), assignment).run();
    after += countTransposes(getOperation());
  }
};

} // namespace
} // namespace tenon

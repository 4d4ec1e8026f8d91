//===- ContractReshapes.cpp - Contractions of reshaped values ------------===//
//
// A contraction does not need dimensions of size 1, nor free dimensions that a reshape has split: without
// them it has fewer loops, and the reshape moves behind it.
//
//===----------------------------------------------------------------------===//
#include "passes/Permutations.h"
#include "passes/ReshapeGroups.h"
#include "passes/Rewrites.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
namespace {

/// A contraction under change: shapes are those of the operands, loops are not renumbered until the end.
struct Loops {
  SmallVector<int64_t> dims[3];
  SmallVector<int64_t> shapes[2];

  explicit Loops(ContractOp op)
      : dims{SmallVector<int64_t>(op.getLhsDims()), SmallVector<int64_t>(op.getRhsDims()),
             SmallVector<int64_t>(op.getResultDims())},
        shapes{SmallVector<int64_t>(shapeOf(op.getLhs())), SmallVector<int64_t>(shapeOf(op.getRhs()))} {}

  /// Removes dimension `dim` of operand `i`, and its loop from the result if the other operand does not have
  /// it.
  void drop(unsigned i, unsigned dim) {
    int64_t loop = dims[i][dim];
    dims[i].erase(dims[i].begin() + dim);
    shapes[i].erase(shapes[i].begin() + dim);
    if (!llvm::is_contained(dims[1 - i], loop))
      llvm::erase(dims[2], loop);
  }

  /// Whether dimension `dim` of operand `i` is the only one of it that is in the result and not in the other
  /// operand.
  bool isOnlyFree(unsigned i, unsigned dim) const {
    auto isFree = [&](int64_t loop) {
      return llvm::is_contained(dims[2], loop) && !llvm::is_contained(dims[1 - i], loop);
    };
    return isFree(dims[i][dim]) && llvm::count_if(dims[i], isFree) == 1;
  }

  /// Whether dimensions [dim, dim + count) of operand `i` are neighbours in the result and not in the other
  /// operand.
  bool isFreeRun(unsigned i, unsigned dim, unsigned count) const {
    auto first = llvm::find(dims[2], dims[i][dim]);
    if (static_cast<size_t>(dims[2].end() - first) < count)
      return false;
    for (unsigned k = 0; k < count; ++k)
      if (first[k] != dims[i][dim + k] || llvm::is_contained(dims[1 - i], first[k]))
        return false;
    return true;
  }

  /// Makes a free run one dimension.
  void merge(unsigned i, unsigned dim, unsigned count) {
    for (unsigned k = 1; k < count; ++k) {
      shapes[i][dim] *= shapes[i][dim + 1];
      llvm::erase(dims[2], dims[i][dim + 1]);
      shapes[i].erase(shapes[i].begin() + dim + 1);
      dims[i].erase(dims[i].begin() + dim + 1);
    }
  }

  /// Numbers the loops without gaps.
  void renumber() {
    SmallVector<int64_t> used;
    for (unsigned i : {0, 1})
      for (int64_t loop : dims[i])
        if (!llvm::is_contained(used, loop))
          used.push_back(loop);
    llvm::sort(used);
    for (SmallVector<int64_t> &list : dims)
      for (int64_t &loop : list)
        loop = llvm::find(used, loop) - used.begin();
  }
};

struct ContractOfReshape : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    Loops loops(op);
    bool changed = false;
    for (unsigned i : {0, 1})
      changed |= simplify(op->getOperand(i), i, loops);
    if (!changed)
      return failure();
    loops.renumber();
    Value operands[2];
    for (unsigned i : {0, 1})
      operands[i] = createReshape(rewriter, op->getOperand(i).getLoc(), op->getOperand(i), loops.shapes[i]);
    Value result = ContractOp::create(rewriter, op.getLoc(), operands[0], operands[1], loops.dims[0], loops.dims[1],
                                      loops.dims[2]);
    rewriter.replaceOp(op, createReshape(rewriter, op.getLoc(), result, shapeOf(op)));
    return success();
  }

  static bool simplify(Value operand, unsigned i, Loops &loops) {
    bool changed = mergeSplitLoops(operand, i, loops);
    for (unsigned d = loops.dims[i].size(); d-- > 0;)
      if (loops.shapes[i][d] == 1 && !loops.isOnlyFree(i, d)) {
        loops.drop(i, d);
        changed = true;
      }
    return changed;
  }

  /// Merges what a reshape has split; from the back, so that positions stay right.
  static bool mergeSplitLoops(Value operand, unsigned i, Loops &loops) {
    auto reshape = operand.getDefiningOp<ReshapeOp>();
    auto groups = reshape ? ReshapeGroups::get(shapeOf(reshape.getOperand()), shapeOf(operand)) : std::nullopt;
    if (!groups)
      return false;
    bool changed = false;
    for (const ReshapeGroups::Group &group : llvm::reverse(groups->getGroups()))
      if (group.fromCount == 1 && group.toCount > 1 && loops.isFreeRun(i, group.to, group.toCount)) {
        loops.merge(i, group.to, group.toCount);
        changed = true;
      }
    return changed;
  }
};

} // namespace

void addContractReshapeRules(RewritePatternSet &patterns) { patterns.add<ContractOfReshape>(patterns.getContext()); }

} // namespace tenon

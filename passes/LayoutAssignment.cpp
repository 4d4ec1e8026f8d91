#include "passes/LayoutAssignment.h"
#include "ir/Constant.h"
#include "passes/MinCut.h"
#include "passes/Permutations.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {

SmallVector<int64_t> DimGroups::permutation() const {
  SmallVector<int64_t> result;
  for (int64_t d = 0, e = rank(); d < e; ++d)
    if (d < batch || d >= batch + channels)
      result.push_back(d);
  for (int64_t d = batch; d < batch + channels; ++d)
    result.push_back(d);
  return result;
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// The groups that a reshape gives to `to`, if it mixes none of those of `from`.
static std::optional<DimGroups> regroup(ArrayRef<int64_t> from, DimGroups g, ArrayRef<int64_t> to) {
  if (llvm::is_contained(from, 0) || llvm::is_contained(to, 0))
    return std::nullopt;
  /// How many of `dims` to take for a product: as many as before if that is right, else as few as possible.
  auto take = [](ArrayRef<int64_t> dims, int64_t wanted, unsigned before, bool back) -> std::optional<unsigned> {
    auto part = [&](unsigned n) { return back ? dims.take_back(n) : dims.take_front(n); };
    if (before <= dims.size() && product(part(before)) == wanted)
      return before;
    for (unsigned n = 1; n <= dims.size(); ++n)
      if (product(part(n)) == wanted)
        return n;
    return std::nullopt;
  };
  auto batch = take(to, product(from.take_front(g.batch)), g.batch, /*back=*/false);
  if (!batch)
    return std::nullopt;
  ArrayRef<int64_t> rest = to.drop_front(*batch);
  auto spatial = take(rest, product(from.take_back(g.spatial)), g.spatial, /*back=*/true);
  if (!spatial || rest.size() == *spatial)
    return std::nullopt;
  return DimGroups{*batch, static_cast<unsigned>(rest.size() - *spatial), *spatial};
}

static bool isStatic(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type && type.hasStaticShape();
}

/// Whether `op` can give its result in the order of `g`, its operands following.
static bool canFollow(Operation *op, DimGroups g) {
  auto layout = dyn_cast<LayoutOpInterface>(op);
  return layout && op->getNumRegions() == 0 && isStatic(op->getResult(0)) &&
         shapeOf(op->getResult(0)).size() == g.rank() && layout.canPermute(g.permutation());
}

static bool followsWithSameRank(OpOperand &use) {
  Operation *op = use.getOwner();
  auto layout = dyn_cast<LayoutOpInterface>(op);
  return layout && layout.followsLayout(use.getOperandNumber()) &&
         shapeOf(use.get()).size() == shapeOf(op->getResult(0)).size();
}

void LayoutAssignment::assign(Value v, DimGroups g) {
  if (isConstant(v) || !isStatic(v) || shapeOf(v).size() != g.rank() || !groups.try_emplace(v, g).second)
    return;
  worklist.push_back(v);
}

void LayoutAssignment::spreadFromDefinition(Value v) {
  DimGroups g = groups.lookup(v);
  Operation *op = v.getDefiningOp();
  if (!op)
    return;
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    if (auto source = regroup(shapeOf(v), g, shapeOf(reshape.getOperand())))
      assign(reshape.getOperand(), *source);
    return;
  }
  if (canFollow(op, g))
    for (OpOperand &operand : op->getOpOperands())
      if (followsWithSameRank(operand))
        assign(operand.get(), g);
}

void LayoutAssignment::spreadToUser(OpOperand &use) {
  DimGroups g = groups.lookup(use.get());
  Operation *user = use.getOwner();
  if (auto reshape = dyn_cast<ReshapeOp>(user)) {
    if (auto target = regroup(shapeOf(use.get()), g, shapeOf(reshape)))
      assign(reshape, *target);
    return;
  }
  if (canFollow(user, g) && followsWithSameRank(use))
    assign(user->getResult(0), g);
}

/// From the convolutions through everything that can follow them.
void LayoutAssignment::propagateGroups(func::FuncOp function) {
  function.walk([&](ConvOp conv) {
    DimGroups g = {1, 1, static_cast<unsigned>(conv.getSpatialRank())};
    if (conv.getChannelsLast() || !canFollow(conv, g))
      return;
    assign(conv.getInput(), g);
    assign(conv, g);
  });
  while (!worklist.empty()) {
    Value v = worklist.pop_back_val();
    spreadFromDefinition(v);
    for (OpOperand &use : v.getUses())
      spreadToUser(use);
  }
}

bool LayoutAssignment::operandFollows(Operation *op, unsigned i) const {
  Value result = op->getResult(0), operand = op->getOperand(i);
  auto wanted = groups.find(result), own = groups.find(operand);
  if (wanted == groups.end() || own == groups.end())
    return false;
  if (isa<ReshapeOp>(op)) {
    auto target = regroup(shapeOf(operand), own->second, shapeOf(result));
    return target && *target == wanted->second;
  }
  return followsWithSameRank(op->getOpOperand(i)) && own->second == wanted->second;
}

//===----------------------------------------------------------------------===//
// Cut
//===----------------------------------------------------------------------===//

static int64_t transposeCost(Value v, ArrayRef<int64_t> permutation) {
  auto type = cast<RankedTensorType>(v.getType());
  if (movesOnlyUnits(type.getShape(), permutation))
    return 0;
  return product(type.getShape()) * elementBytes(type.getElementType());
}

/// Builds the graph that MinCut solves: the source's side is channels-last.
class CutBuilder {
public:
  CutBuilder(LayoutAssignment &assignment) : assignment(assignment) {}

  void run() {
    for (auto &[v, g] : assignment.groups)
      order.push_back(v);
    for (Value v : order)
      addNode(v);
    for (Value v : order)
      addValue(v);
    SmallVector<bool> side = graph.solve();
    for (auto &[v, node] : nodes)
      if (side[node])
        assignment.last.insert(v);
  }

private:
  /// Transposes and contractions take operands in any order and give their result in any.
  static bool isFree(Operation *op) { return isa<TransposeOp, ContractOp>(op); }

  void addNode(Value v) {
    Operation *op = v.getDefiningOp();
    DimGroups g = assignment.groups.lookup(v);
    bool regrouped = op && isa<ReshapeOp>(op) && assignment.operandFollows(op, 0);
    if (!op || !(regrouped || isFree(op) || canFollow(op, g)))
      return;
    unsigned node = graph.addNode();
    nodes[v] = node;
    if (isa<ConvOp>(op))
      graph.addEdge(MinCut::source, node, MinCut::unlimited);
    if (auto transpose = dyn_cast<TransposeOp>(op)) {
      SmallVector<int64_t> combined = composePermutations(transpose.getPermutation(), g.permutation());
      if (movesOnlyUnits(shapeOf(transpose.getOperand()), combined))
        graph.addEdge(MinCut::source, node, transposeCost(v, g.permutation()));
    }
    addOperandsOfOtherOrder(op, node);
  }

  /// Operands that the order does not reach are transposed if the operation changes its order.
  void addOperandsOfOtherOrder(Operation *op, unsigned node) {
    auto layout = dyn_cast<LayoutOpInterface>(op);
    if (!layout)
      return;
    SmallVector<int64_t> permutation = assignment.groups.lookup(op->getResult(0)).permutation();
    for (OpOperand &operand : op->getOpOperands()) {
      unsigned i = operand.getOperandNumber();
      if (!layout.followsLayout(i) || isConstant(operand.get()) || assignment.operandFollows(op, i))
        continue;
      SmallVector<int64_t> shape(permutation.size() - shapeOf(operand.get()).size(), 1);
      llvm::append_range(shape, shapeOf(operand.get()));
      if (!movesOnlyUnits(shape, permutation))
        graph.addEdge(node, MinCut::sink, product(shape) * elementBytes(getElementTypeOrSelf(operand.get().getType())));
    }
  }

  /// The node that says in which order a use reads its operand.
  unsigned reader(OpOperand &use) {
    Operation *op = use.getOwner();
    if (op->getNumResults() == 1) {
      auto found = nodes.find(op->getResult(0));
      if (found != nodes.end() && assignment.operandFollows(op, use.getOperandNumber()))
        return found->second;
    }
    return MinCut::sink;
  }

  /// A value is transposed once if any of its readers wants the other order.
  void addValue(Value v) {
    SmallVector<int64_t> permutation = assignment.groups.lookup(v).permutation();
    int64_t cost = transposeCost(v, permutation);
    if (cost == 0)
      return;
    unsigned producer = nodes.contains(v) ? nodes[v] : MinCut::sink;
    unsigned leave = graph.addNode(), enter = graph.addNode();
    graph.addEdge(producer, leave, cost);
    graph.addEdge(enter, producer, cost);
    for (OpOperand &use : v.getUses()) {
      if (auto transpose = dyn_cast<TransposeOp>(use.getOwner())) {
        auto combined = composePermutations(invertPermutation(permutation), transpose.getPermutation());
        if (movesOnlyUnits(permuteList(shapeOf(v), permutation), combined))
          graph.addEdge(MinCut::source, enter, MinCut::unlimited);
        continue;
      }
      if (isFree(use.getOwner()))
        continue;
      unsigned end = reader(use);
      graph.addEdge(leave, end, MinCut::unlimited);
      graph.addEdge(end, enter, MinCut::unlimited);
    }
  }

  LayoutAssignment &assignment;
  SmallVector<Value> order;
  llvm::DenseMap<Value, unsigned> nodes;
  MinCut graph;
};

LayoutAssignment::LayoutAssignment(func::FuncOp function) {
  propagateGroups(function);
  if (!groups.empty())
    CutBuilder(*this).run();
}

} // namespace tenon

#include "passes/FuseRules.h"

using namespace mlir;

namespace tenon {

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

bool isContraction(Operation *op) { return isa<tn::ContractOp, tn::ConvOp, tn::WinogradConvOp>(op); }

bool isRowReduction(Operation *op) {
  ArrayRef<int64_t> axes;
  int64_t softmaxAxis;
  if (auto reduce = dyn_cast<tn::ReduceOp>(op)) {
    if (reduce.getKind() == tn::ReduceKind::ArgMax || reduce.getKind() == tn::ReduceKind::ArgMin)
      return false;
    axes = reduce.getAxes();
  } else if (auto normalize = dyn_cast<tn::NormalizeOp>(op)) {
    axes = normalize.getAxes();
  } else if (auto softmax = dyn_cast<tn::SoftmaxOp>(op)) {
    softmaxAxis = softmax.getAxis();
    axes = softmaxAxis;
  }
  int64_t rank = op->getNumOperands() ? typeOf(op->getOperand(0)).getRank() : 0;
  return !axes.empty() && axes.back() == rank - 1 && axes.front() == rank - static_cast<int64_t>(axes.size());
}

bool isPointwise(Operation *op) {
  return isa<tn::ElementwiseOpInterface, tn::TransposeOp, tn::SliceOp, tn::ConcatOp, tn::PadOp, tn::BroadcastOp>(op);
}

bool repeatsWork(Operation *reader, Value operand) {
  return isa<tn::BroadcastOp>(reader) ||
         typeOf(operand).getNumElements() < typeOf(reader->getResult(0)).getNumElements();
}

bool FuseGroups::dependsOn(Value v, unsigned g) const {
  SmallVector<Value> work = {v};
  llvm::DenseSet<Operation *> seen;
  while (!work.empty()) {
    Operation *op = work.pop_back_val().getDefiningOp();
    if (!op || !seen.insert(op).second)
      continue;
    if (groups[g].contains(op))
      return true;
    auto it = groupOf.find(op);
    if (it != groupOf.end())
      for (Operation *member : groups[it->second])
        llvm::append_range(work, member->getOperands());
    llvm::append_range(work, op->getOperands());
  }
  return false;
}

} // namespace tenon

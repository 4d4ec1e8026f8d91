#include "codegen/common/BodyWalk.h"

using namespace mlir;

namespace tenon::codegen {

static constexpr int kMostVisits = 200;
static constexpr int64_t kMostSegments = 8; ///< at either side of a window's operand

static ArrayRef<int64_t> shapeOf(Value v) { return cast<RankedTensorType>(v.getType()).getShape(); }

void BodyWalk::visit(Value v) {
  Mapping at;
  for (int64_t d = 0; d < static_cast<int64_t>(shape.size()); ++d)
    at.push_back({d, 0});
  visit(v, at);
}

void BodyWalk::visit(Value v, const Mapping &at) {
  Operation *op = v.getDefiningOp();
  if (++visits > kMostVisits)
    isComplete = false;
  else if (!op)
    countAccess(v, at);
  else if (isa<tn::ElementwiseOpInterface, tn::BroadcastOp>(op))
    for (Value operand : op->getOperands())
      visit(operand, aligned(operand, at));
  else if (auto transpose = dyn_cast<tn::TransposeOp>(op))
    visitTranspose(transpose, at);
  else if (auto pad = dyn_cast<tn::PadOp>(op))
    visitPad(pad, at);
  else if (auto concat = dyn_cast<tn::ConcatOp>(op))
    visitConcat(concat, at);
  else if (auto slice = dyn_cast<tn::SliceOp>(op))
    visitSlice(slice, at);
  else if (auto reshape = dyn_cast<tn::ReshapeOp>(op))
    visitReshape(reshape, at);
  else if (auto pack = dyn_cast<tn::PackOp>(op); pack && !pack.getOperand().getDefiningOp())
    visitPack(pack, at);
  else if (!isa<tn::ConstantOp>(op))
    visitOther(op, at);
}

void BodyWalk::countAccess(Value v, const Mapping &at) {
  ArrayRef<int64_t> sizes = shapeOf(v);
  for (size_t d = sizes.size(); d-- > 0;)
    if (sizes[d] != 1) {
      if (at[d].dim >= 0)
        contiguous[at[d].dim] += product(sizes);
      return;
    }
}

BodyWalk::Mapping BodyWalk::aligned(Value operand, ArrayRef<Follows> at) {
  Mapping result(at.take_back(shapeOf(operand).size()));
  for (auto [d, size] : llvm::enumerate(shapeOf(operand)))
    if (size == 1)
      result[d] = {};
  return result;
}

/// Conditions on a tensor's dimension change at `position` of it.
void BodyWalk::addBreak(const Follows &at, int64_t position) {
  int64_t here = position - at.offset;
  if (at.dim >= 0 && here > 0 && here < shape[at.dim])
    breaks[at.dim].push_back(here);
}

void BodyWalk::visitTranspose(tn::TransposeOp op, const Mapping &at) {
  Mapping source(at.size());
  for (auto [d, p] : llvm::enumerate(op.getPermutation()))
    source[p] = at[d];
  visit(op.getOperand(), source);
}

void BodyWalk::visitPad(tn::PadOp op, Mapping at) {
  for (auto [d, follows] : llvm::enumerate(at)) {
    int64_t low = op.getLow()[d];
    if (low == 0 && op.getHigh()[d] == 0)
      continue;
    addBreak(follows, low);
    addBreak(follows, low + op.getOperand().getType().getDimSize(d));
    follows.offset -= low;
  }
  visit(op.getOperand(), at);
}

void BodyWalk::visitConcat(tn::ConcatOp op, const Mapping &at) {
  int64_t start = 0, axis = op.getAxis();
  for (Value operand : op.getOperands()) {
    addBreak(at[axis], start);
    Mapping source(at);
    source[axis].offset -= start;
    visit(operand, source);
    start += shapeOf(operand)[axis];
  }
}

void BodyWalk::visitSlice(tn::SliceOp op, Mapping at) {
  for (auto [d, follows] : llvm::enumerate(at)) {
    if (op.getStrides()[d] == 1)
      follows.offset += op.getOffsets()[d];
    else
      follows = {};
  }
  visit(op.getOperand(), at);
}

/// Trailing dimensions that agree are passed on.
void BodyWalk::visitReshape(tn::ReshapeOp op, const Mapping &at) {
  ArrayRef<int64_t> from = shapeOf(op.getOperand()), to = shapeOf(op.getResult());
  Mapping source(from.size());
  for (size_t i = 1; i <= std::min(from.size(), to.size()) && from[from.size() - i] == to[to.size() - i]; ++i)
    source[from.size() - i] = at[to.size() - i];
  visit(op.getOperand(), source);
}

/// Batch, K if it is one dimension, and N within a panel.
void BodyWalk::visitPack(tn::PackOp op, const Mapping &at) {
  Mapping source(shapeOf(op.getOperand()).size());
  for (auto [d, follows] : llvm::zip(op.getBatch(), at))
    source[d] = follows;
  if (op.getK().size() == 1)
    source[op.getK()[0]] = at[at.size() - 2];
  source[op.getN().back()] = at.back();
  countAccess(op.getOperand(), source);
}

void BodyWalk::visitOther(Operation *op, const Mapping &at) {
  isComplete = false;
  if (auto reduce = dyn_cast<tn::ReduceOp>(op))
    for (int64_t axis : reduce.getAxes())
      taps *= shapeOf(reduce.getOperand())[axis];
  auto window = dyn_cast<tn::WindowOp>(op);
  if (!window)
    return;
  for (auto [d, follows] : llvm::enumerate(at)) {
    int64_t size = window.getSizes()[d], stride = window.getStrides()[d], low = window.getLow()[d];
    taps *= size;
    if (low == 0 && window.getHigh()[d] == 0)
      continue;
    // Every position whose window leaves the operand is a segment of its own, as long as there are few.
    int64_t reach = (size - 1) * window.getDilations()[d];
    int64_t room = shapeOf(window.getOperand())[d] - 1 - reach + low;
    int64_t first = llvm::divideCeil(low, stride), behind = room < 0 ? 0 : room / stride + 1;
    for (int64_t i = 0; i <= std::min(first, kMostSegments); ++i)
      addBreak(follows, i);
    for (int64_t i = behind; i < std::min(behind + kMostSegments, window.getType().getDimSize(d)); ++i)
      addBreak(follows, i);
  }
}

} // namespace tenon::codegen

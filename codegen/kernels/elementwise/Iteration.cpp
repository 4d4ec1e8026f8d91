#include "codegen/kernels/elementwise/Iteration.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tenon::codegen {
namespace {

ArrayRef<int64_t> shapeOf(Value v) { return cast<RankedTensorType>(v.getType()).getShape(); }

/// True if the body is made of elementwise operations on tensors of one shape and on single elements, so that
/// the shape does not matter and one dimension will do.
bool isFlat(tn::KernelOp kernel) {
  if (kernel.isBufferForm())
    for (Type type : llvm::concat<const Type>(kernel.getInputs().getTypes(), kernel.getOutputs().getTypes()))
      if (!cast<MemRefType>(type).getLayout().isIdentity())
        return false;
  ArrayRef<int64_t> shape = shapeOf(kernel.getYield().getValues()[0]);
  auto fits = [&](Value v) { return shapeOf(v) == shape || cast<RankedTensorType>(v.getType()).getNumElements() == 1; };
  if (!llvm::all_of(kernel.getBlock()->getArguments(), fits))
    return false;
  for (Operation &op : kernel.getBlock()->without_terminator())
    if (!isa<tn::ElementwiseOpInterface, tn::ConstantOp>(op) || !llvm::all_of(op.getResults(), fits))
      return false;
  return llvm::all_of(kernel.getYield().getValues(), [&](Value v) { return shapeOf(v) == shape; });
}

/// A tensor's dimension is `offset` positions behind a dimension of the iteration space; -1: it follows none.
struct Follows {
  int64_t dim = -1, offset = 0;
};
using Mapping = SmallVector<Follows>;

/// Follows the iteration space from the yielded values to the inputs.
class BodyWalk {
public:
  BodyWalk(ArrayRef<int64_t> shape, SmallVector<SmallVector<int64_t>> &breaks) : shape(shape), breaks(breaks) {}

  void visit(Value v, const Mapping &at) {
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
    else if (!isa<tn::ConstantOp>(op))
      visitOther(op, at);
  }

  bool isComplete = true;                       ///< everything was understood
  int64_t taps = 1;                             ///< elements that a window or reduction reads for one of its result
  llvm::MapVector<int64_t, int64_t> contiguous; ///< elements of inputs that are contiguous along a dimension

private:
  static constexpr int kMostVisits = 200;

  void countAccess(Value v, const Mapping &at) {
    ArrayRef<int64_t> sizes = shapeOf(v);
    for (size_t d = sizes.size(); d-- > 0;)
      if (sizes[d] != 1) {
        if (at[d].dim >= 0)
          contiguous[at[d].dim] += product(sizes);
        return;
      }
  }

  static Mapping aligned(Value operand, ArrayRef<Follows> at) {
    Mapping result(at.take_back(shapeOf(operand).size()));
    for (auto [d, size] : llvm::enumerate(shapeOf(operand)))
      if (size == 1)
        result[d] = {};
    return result;
  }

  /// Conditions on a tensor's dimension change at `position` of it.
  void addBreak(const Follows &at, int64_t position) {
    int64_t here = position - at.offset;
    if (at.dim >= 0 && here > 0 && here < shape[at.dim])
      breaks[at.dim].push_back(here);
  }

  void visitTranspose(tn::TransposeOp op, const Mapping &at) {
    Mapping source(at.size());
    for (auto [d, p] : llvm::enumerate(op.getPermutation()))
      source[p] = at[d];
    visit(op.getOperand(), source);
  }

  void visitPad(tn::PadOp op, Mapping at) {
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

  void visitConcat(tn::ConcatOp op, const Mapping &at) {
    int64_t start = 0, axis = op.getAxis();
    for (Value operand : op.getOperands()) {
      addBreak(at[axis], start);
      Mapping source(at);
      source[axis].offset -= start;
      visit(operand, source);
      start += shapeOf(operand)[axis];
    }
  }

  void visitSlice(tn::SliceOp op, Mapping at) {
    for (auto [d, follows] : llvm::enumerate(at)) {
      if (op.getStrides()[d] == 1)
        follows.offset += op.getOffsets()[d];
      else
        follows = {};
    }
    visit(op.getOperand(), at);
  }

  /// Trailing dimensions that agree are passed on.
  void visitReshape(tn::ReshapeOp op, const Mapping &at) {
    ArrayRef<int64_t> from = shapeOf(op.getOperand()), to = shapeOf(op.getResult());
    Mapping source(from.size());
    for (size_t i = 1; i <= std::min(from.size(), to.size()) && from[from.size() - i] == to[to.size() - i]; ++i)
      source[from.size() - i] = at[to.size() - i];
    visit(op.getOperand(), source);
  }

  void visitOther(Operation *op, const Mapping &at) {
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

  static constexpr int64_t kMostSegments = 8;
  ArrayRef<int64_t> shape;
  SmallVector<SmallVector<int64_t>> &breaks;
  int visits = 0;
};

} // namespace

Iteration::Iteration(tn::KernelOp kernel, int64_t targetLanes) : flat(isFlat(kernel)) {
  auto type = cast<RankedTensorType>(kernel.getYield().getValues()[0].getType());
  if (flat)
    shape = {type.getNumElements()};
  else
    shape.assign(type.getShape().begin(), type.getShape().end());
  if (shape.empty())
    shape.push_back(1);
  breaks.resize(shape.size());
  if (shape.size() > 1)
    rowDim = lastDim() - 1;
  if (!flat && type.getRank() > 0)
    chooseVectors(kernel, targetLanes);
  // Each segment is code of its own; dimensions inside are worth most.
  constexpr size_t kMostCopies = 27;
  size_t copies = 1;
  for (int64_t d = lastDim(); d >= 0; --d) {
    SmallVector<int64_t> &at = breaks[d];
    at.push_back(0);
    at.push_back(shape[d]);
    llvm::sort(at);
    at.erase(llvm::unique(at), at.end());
    if (copies * (at.size() - 1) > kMostCopies)
      at = {0, shape[d]};
    copies *= at.size() - 1;
  }
}

void Iteration::chooseVectors(tn::KernelOp kernel, int64_t lanes) {
  BodyWalk walk(shape, breaks);
  Mapping at;
  for (int64_t d = 0; d < static_cast<int64_t>(shape.size()); ++d)
    at.push_back({d, 0});
  for (Value v : kernel.getYield().getValues())
    walk.visit(v, at);
  work = walk.taps;
  if (!walk.isComplete || shape.size() < 2 || lanes == 1)
    return;
  int64_t best = lastDim();
  for (auto [dim, elements] : walk.contiguous)
    if (elements > walk.contiguous.lookup(best))
      best = dim;
  if (best == lastDim() || shape[best] < lanes)
    return;
  // Short rows are interleaved, which needs them beside each other in memory.
  if (last() < lanes && best != lastDim() - 1)
    return;
  turned = true;
  rowDim = best;
}

} // namespace tenon::codegen

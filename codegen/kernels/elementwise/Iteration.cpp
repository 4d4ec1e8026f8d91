#include "codegen/kernels/elementwise/Iteration.h"
#include "codegen/common/BodyWalk.h"

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
  for (Value v : kernel.getYield().getValues())
    walk.visit(v);
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

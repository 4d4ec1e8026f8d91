//===- Elementwise.cpp - Broadcasting, type inference and evaluation -----===//
#include "ir/ops/Elementwise.h"
#include "ir/Constant.h"
#include "ir/Dialect.h"
#include "ir/ops/Indexing.h"
#include <cmath>

using namespace mlir;

namespace tenon::tn {

std::optional<SmallVector<int64_t>> broadcastShapes(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  SmallVector<int64_t> result(a);
  size_t shift = a.size() - b.size();
  for (size_t d = 0; d < b.size(); ++d) {
    int64_t x = a[d + shift], y = b[d];
    if (x == y || y == 1)
      continue;
    if (x != 1)
      return std::nullopt;
    result[d + shift] = y;
  }
  return result;
}

SmallVector<int64_t> broadcastStrides(ArrayRef<int64_t> shape, ArrayRef<int64_t> outer) {
  SmallVector<int64_t> own = rowMajorStrides(shape);
  SmallVector<int64_t> strides(outer.size(), 0);
  size_t shift = outer.size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d)
    strides[d + shift] = shape[d] == 1 ? 0 : own[d];
  return strides;
}

static FailureOr<SmallVector<int64_t>> inferShape(std::optional<Location> location, ValueRange operands,
                                                  unsigned first) {
  SmallVector<int64_t> shape;
  Type element = cast<RankedTensorType>(operands[first].getType()).getElementType();
  for (auto [i, operand] : llvm::enumerate(operands)) {
    auto type = cast<RankedTensorType>(operand.getType());
    if (i >= first && type.getElementType() != element)
      return LogicalResult(inferError(location, "elementwise_c1: operands have different element types"));
    auto merged = broadcastShapes(shape, type.getShape());
    if (!merged)
      return LogicalResult(inferError(location, "elementwise_c2: operand shapes do not broadcast"));
    shape = *merged;
  }
  return shape;
}

LogicalResult inferElementwise(MLIRContext *, std::optional<Location> location, ValueRange operands,
                               SmallVectorImpl<Type> &types, unsigned first) {
  auto shape = inferShape(location, operands, first);
  if (failed(shape))
    return failure();
  types.push_back(RankedTensorType::get(*shape, cast<RankedTensorType>(operands[first].getType()).getElementType()));
  return success();
}

LogicalResult inferComparison(MLIRContext *context, std::optional<Location> location, ValueRange operands,
                              SmallVectorImpl<Type> &types) {
  auto shape = inferShape(location, operands, 0);
  if (failed(shape))
    return failure();
  types.push_back(RankedTensorType::get(*shape, IntegerType::get(context, 1)));
  return success();
}

LogicalResult evaluateElementwise(Operation *op, ArrayRef<Tensor> inputs, Tensor &output) {
  auto elementwise = cast<ElementwiseOpInterface>(op);
  SmallVector<SmallVector<int64_t>> strides;
  for (const Tensor &input : inputs)
    strides.push_back(broadcastStrides(input.getShape(), output.getShape()));
  int64_t position = 0;
  SmallVector<Scalar> operands(inputs.size());
  forEachPosition(output.getShape(), strides, [&](ArrayRef<int64_t> positions) {
    for (size_t i = 0; i < inputs.size(); ++i)
      operands[i] = inputs[i].get(positions[i]);
    output.set(position++, elementwise.evaluateScalar(operands));
  });
  return success();
}

uint64_t elementwiseFlops(Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return isa<FloatType>(type.getElementType()) && type.hasStaticShape() ? type.getNumElements() : 0;
}

LogicalResult CastOp::verify() {
  if (getOperand().getType().getShape() != getType().getShape())
    return emitOpError("cast_c1: operand and result have different shapes");
  return success();
}

LogicalResult CastOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  return evaluateElementwise(*this, inputs, outputs[0]);
}

uint64_t CastOp::getFlops() { return 0; }

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getOperand().getType() == getType() ? OpFoldResult(getOperand()) : OpFoldResult();
}

} // namespace tenon::tn

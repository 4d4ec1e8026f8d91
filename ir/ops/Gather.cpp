//===- Gather.cpp - Elements picked by index -----------------------------===//
#include "ir/Dialect.h"
#include "ir/ops/Indexing.h"
#include <algorithm>
#include <cstring>

using namespace mlir;
using namespace tenon;
using namespace tenon::tn;

/// An index as it counts from the front, or -1 if it is outside.
static int64_t resolveIndex(int64_t index, int64_t size) {
  if (index < 0)
    index += size;
  return index >= 0 && index < size ? index : -1;
}

static RankedTensorType tensorType(Value v) { return cast<RankedTensorType>(v.getType()); }

LogicalResult GatherOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getOperand()), indices = tensorType(adaptor.getIndices());
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= type.getRank() || !indices.getElementType().isInteger())
    return inferError(location, "gather_c1: axis is not a dimension, or indices are not integers");
  SmallVector<int64_t> shape(type.getShape().take_front(axis));
  llvm::append_range(shape, indices.getShape());
  llvm::append_range(shape, type.getShape().drop_front(axis + 1));
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

LogicalResult GatherOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  ArrayRef<int64_t> shape = inputs[0].getShape();
  int64_t axis = getAxis(), size = elementBytes(getType().getElementType());
  int64_t outer = product(shape.take_front(axis)), inner = product(shape.drop_front(axis + 1)) * size;
  int64_t count = inputs[1].getNumElements();
  char *out = outputs[0].getMutableData();
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < count; ++i, out += inner) {
      int64_t index = resolveIndex(inputs[1].get(i).i, shape[axis]);
      if (index < 0)
        std::memset(out, 0, inner);
      else
        std::copy_n(inputs[0].getData() + (o * shape[axis] + index) * inner, inner, out);
    }
  return success();
}

LogicalResult GatherElementsOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                                 SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getOperand()), indices = tensorType(adaptor.getIndices());
  int64_t axis = adaptor.getAxis();
  bool fits =
      axis >= 0 && axis < type.getRank() && indices.getRank() == type.getRank() && indices.getElementType().isInteger();
  for (int64_t d = 0; fits && d < type.getRank(); ++d)
    fits = d == axis || indices.getDimSize(d) <= type.getDimSize(d);
  if (!fits)
    return inferError(location, "gather_elements_c1: indices do not fit the operand");
  types.push_back(RankedTensorType::get(indices.getShape(), type.getElementType()));
  return success();
}

LogicalResult GatherElementsOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  SmallVector<int64_t> strides = rowMajorStrides(inputs[0].getShape());
  int64_t axis = getAxis(), position = 0, axisStride = strides[axis], size = elementBytes(getType().getElementType());
  strides[axis] = 0;
  forEachPosition(outputs[0].getShape(), {strides}, [&](ArrayRef<int64_t> p) {
    int64_t index = resolveIndex(inputs[1].get(position).i, inputs[0].getShape()[axis]);
    char *out = outputs[0].getMutableData() + position++ * size;
    if (index < 0)
      std::memset(out, 0, size);
    else
      std::memcpy(out, inputs[0].getData() + (p[0] + index * axisStride) * size, size);
  });
  return success();
}

LogicalResult GatherNdOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getOperand()), indices = tensorType(adaptor.getIndices());
  int64_t batch = adaptor.getBatchDims();
  bool fits = indices.getRank() >= 1 && batch >= 0 && batch < indices.getRank() && indices.getElementType().isInteger();
  int64_t tuple = fits ? indices.getShape().back() : 0;
  fits &= batch + tuple <= type.getRank() && type.getShape().take_front(batch) == indices.getShape().take_front(batch);
  if (!fits)
    return inferError(location, "gather_nd_c1: index tuples do not fit the operand");
  SmallVector<int64_t> shape(indices.getShape().drop_back());
  llvm::append_range(shape, type.getShape().drop_front(batch + tuple));
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

LogicalResult GatherNdOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  ArrayRef<int64_t> shape = inputs[0].getShape();
  int64_t batch = getBatchDims(), tuple = inputs[1].getShape().back();
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  int64_t size = elementBytes(getType().getElementType());
  int64_t inner = product(shape.drop_front(batch + tuple)) * size;
  int64_t batchSize = product(shape.drop_front(batch));
  int64_t perBatch = product(inputs[1].getShape().drop_front(batch).drop_back());
  int64_t count = product(inputs[1].getShape().drop_back());
  for (int64_t i = 0; i < count; ++i) {
    int64_t source = perBatch ? i / perBatch * batchSize : 0;
    bool inside = true;
    for (int64_t t = 0; t < tuple; ++t) {
      int64_t index = resolveIndex(inputs[1].get(i * tuple + t).i, shape[batch + t]);
      inside &= index >= 0;
      source += index * strides[batch + t];
    }
    char *out = outputs[0].getMutableData() + i * inner;
    if (inside)
      std::copy_n(inputs[0].getData() + source * size, inner, out);
    else
      std::memset(out, 0, inner);
  }
  return success();
}

//===- Layout.cpp - Operations with their dimensions in another order ----===//
#include "ir/Dialect.h"
#include "ir/ops/Indexing.h"

using namespace mlir;
using namespace tenon::tn;

Operation *tenon::tn::clonePermuted(Operation *op, OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<int64_t> shape;
  for (int64_t p : permutation)
    shape.push_back(type.getDimSize(p));
  Operation *copy = op->cloneWithoutRegions();
  copy->setOperands(operands);
  copy->getResult(0).setType(RankedTensorType::get(shape, type.getElementType()));
  b.insert(copy);
  return copy;
}

/// Where dimension `dim` goes.
static int64_t position(ArrayRef<int64_t> permutation, int64_t dim) {
  return llvm::find(permutation, dim) - permutation.begin();
}

static SmallVector<int64_t> positions(ArrayRef<int64_t> permutation, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> result;
  for (int64_t dim : dims)
    result.push_back(position(permutation, dim));
  llvm::sort(result);
  return result;
}

/// A list with one entry per dimension, permuted.
static SmallVector<int64_t> permuteList(ArrayRef<int64_t> permutation, ArrayRef<int64_t> list) {
  SmallVector<int64_t> result;
  for (int64_t p : permutation)
    result.push_back(list[p]);
  return result;
}

template <typename Op> static Op rebuild(Op op, OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  return cast<Op>(clonePermuted(op, b, operands, permutation));
}

Value CastOp::permute(OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  return rebuild(*this, b, operands, permutation);
}

Value BroadcastOp::permute(OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  return rebuild(*this, b, operands, permutation);
}

Value IotaOp::permute(OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  IotaOp copy = rebuild(*this, b, operands, permutation);
  copy.setAxis(position(permutation, getAxis()));
  return copy;
}

Value SoftmaxOp::permute(OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  SoftmaxOp copy = rebuild(*this, b, operands, permutation);
  copy.setAxis(position(permutation, getAxis()));
  return copy;
}

Value NormalizeOp::permute(OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  NormalizeOp copy = rebuild(*this, b, operands, permutation);
  copy.setAxes(positions(permutation, getAxes()));
  return copy;
}

Value ReduceOp::permute(OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  ReduceOp copy = rebuild(*this, b, operands, permutation);
  copy.setAxes(positions(permutation, getAxes()));
  return copy;
}

Value WindowOp::permute(OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  WindowOp copy = rebuild(*this, b, operands, permutation);
  copy.setSizes(permuteList(permutation, getSizes()));
  copy.setStrides(permuteList(permutation, getStrides()));
  copy.setDilations(permuteList(permutation, getDilations()));
  copy.setLow(permuteList(permutation, getLow()));
  copy.setHigh(permuteList(permutation, getHigh()));
  return copy;
}

Value SliceOp::permute(OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  SliceOp copy = rebuild(*this, b, operands, permutation);
  copy.setOffsets(permuteList(permutation, getOffsets()));
  copy.setSizes(permuteList(permutation, getSizes()));
  copy.setStrides(permuteList(permutation, getStrides()));
  return copy;
}

Value ConcatOp::permute(OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  ConcatOp copy = rebuild(*this, b, operands, permutation);
  copy.setAxis(position(permutation, getAxis()));
  return copy;
}

Value PadOp::permute(OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  PadOp copy = rebuild(*this, b, operands, permutation);
  copy.setLow(permuteList(permutation, getLow()));
  copy.setHigh(permuteList(permutation, getHigh()));
  return copy;
}

/// With indices of one dimension, the result has the operand's dimensions.
bool GatherOp::canPermute(ArrayRef<int64_t>) { return getIndices().getType().getRank() == 1; }

bool GatherOp::followsLayout(unsigned operand) { return operand == 0; }

Value GatherOp::permute(OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  GatherOp copy = rebuild(*this, b, operands, permutation);
  copy.setAxis(position(permutation, getAxis()));
  return copy;
}

/// A convolution knows two layouts.
bool ConvOp::canPermute(ArrayRef<int64_t> permutation) {
  int64_t rank = getType().getRank();
  if (rank < 3 || permutation.front() != 0)
    return false;
  SmallVector<int64_t> other = {0};
  int64_t channel = getChannelDim();
  for (int64_t d = 1; d < rank; ++d)
    if (d != channel)
      other.push_back(d);
  other.insert(getChannelsLast() ? other.begin() + 1 : other.end(), channel);
  return permutation == ArrayRef<int64_t>(other);
}

bool ConvOp::followsLayout(unsigned operand) { return operand == 0; }

Value ConvOp::permute(OpBuilder &b, ValueRange operands, ArrayRef<int64_t> permutation) {
  ConvOp copy = rebuild(*this, b, operands, permutation);
  copy.setChannelsLast(!getChannelsLast());
  return copy;
}

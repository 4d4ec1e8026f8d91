#include "passes/Permutations.h"
#include "ir/Constant.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {

SmallVector<int64_t> invertPermutation(ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> inverse(permutation.size());
  for (auto [i, p] : llvm::enumerate(permutation))
    inverse[p] = i;
  return inverse;
}

SmallVector<int64_t> permuteList(ArrayRef<int64_t> list, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> result;
  for (int64_t p : permutation)
    result.push_back(list[p]);
  return result;
}

SmallVector<int64_t> composePermutations(ArrayRef<int64_t> first, ArrayRef<int64_t> second) {
  return permuteList(first, second);
}

bool movesOnlyUnits(ArrayRef<int64_t> shape, ArrayRef<int64_t> permutation) {
  int64_t previous = -1;
  for (int64_t p : permutation) {
    if (shape[p] == 1)
      continue;
    if (p < previous)
      return false;
    previous = p;
  }
  return true;
}

Value createTranspose(OpBuilder &b, Location loc, Value v, ArrayRef<int64_t> permutation) {
  if (llvm::is_sorted(permutation))
    return v;
  ArrayRef<int64_t> shape = shapeOf(v);
  if (movesOnlyUnits(shape, permutation))
    return createReshape(b, loc, v, permuteList(shape, permutation));
  return TransposeOp::create(b, loc, v, permutation);
}

Value createReshape(OpBuilder &b, Location loc, Value v, ArrayRef<int64_t> shape) {
  while (auto producer = v.getDefiningOp<ReshapeOp>())
    v = producer.getOperand();
  auto type = cast<RankedTensorType>(v.getType());
  if (type.getShape() == shape)
    return v;
  auto newType = RankedTensorType::get(shape, type.getElementType());
  if (auto constant = v.getDefiningOp<ConstantOp>()) {
    Attribute value = constant.getValue();
    if (auto dense = dyn_cast<DenseElementsAttr>(value))
      value = dense.reshape(newType);
    return ConstantOp::create(b, constant.getLoc(), newType, value);
  }
  return ReshapeOp::create(b, loc, newType, v);
}

Value extendRank(OpBuilder &b, Location loc, Value v, int64_t rank) {
  ArrayRef<int64_t> shape = shapeOf(v);
  SmallVector<int64_t> extended(rank - shape.size(), 1);
  extended.append(shape.begin(), shape.end());
  return createReshape(b, loc, v, extended);
}

std::optional<SmallVector<int64_t>> shapeOfFactor(ArrayRef<int64_t> factor, ArrayRef<int64_t> dims, int64_t rank) {
  SmallVector<int64_t> shape(rank, 1);
  size_t shift = dims.size() - factor.size();
  bool found = false;
  for (auto [d, size] : llvm::enumerate(factor)) {
    if (size == 1)
      continue;
    if (found || dims[d + shift] < 0)
      return std::nullopt;
    shape[dims[d + shift]] = size;
    found = true;
  }
  return shape;
}

bool isConstant(Value v) { return v.getDefiningOp<ConstantOp>() != nullptr; }

template <typename Op> static unsigned count(Operation *root) {
  unsigned result = 0;
  root->walk([&](Op op) { result += !isConstant(op.getOperand()); });
  return result;
}

unsigned countTransposes(Operation *root) { return count<TransposeOp>(root); }
unsigned countReshapes(Operation *root) { return count<ReshapeOp>(root); }

} // namespace tenon

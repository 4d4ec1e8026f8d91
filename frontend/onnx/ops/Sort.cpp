// TopK: every element counts those in front of it, every place of the result looks for the element that has
// its number.

#include "frontend/onnx/NodeImporter.h"
#include "ir/Constant.h"

using namespace mlir;

namespace tenon::onnx {

/// Sorting by counting compares every pair along the axis; beyond this it would take too long.
static constexpr int64_t maxComparisons = int64_t(1) << 34;

/// Whether `x` stands in front of `y` by its value: NaN counts as the greatest number.
static Value precedes(NodeImporter &n, Value x, Value y, bool largest) {
  if (!largest)
    std::swap(x, y);
  Value greater = n.emit<tn::CompareOp>(tn::Predicate::Gt, x, y);
  if (!x || !isFloat(x))
    return greater;
  Value isNumber = n.emit<tn::NotOp>(n.emit<tn::IsNanOp>(y));
  return n.emit<tn::OrOp>(greater, n.emit<tn::AndOp>(n.emit<tn::IsNanOp>(x), isNumber));
}

static LogicalResult importTopK(NodeImporter &n) {
  Value x = n.input(0);
  auto axis = n.axis(n.attrs.getInt("axis", -1), rankOf(x));
  auto count = n.ints("k", 1);
  bool largest = n.attrs.getInt("largest", 1);
  n.ignore("sorted");
  if (n.opset() < 10)
    count = SmallVector<int64_t>{n.attrs.getInt("k", 0)};
  if (!axis || !count)
    return failure();
  int64_t size = shapeOf(x)[*axis], k = count->size() == 1 ? (*count)[0] : -1;
  if (k < 0 || k > size)
    return n.malformed("k must be one number between 0 and the size of the axis");
  if (product(shapeOf(x)) > maxComparisons / std::max<int64_t>(1, size))
    return n.unsupported("sorting so large a tensor");
  Type i64 = n.getBuilder().getI64Type(), i32 = n.getBuilder().getI32Type();
  // Dimension `axis` counts the element that asks, the next one those that it is compared with.
  SmallVector<int64_t> first(shapeOf(x)), second(first), one(rankOf(x) + 1, 1);
  first.insert(first.begin() + *axis + 1, 1);
  second.insert(second.begin() + *axis, 1);
  auto along = [&](int64_t d, int64_t length, Type element) {
    SmallVector<int64_t> shape(one);
    shape[d] = length;
    return n.emitTyped<tn::IotaOp>(RankedTensorType::get(shape, element), static_cast<uint64_t>(d));
  };
  Value self = n.reshape(x, first), other = n.reshape(x, second);
  Value before = precedes(n, other, self, largest), after = precedes(n, self, other, largest);
  Value isTie = n.emit<tn::NotOp>(n.emit<tn::OrOp>(before, after));
  Value isEarlier = n.emit<tn::CompareOp>(tn::Predicate::Lt, along(*axis + 1, size, i32), along(*axis, size, i32));
  Value counts = n.emit<tn::OrOp>(before, n.emit<tn::AndOp>(isTie, isEarlier));
  Value place = n.reshape(n.reduce(tn::ReduceKind::Sum, n.cast(counts, i32), *axis + 1), second);
  Value isHere = n.emit<tn::CompareOp>(tn::Predicate::Eq, place, along(*axis, k, i32));
  Value number = n.emit<tn::SelectOp>(isHere, along(*axis + 1, size, i64), n.scalar(i64, 0));
  SmallVector<int64_t> shape(shapeOf(x));
  shape[*axis] = k;
  Value indices = n.reshape(n.reduce(tn::ReduceKind::Sum, number, *axis + 1), shape);
  return n.results({n.emit<tn::GatherElementsOp>(x, indices, static_cast<uint64_t>(*axis)), indices});
}

void registerSortOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"TopK", 1, 1, 2, importTopK},
  };
  registry.add(table);
}

} // namespace tenon::onnx

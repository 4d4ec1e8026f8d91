// Scatter, ScatterElements, ScatterND, TensorScatter: every element of the result looks for the updates that
// hit it.

#include "frontend/onnx/NodeImporter.h"
#include "ir/Constant.h"

using namespace mlir;

namespace tenon::onnx {

/// The search compares every position with every index; beyond this it would take too long.
static constexpr int64_t maxComparisons = int64_t(1) << 34;

/// Indices as i64, counted from the front.
static Value fromFront(NodeImporter &n, Value indices, int64_t size) {
  Type i64 = n.getBuilder().getI64Type();
  Value wide = n.cast(indices, i64);
  Value wrapped = n.emit<tn::AddOp>(wide, n.scalar(i64, static_cast<double>(size)));
  Value negative = n.emit<tn::CompareOp>(tn::Predicate::Lt, wide, n.scalar(i64, 0));
  return n.emit<tn::SelectOp>(negative, wrapped, wide);
}

/// The shape with `size` inserted in front of dimension `axis`.
static SmallVector<int64_t> inserted(ArrayRef<int64_t> shape, int64_t axis, int64_t size) {
  SmallVector<int64_t> result(shape);
  result.insert(result.begin() + axis, size);
  return result;
}

static Value combine(NodeImporter &n, StringRef how, Value data, Value update) {
  if (how == "add")
    return n.emit<tn::AddOp>(data, update);
  if (how == "mul")
    return n.emit<tn::MulOp>(data, update);
  return how == "max" ? n.emit<tn::MaxOp>(data, update) : n.emit<tn::MinOp>(data, update);
}

/// The updates that hit, reduced along `axis`, which counts them; the others are replaced by the neutral
/// element. For extrema that is the datum itself.
static Value reduceHits(NodeImporter &n, StringRef how, Value hits, Value updates, Value data, int64_t axis) {
  bool isExtremum = how == "max" || how == "min";
  Value neutral = isExtremum ? data : n.scalarLike(data, how == "mul" ? 1 : 0);
  Value chosen = n.emit<tn::SelectOp>(hits, updates, neutral);
  auto kind = how == "add"   ? tn::ReduceKind::Sum
              : how == "mul" ? tn::ReduceKind::Prod
              : how == "max" ? tn::ReduceKind::Max
                             : tn::ReduceKind::Min;
  return n.reduce(kind, chosen, axis);
}

static bool isReduction(StringRef how) { return how == "add" || how == "mul" || how == "max" || how == "min"; }

/// Data [.., size, ..], indices and updates [.., count, ..] along `axis`; the other dimensions agree.
static Value scatterAlong(NodeImporter &n, Value data, Value indices, Value updates, int64_t axis, StringRef how) {
  ArrayRef<int64_t> shape = shapeOf(data), picked = shapeOf(indices);
  int64_t size = shape[axis], count = picked[axis];
  if (count == 0 || product(shape) == 0)
    return data;
  Type i64 = n.getBuilder().getI64Type();
  // Dimension `axis` counts positions of the result, the next one updates.
  SmallVector<int64_t> positionShape(shape.size() + 1, 1), countShape(shape.size() + 1, 1);
  positionShape[axis] = size;
  countShape[axis + 1] = count;
  auto along = [&](ArrayRef<int64_t> type, int64_t d) {
    return n.emitTyped<tn::IotaOp>(RankedTensorType::get(type, i64), static_cast<uint64_t>(d));
  };
  Value hits = n.emit<tn::CompareOp>(tn::Predicate::Eq, n.reshape(indices, inserted(picked, axis, 1)),
                                     along(positionShape, axis));
  if (isReduction(how)) {
    Value reduced = reduceHits(n, how, hits, n.reshape(updates, inserted(picked, axis, 1)),
                               n.reshape(data, inserted(shape, axis + 1, 1)), axis + 1);
    return combine(n, how, data, n.reshape(reduced, shape));
  }
  // The last update that hits wins.
  Value number = n.emit<tn::SelectOp>(hits, along(countShape, axis + 1), n.scalar(i64, -1));
  Value last = n.reshape(n.reduce(tn::ReduceKind::Max, number, axis + 1), shape);
  Value isHit = n.emit<tn::CompareOp>(tn::Predicate::Ge, last, n.scalar(i64, 0));
  Value safe = n.emit<tn::MaxOp>(last, n.scalar(i64, 0));
  Value update = n.emit<tn::GatherElementsOp>(updates, safe, static_cast<uint64_t>(axis));
  return n.emit<tn::SelectOp>(isHit, update, data);
}

static LogicalResult tooLarge(NodeImporter &n) {
  return n.unsupported("a scatter of so many updates into so large a tensor");
}

static LogicalResult scatterElements(NodeImporter &n, StringRef how) {
  Value data = n.input(0), indices = n.input(1), updates = n.input(2);
  auto axis = n.axis(n.attrs.getInt("axis", 0), rankOf(data));
  if (!axis)
    return failure();
  if (rankOf(indices) != rankOf(data) || shapeOf(updates) != shapeOf(indices) || !elementOf(indices).isInteger())
    return n.malformed("data and indices must have one rank, indices and updates one shape");
  if (product(shapeOf(data)) > maxComparisons / std::max<int64_t>(1, shapeOf(indices)[*axis]))
    return tooLarge(n);
  indices = fromFront(n, indices, shapeOf(data)[*axis]);
  // Where indices has fewer rows than data, rows that hit nothing are added.
  SmallVector<int64_t> low(rankOf(data), 0), high(rankOf(data), 0);
  for (int64_t d = 0; d < rankOf(data); ++d)
    if (d != *axis) {
      high[d] = shapeOf(data)[d] - shapeOf(n.input(1))[d];
      if (high[d] < 0)
        return n.malformed("indices has more rows than data");
    }
  if (llvm::any_of(high, [](int64_t h) { return h != 0; })) {
    indices = n.emit<tn::PadOp>(indices, tn::PadMode::Constant, low, high, APFloat(-1.0));
    updates = n.emit<tn::PadOp>(updates, tn::PadMode::Constant, low, high, APFloat(0.0));
  }
  if (!indices || !updates)
    return failure();
  return n.result(scatterAlong(n, data, indices, updates, *axis, how));
}

static LogicalResult importScatterElements(NodeImporter &n) {
  return scatterElements(n, n.attrs.getString("reduction", "none"));
}

/// Index tuples [count, k] as positions [count] in the row-major order of the first k dimensions; -1 for
/// those outside.
static Value linearPositions(NodeImporter &n, Value tuples, ArrayRef<int64_t> dims) {
  Type i64 = n.getBuilder().getI64Type();
  int64_t count = shapeOf(tuples)[0];
  Value linear = n.intConstant(SmallVector<int64_t>(count, 0), {count}), inside;
  for (auto [d, size] : llvm::enumerate(dims)) {
    int64_t column = static_cast<int64_t>(d);
    Value index = fromFront(n, n.reshape(n.sliceAxis(tuples, 1, column, column + 1), {count}), size);
    Value above = n.emit<tn::CompareOp>(tn::Predicate::Ge, index, n.scalar(i64, 0));
    Value below = n.emit<tn::CompareOp>(tn::Predicate::Lt, index, n.scalar(i64, static_cast<double>(size)));
    Value here = n.emit<tn::AndOp>(above, below);
    inside = inside ? n.emit<tn::AndOp>(inside, here) : here;
    linear = n.emit<tn::AddOp>(n.emit<tn::MulOp>(linear, n.scalar(i64, static_cast<double>(size))), index);
  }
  return inside ? n.emit<tn::SelectOp>(inside, linear, n.scalar(i64, -1)) : linear;
}

static LogicalResult importScatterNd(NodeImporter &n) {
  Value data = n.input(0), indices = n.input(1), updates = n.input(2);
  std::string how = n.attrs.getString("reduction", "none");
  ArrayRef<int64_t> shape = shapeOf(data), picked = shapeOf(indices);
  int64_t tuple = picked.empty() ? 0 : picked.back();
  if (picked.empty() || tuple > rankOf(data) || !elementOf(indices).isInteger())
    return n.malformed("indices must be index tuples of data");
  SmallVector<int64_t> wanted(picked.drop_back());
  llvm::append_range(wanted, shape.drop_front(tuple));
  if (shapeOf(updates) != ArrayRef<int64_t>(wanted))
    return n.malformed("updates must have one slice of data per index tuple");
  int64_t rows = product(shape.take_front(tuple)), inner = product(shape.drop_front(tuple));
  int64_t count = product(picked.drop_back()), work = isReduction(how) ? rows * inner : rows;
  if (work > maxComparisons / std::max<int64_t>(1, count))
    return tooLarge(n);
  if (count == 0 || product(shape) == 0)
    return n.result(data);
  Value positions = linearPositions(n, n.reshape(indices, {count, tuple}), shape.take_front(tuple));
  Value flatData = n.reshape(data, {rows, inner}), flatUpdates = n.reshape(updates, {count, inner});
  if (isReduction(how)) {
    Value spread = n.broadcast(n.reshape(positions, {count, 1}), {count, inner});
    if (!spread)
      return failure();
    return n.result(n.reshape(scatterAlong(n, flatData, spread, flatUpdates, 0, how), shape));
  }
  // Which update each row takes is the same for all of its elements.
  Type i64 = n.getBuilder().getI64Type();
  SmallVector<int64_t> numbers;
  for (int64_t i = 0; i < count; ++i)
    numbers.push_back(i);
  if (!positions)
    return failure();
  Value none = n.splat(RankedTensorType::get({rows}, i64), -1);
  Value last = scatterAlong(n, none, positions, n.intConstant(numbers, {count}), 0, "none");
  Value isHit = n.emit<tn::CompareOp>(tn::Predicate::Ge, last, n.scalar(i64, 0));
  Value update = n.emit<tn::GatherOp>(flatUpdates, n.emit<tn::MaxOp>(last, n.scalar(i64, 0)), uint64_t(0));
  return n.result(n.reshape(n.emit<tn::SelectOp>(n.reshape(isHit, {rows, 1}), update, flatData), shape));
}

/// Updates of `length` steps go into the cache from write_indices[batch] on, modulo its length if circular.
static LogicalResult importTensorScatter(NodeImporter &n) {
  Value data = n.input(0), updates = n.input(1);
  auto axis = n.axis(n.attrs.getInt("axis", -2), rankOf(data));
  bool circular = n.attrs.getString("mode", "linear") == "circular";
  if (!axis)
    return failure();
  if (*axis == 0 || rankOf(updates) != rankOf(data))
    return n.malformed("axis must not be the batch, past_cache and update must have one rank");
  Type i64 = n.getBuilder().getI64Type();
  int64_t length = shapeOf(updates)[*axis], size = shapeOf(data)[*axis];
  SmallVector<int64_t> stepShape(rankOf(data), 1), batchShape(rankOf(data), 1);
  stepShape[*axis] = size;
  Value step = n.emitTyped<tn::IotaOp>(RankedTensorType::get(stepShape, i64), static_cast<uint64_t>(*axis));
  // Which update a step of the cache takes; those outside [0, length) take none.
  Value from = step;
  if (n.has(2)) {
    batchShape[0] = shapeOf(data)[0];
    from = n.emit<tn::SubOp>(step, n.reshape(n.cast(n.input(2), i64), batchShape));
  }
  if (circular)
    from = n.emit<tn::ModOp>(from, n.scalar(i64, static_cast<double>(size)));
  Value above = n.emit<tn::CompareOp>(tn::Predicate::Ge, from, n.scalar(i64, 0));
  Value below = n.emit<tn::CompareOp>(tn::Predicate::Lt, from, n.scalar(i64, static_cast<double>(length)));
  Value isHit = n.emit<tn::AndOp>(above, below);
  Value safe = n.broadcast(n.emit<tn::SelectOp>(isHit, from, n.scalar(i64, 0)), shapeOf(data));
  Value update = n.emit<tn::GatherElementsOp>(updates, safe, static_cast<uint64_t>(*axis));
  return n.result(n.emit<tn::SelectOp>(isHit, update, data));
}

void registerScatterOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"Scatter", 9, 3, 3, importScatterElements},
      {"ScatterElements", 11, 3, 3, importScatterElements},
      {"ScatterND", 11, 3, 3, importScatterNd},
      {"TensorScatter", 24, 2, 3, importTensorScatter},
  };
  registry.add(table);
}

} // namespace tenon::onnx

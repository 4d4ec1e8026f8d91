// Gather, GatherElements, GatherND, ReverseSequence.

#include "frontend/onnx/NodeImporter.h"
#include "ir/Constant.h"

using namespace mlir;

namespace tenon::onnx {

/// One constant index is a slice, which costs nothing or next to it.
static LogicalResult importGather(NodeImporter &n) {
  Value x = n.input(0), indices = n.input(1);
  auto axis = n.axis(n.attrs.getInt("axis", 0), rankOf(x));
  if (!axis)
    return failure();
  std::optional<SmallVector<int64_t>> known;
  if (rankOf(indices) == 0)
    known = tn::constantIntegers(indices);
  if (!known)
    return n.result(n.emit<tn::GatherOp>(x, indices, static_cast<uint64_t>(*axis)));
  int64_t size = shapeOf(x)[*axis], index = (*known)[0] < 0 ? (*known)[0] + size : (*known)[0];
  if (index < 0 || index >= size)
    return n.malformed("index " + Twine((*known)[0]) + " is outside dimension " + Twine(*axis) + " of size " +
                       Twine(size));
  SmallVector<int64_t> shape(shapeOf(x));
  shape.erase(shape.begin() + *axis);
  return n.result(n.reshape(n.sliceAxis(x, *axis, index, index + 1), shape));
}

static LogicalResult importGatherElements(NodeImporter &n) {
  auto axis = n.axis(n.attrs.getInt("axis", 0), rankOf(n.input(0)));
  if (!axis)
    return failure();
  return n.result(n.emit<tn::GatherElementsOp>(n.input(0), n.input(1), static_cast<uint64_t>(*axis)));
}

static LogicalResult importGatherNd(NodeImporter &n) {
  int64_t batch = n.attrs.getInt("batch_dims", 0);
  return n.result(n.emit<tn::GatherNdOp>(n.input(0), n.input(1), static_cast<uint64_t>(batch)));
}

/// Element t of a sequence of length l comes from l - 1 - t, or from t itself behind the end.
static LogicalResult importReverseSequence(NodeImporter &n) {
  Value x = n.input(0);
  int64_t batch = n.attrs.getInt("batch_axis", 1), time = n.attrs.getInt("time_axis", 0);
  if (rankOf(x) < 2 || batch < 0 || batch > 1 || time != 1 - batch || rankOf(n.input(1)) != 1)
    return n.malformed("batch_axis and time_axis must be 0 and 1 or 1 and 0");
  Type i64 = n.getBuilder().getI64Type();
  SmallVector<int64_t> lengthShape(rankOf(x), 1), timeShape(rankOf(x), 1);
  lengthShape[batch] = shapeOf(n.input(1))[0];
  timeShape[time] = shapeOf(x)[time];
  Value lengths = n.reshape(n.cast(n.input(1), i64), lengthShape);
  Value step = n.emitTyped<tn::IotaOp>(RankedTensorType::get(timeShape, i64), static_cast<uint64_t>(time));
  Value mirrored = n.emit<tn::SubOp>(n.emit<tn::SubOp>(lengths, n.scalar(i64, 1)), step);
  Value inside = n.emit<tn::CompareOp>(tn::Predicate::Lt, step, lengths);
  Value index = n.broadcast(n.emit<tn::SelectOp>(inside, mirrored, step), shapeOf(x));
  return n.result(n.emit<tn::GatherElementsOp>(x, index, static_cast<uint64_t>(time)));
}

void registerGatherOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"Gather", 1, 2, 2, importGather},
      {"GatherElements", 11, 2, 2, importGatherElements},
      {"GatherND", 11, 2, 2, importGatherNd},
      {"ReverseSequence", 10, 2, 2, importReverseSequence},
  };
  registry.add(table);
}

} // namespace tenon::onnx

// Operators that move elements: Transpose, Concat, Split, Slice, Pad, Tile, DepthToSpace, ...

#include "frontend/onnx/NodeImporter.h"
#include "ir/Constant.h"

using namespace mlir;

namespace tenon::onnx {

static LogicalResult importTranspose(NodeImporter &n) {
  SmallVector<int64_t> permutation = n.attributeInts("perm");
  if (!n.attrs.has("perm"))
    permutation = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, rankOf(n.input(0)))));
  return n.result(n.transpose(n.input(0), permutation));
}

static LogicalResult importConcat(NodeImporter &n) {
  if (llvm::is_contained(n.inputs(), Value()))
    return n.malformed("inputs must not be left out");
  if (!n.attrs.has("axis") && n.opset() >= 4)
    return n.attrs.require<int64_t>("axis"), failure();
  auto axis = n.axis(n.attrs.getInt("axis", 1), rankOf(n.input(0)));
  if (!axis)
    return failure();
  return n.result(n.emit<tn::ConcatOp>(ValueRange(n.inputs()), static_cast<uint64_t>(*axis)));
}

/// Sizes of the parts: given, or equal (from opset 18 on the last may be smaller).
static std::optional<SmallVector<int64_t>> splitSizes(NodeImporter &n, int64_t size) {
  auto given = n.ints("split", 1);
  int64_t count = n.attrs.getInt("num_outputs", n.node.outputs.size());
  if (!given)
    return std::nullopt;
  SmallVector<int64_t> sizes(*given);
  if (sizes.empty() && count > 0) {
    int64_t part = llvm::divideCeil(size, count), left = size;
    for (int64_t i = 0; i < count; ++i) {
      sizes.push_back(std::min(part, left));
      left -= sizes.back();
    }
  }
  int64_t sum = 0;
  bool valid = sizes.size() == n.node.outputs.size();
  for (int64_t s : sizes) {
    valid &= s >= 0 && s <= size;
    sum += valid ? s : 0;
  }
  if (valid && sum == size)
    return sizes;
  (void)n.malformed("the parts do not add up to the dimension's " + Twine(size) +
                    ", or their number is not that of "
                    "the outputs");
  return std::nullopt;
}

static LogicalResult importSplit(NodeImporter &n) {
  Value x = n.input(0);
  auto axis = n.axis(n.attrs.getInt("axis", 0), rankOf(x));
  if (!axis)
    return failure();
  auto sizes = splitSizes(n, shapeOf(x)[*axis]);
  if (!sizes)
    return failure();
  SmallVector<Value> parts;
  int64_t begin = 0;
  for (int64_t size : *sizes) {
    parts.push_back(n.sliceAxis(x, *axis, begin, begin + size));
    begin += size;
  }
  return n.results(parts);
}

static LogicalResult importSlice(NodeImporter &n) {
  Value x = n.input(0);
  auto starts = n.ints("starts", 1), ends = n.ints("ends", 2), given = n.ints("axes", 3);
  std::optional<SmallVector<int64_t>> steps = SmallVector<int64_t>();
  if (n.has(4))
    steps = n.constantInts(4, "steps");
  if (!starts || !ends || !given || !steps)
    return failure();
  if (given->empty() && !n.has(3))
    given = llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  if (steps->empty())
    steps->assign(starts->size(), 1);
  if (ends->size() != starts->size() || given->size() != starts->size() || steps->size() != starts->size())
    return n.malformed("starts, ends, axes and steps differ in length");
  if (!n.axes(*given, rankOf(x)))
    return failure();
  SmallVector<int64_t> offsets(rankOf(x), 0), sizes(shapeOf(x)), strides(rankOf(x), 1);
  for (auto [start, end, a, step] : llvm::zip(*starts, *ends, *given, *steps)) {
    int64_t axis = *n.axis(a, rankOf(x)), dim = shapeOf(x)[axis];
    if (step == 0 || step == INT64_MIN)
      return n.malformed("a step of slices must not be 0");
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? dim : dim - 1;
    int64_t begin = std::clamp(start < 0 ? start + dim : start, low, high);
    int64_t stop = std::clamp(end < 0 ? end + dim : end, low, high);
    int64_t span = step > 0 ? stop - begin : begin - stop;
    sizes[axis] = span <= 0 ? 0 : static_cast<int64_t>(llvm::divideCeil(uint64_t(span), uint64_t(std::abs(step))));
    offsets[axis] = sizes[axis] ? begin : 0;
    strides[axis] = sizes[axis] > 1 ? step : 1;
  }
  return n.result(n.emit<tn::SliceOp>(x, offsets, sizes, strides));
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

static std::optional<tn::PadMode> padMode(NodeImporter &n) {
  std::string name = n.attrs.getString("mode", "constant");
  auto mode = tn::symbolizePadMode(name);
  if (!mode)
    (void)n.malformed("mode must be constant, reflect, edge or wrap");
  return mode;
}

/// Crops where paddings are negative and pads where they are positive.
static Value emitPad(NodeImporter &n, Value x, tn::PadMode mode, ArrayRef<int64_t> pads, double value) {
  int64_t rank = rankOf(x);
  SmallVector<int64_t> offsets, sizes, low, high;
  for (int64_t d = 0; d < rank; ++d) {
    int64_t cropLow = std::max<int64_t>(0, -pads[d]), cropHigh = std::max<int64_t>(0, -pads[d + rank]);
    offsets.push_back(cropLow);
    sizes.push_back(shapeOf(x)[d] - cropLow - cropHigh);
    low.push_back(std::max<int64_t>(0, pads[d]));
    high.push_back(std::max<int64_t>(0, pads[d + rank]));
  }
  Value cropped = n.emit<tn::SliceOp>(x, offsets, sizes, SmallVector<int64_t>(rank, 1));
  return n.emit<tn::PadOp>(cropped, mode, low, high, llvm::APFloat(value));
}

static LogicalResult importPadAttributes(NodeImporter &n) {
  auto mode = padMode(n);
  SmallVector<int64_t> pads = n.attributeInts(n.opset() < 2 ? "paddings" : "pads");
  double value = n.attrs.getFloat("value", 0);
  if (!mode)
    return failure();
  if (static_cast<int64_t>(pads.size()) != 2 * rankOf(n.input(0)))
    return n.malformed("pads needs two entries per dimension");
  return n.result(emitPad(n, n.input(0), *mode, pads, value));
}

static LogicalResult importPad(NodeImporter &n) {
  auto mode = padMode(n);
  int64_t rank = rankOf(n.input(0));
  auto given = n.constantInts(1, "pads");
  std::optional<double> value = 0.0;
  bool isFixed = !n.has(2) || tn::constantValue(n.input(2));
  if (n.has(2) && isFixed)
    value = n.constantNumber(2, "constant_value");
  std::optional<SmallVector<int64_t>> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (n.has(3))
    axes = n.constantInts(3, "axes");
  if (!mode || !given || !value || !axes)
    return failure();
  if (given->size() != 2 * axes->size() || !n.axes(*axes, rank))
    return n.malformed("pads needs two entries per axis");
  SmallVector<int64_t> pads(2 * rank, 0);
  for (auto [i, a] : llvm::enumerate(*axes)) {
    int64_t axis = *n.axis(a, rank);
    pads[axis] = (*given)[i];
    pads[axis + rank] = (*given)[i + axes->size()];
  }
  Value padded = emitPad(n, n.input(0), *mode, pads, *value);
  if (isFixed || *mode != tn::PadMode::Constant)
    return n.result(padded);
  if (product(shapeOf(n.input(2))) != 1)
    return n.malformed("constant_value must have one element");
  Value inside = n.splat(typeOf(n.input(0)).clone(n.getBuilder().getI1Type()), 1);
  inside = emitPad(n, inside, *mode, pads, 0);
  return n.result(n.emit<tn::SelectOp>(inside, padded, n.reshape(n.input(2), {})));
}

/// Crops or pads the given axes around their centres.
static LogicalResult importCenterCropPad(NodeImporter &n) {
  Value x = n.input(0);
  auto wanted = n.constantInts(1, "shape");
  SmallVector<int64_t> axes = n.attributeInts("axes");
  if (!n.attrs.has("axes"))
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rankOf(x)));
  if (!wanted || !n.axes(axes, rankOf(x)))
    return failure();
  if (wanted->size() != axes.size())
    return n.malformed("shape needs one entry per axis");
  SmallVector<int64_t> pads(2 * rankOf(x), 0);
  for (auto [a, size] : llvm::zip(axes, *wanted)) {
    int64_t axis = *n.axis(a, rankOf(x)), difference = size - shapeOf(x)[axis];
    int64_t half = difference >= 0 ? difference / 2 : -(-difference / 2);
    pads[axis] = half;
    pads[axis + rankOf(x)] = difference - half;
  }
  return n.result(emitPad(n, x, tn::PadMode::Constant, pads, 0));
}

//===----------------------------------------------------------------------===//
// Tile, DepthToSpace, SpaceToDepth
//===----------------------------------------------------------------------===//

static Value tile(NodeImporter &n, Value x, ArrayRef<int64_t> repeats) {
  SmallVector<int64_t> split, spread, merged;
  for (auto [size, count] : llvm::zip(shapeOf(x), repeats)) {
    split.append({1, size});
    spread.append({count, size});
    merged.push_back(count * size);
  }
  return n.reshape(n.broadcast(n.reshape(x, split), spread), merged);
}

static LogicalResult importTile(NodeImporter &n) {
  auto repeats = n.constantInts(1, "repeats");
  if (!repeats)
    return failure();
  if (static_cast<int64_t>(repeats->size()) != rankOf(n.input(0)) ||
      llvm::any_of(*repeats, [](int64_t r) { return r < 0 || r > (int64_t(1) << 31); }))
    return n.malformed("repeats needs one non-negative entry per dimension");
  return n.result(tile(n, n.input(0), *repeats));
}

static LogicalResult importTileOneAxis(NodeImporter &n) {
  auto count = n.constantNumber(1, "tiles"), axis = n.constantNumber(2, "axis");
  if (!count || !axis)
    return failure();
  auto resolved = n.axis(static_cast<int64_t>(*axis), rankOf(n.input(0)));
  if (!resolved)
    return failure();
  SmallVector<int64_t> repeats(rankOf(n.input(0)), 1);
  repeats[*resolved] = static_cast<int64_t>(*count);
  return n.result(tile(n, n.input(0), repeats));
}

static LogicalResult importDepthToSpace(NodeImporter &n) {
  Value x = n.input(0);
  int64_t b = n.attrs.getInt("blocksize", 0);
  bool crd = n.attrs.getString("mode", "DCR") == "CRD";
  ArrayRef<int64_t> s = shapeOf(x);
  if (s.size() != 4 || b <= 0 || b > 65535 || s[1] % (b * b))
    return n.malformed("needs an input of rank 4 whose channels the squared blocksize divides");
  int64_t c = s[1] / (b * b);
  SmallVector<int64_t> split = {s[0], b, b, c, s[2], s[3]}, permutation = {0, 3, 4, 1, 5, 2};
  if (crd) {
    split = {s[0], c, b, b, s[2], s[3]};
    permutation = {0, 1, 4, 2, 5, 3};
  }
  return n.result(n.reshape(n.transpose(n.reshape(x, split), permutation), {s[0], c, s[2] * b, s[3] * b}));
}

static LogicalResult importSpaceToDepth(NodeImporter &n) {
  Value x = n.input(0);
  int64_t b = n.attrs.getInt("blocksize", 0);
  bool crd = n.attrs.getString("mode", "DCR") == "CRD";
  ArrayRef<int64_t> s = shapeOf(x);
  if (s.size() != 4 || b <= 0 || b > 65535 || s[2] % b || s[3] % b)
    return n.malformed("needs an input of rank 4 whose height and width the blocksize divides");
  SmallVector<int64_t> split = {s[0], s[1], s[2] / b, b, s[3] / b, b}, permutation = {0, 3, 5, 1, 2, 4};
  if (crd)
    permutation = {0, 1, 3, 5, 2, 4};
  return n.result(n.reshape(n.transpose(n.reshape(x, split), permutation), {s[0], s[1] * b * b, s[2] / b, s[3] / b}));
}

void registerMovementOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"Transpose", 1, 1, 1, importTranspose},
      {"Concat", 1, 1, anyNumber, importConcat},
      {"Split", 1, 1, 2, importSplit},
      {"Slice", 1, 1, 1, importSlice},
      {"Slice", 10, 3, 5, importSlice},
      {"Pad", 1, 1, 1, importPadAttributes},
      {"Pad", 11, 2, 4, importPad},
      {"CenterCropPad", 18, 2, 2, importCenterCropPad},
      {"Tile", 1, 3, 3, importTileOneAxis},
      {"Tile", 6, 2, 2, importTile},
      {"DepthToSpace", 1, 1, 1, importDepthToSpace},
      {"SpaceToDepth", 1, 1, 1, importSpaceToDepth},
  };
  registry.add(table);
}

} // namespace tenon::onnx

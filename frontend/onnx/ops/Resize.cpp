// Resize and Upsample: per axis a weighted sum of gathered slices, positions and weights known at import.

#include "frontend/onnx/NodeImporter.h"
#include "ir/Constant.h"

#include <cmath>

using namespace mlir;

namespace tenon::onnx {

namespace {

/// How output positions become input positions and weights.
struct Interpolation {
  std::string mode, coordinates, nearest;
  double cubicA = -0.75, extrapolation = 0;
  bool excludeOutside = false, antialias = false;
};

/// One axis to resize.
struct ResizedAxis {
  int64_t axis, from, to;
  double scale, roiBegin = 0, roiEnd = 1;
};

/// The taps of one output position: input positions from `first` on. No weights: the position is outside.
struct Taps {
  int64_t first = 0;
  SmallVector<double> weights;
};

} // namespace

/// The input position of output position `x`, or nothing where tf_crop_and_resize extrapolates.
static std::optional<double> sourcePosition(const Interpolation &how, const ResizedAxis &a, double x) {
  double width = a.scale * a.from, last = a.from - 1;
  if (how.coordinates == "align_corners")
    return width == 1 ? 0 : x * last / (width - 1);
  if (how.coordinates == "asymmetric")
    return x / a.scale;
  if (how.coordinates == "tf_crop_and_resize") {
    double extent = (a.roiEnd - a.roiBegin) * last;
    double at = (width == 1 ? extent / 2 : x * extent / (width - 1)) + a.roiBegin * last;
    return at < 0 || at > last ? std::nullopt : std::optional(at);
  }
  if (how.coordinates == "pytorch_half_pixel" && width == 1)
    return -0.5;
  double at = (x + 0.5) / a.scale - 0.5;
  return how.coordinates == "half_pixel_symmetric" ? at + a.from / 2.0 * (1 - a.to / width) : at;
}

static double cubicWeight(double distance, double a) {
  double x = std::fabs(distance);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

static bool takesUpper(const std::string &mode, double ratio) {
  if (mode == "floor")
    return ratio == 1;
  if (mode == "ceil")
    return true;
  return mode == "round_prefer_ceil" ? ratio >= 0.5 : ratio > 0.5;
}

/// `ratio` in (0, 1] is the position behind `base`; a position on a pixel counts as one behind the pixel
/// before.
static Taps tapsAt(const Interpolation &how, const ResizedAxis &a, double x) {
  Taps taps;
  std::optional<double> at = sourcePosition(how, a, x);
  if (!at)
    return taps;
  double base = std::ceil(*at) - 1, ratio = *at - base;
  if (how.mode == "nearest") {
    taps.first = static_cast<int64_t>(base) + takesUpper(how.nearest, ratio);
    taps.weights = {1};
    return taps;
  }
  double reach = how.mode == "cubic" ? 2 : 1, scale = how.antialias ? std::min(a.scale, 1.0) : 1.0;
  int64_t begin = static_cast<int64_t>(std::floor(-reach / scale)) + 1, end = 2 - begin;
  taps.first = static_cast<int64_t>(base) + begin;
  double sum = 0;
  for (int64_t i = begin; i < end; ++i) {
    double distance = (i - ratio) * scale, position = base + i;
    double weight = how.mode == "cubic" ? cubicWeight(distance, how.cubicA) : std::max(0.0, 1 - std::fabs(distance));
    if (how.excludeOutside && (position < 0 || position >= a.from))
      weight = 0;
    taps.weights.push_back(weight);
    sum += weight;
  }
  if (how.antialias || how.excludeOutside)
    for (double &weight : taps.weights)
      weight /= sum;
  return taps;
}

/// Numbers as a constant whose dimension `axis` of `rank` has them.
static Value weightConstant(NodeImporter &n, ArrayRef<double> values, ArrayRef<int64_t> shape, Type element) {
  Tensor tensor(RankedTensorType::get(shape, element));
  for (auto [i, value] : llvm::enumerate(values))
    tensor.set(i, {value, static_cast<int64_t>(value)}); // floats and booleans
  return n.constant(tensor);
}

static Value sumOfGathers(NodeImporter &n, Value x, const ResizedAxis &a, ArrayRef<Taps> taps, size_t count) {
  SmallVector<int64_t> shape(rankOf(x), 1);
  shape[a.axis] = a.to;
  Value sum;
  for (size_t t = 0; t < count; ++t) {
    SmallVector<int64_t> positions;
    SmallVector<double> weights;
    for (const Taps &tap : taps) {
      positions.push_back(std::clamp<int64_t>(tap.first + static_cast<int64_t>(t), 0, a.from - 1));
      weights.push_back(t < tap.weights.size() ? tap.weights[t] : 0);
    }
    if (llvm::all_of(weights, [](double w) { return w == 0; }))
      continue;
    Value term = n.emit<tn::GatherOp>(x, n.intConstant(positions, {a.to}), static_cast<uint64_t>(a.axis));
    if (llvm::any_of(weights, [](double w) { return w != 1; }))
      term = n.emit<tn::MulOp>(term, weightConstant(n, weights, shape, elementOf(x)));
    sum = sum ? n.emit<tn::AddOp>(sum, term) : term;
  }
  return sum;
}

/// Many taps: a contraction with the matrix [to, from] of weights.
static Value multiplyByWeights(NodeImporter &n, Value x, const ResizedAxis &a, ArrayRef<Taps> taps) {
  SmallVector<double> matrix(a.to * a.from, 0);
  for (auto [o, tap] : llvm::enumerate(taps))
    for (auto [t, weight] : llvm::enumerate(tap.weights))
      matrix[o * a.from + std::clamp<int64_t>(tap.first + static_cast<int64_t>(t), 0, a.from - 1)] += weight;
  SmallVector<int64_t> loops, result;
  for (int64_t d = 0; d < rankOf(x); ++d) {
    loops.push_back(d);
    result.push_back(d == a.axis ? rankOf(x) : d);
  }
  return n.emit<tn::ContractOp>(x, weightConstant(n, matrix, {a.to, a.from}, elementOf(x)), loops,
                                SmallVector<int64_t>{rankOf(x), a.axis}, result);
}

static Value resizeAxis(NodeImporter &n, Value x, const ResizedAxis &a, const Interpolation &how) {
  constexpr size_t maxGathers = 8;
  SmallVector<Taps> taps;
  size_t count = 0;
  SmallVector<double> outside;
  for (int64_t o = 0; o < a.to; ++o) {
    taps.push_back(tapsAt(how, a, static_cast<double>(o)));
    count = std::max(count, taps.back().weights.size());
    outside.push_back(taps.back().weights.empty());
  }
  Value result = count > maxGathers ? multiplyByWeights(n, x, a, taps) : sumOfGathers(n, x, a, taps, count);
  if (!llvm::is_contained(outside, 1.0))
    return result;
  SmallVector<int64_t> shape(shapeOf(x));
  shape[a.axis] = a.to;
  Value value = n.splat(RankedTensorType::get(shape, elementOf(x)), how.extrapolation);
  if (!result)
    return value;
  SmallVector<int64_t> maskShape(rankOf(x), 1);
  maskShape[a.axis] = a.to;
  return n.emit<tn::SelectOp>(weightConstant(n, outside, maskShape, n.getBuilder().getI1Type()), value, result);
}

/// The elements of operand `i`; nothing, with an error, if it is computed at run time.
static std::optional<SmallVector<double>> constantFloats(NodeImporter &n, unsigned i, StringRef what) {
  SmallVector<double> result;
  if (!n.has(i))
    return result;
  std::optional<Tensor> value = tn::constantValue(n.input(i));
  if (!value) {
    (void)n.unsupported(what + " (input " + Twine(i) + ") that is computed at run time: it must be a constant");
    return std::nullopt;
  }
  for (int64_t p = 0; p < value->getNumElements(); ++p)
    result.push_back(isFloat(n.input(i)) ? value->get(p).f : static_cast<double>(value->get(p).i));
  return result;
}

/// Sizes and scales of the named axes from the list of one of them.
static LogicalResult measure(NodeImporter &n, MutableArrayRef<ResizedAxis> axes, ArrayRef<double> scales,
                             ArrayRef<double> sizes, const std::string &policy) {
  if ((scales.empty() ? sizes : scales).size() != axes.size())
    return n.malformed("scales or sizes must have one element per axis");
  double common = 0;
  for (auto [i, a] : llvm::enumerate(axes)) {
    a.scale = scales.empty() ? sizes[i] / a.from : scales[i];
    if (!(a.scale > 0) || a.from == 0 || a.scale * a.from > 1e9)
      return n.malformed("scales and sizes must be positive, dimensions not empty");
    a.to = static_cast<int64_t>(scales.empty() ? sizes[i] : std::floor(a.scale * a.from));
    bool isFirst = i == 0;
    common = isFirst ? a.scale : policy == "not_larger" ? std::min(common, a.scale) : std::max(common, a.scale);
  }
  if (scales.empty() && policy != "stretch")
    for (ResizedAxis &a : axes) {
      a.scale = common;
      a.to = static_cast<int64_t>(std::floor(common * a.from + 0.5));
    }
  return success();
}

static LogicalResult resize(NodeImporter &n, const Interpolation &how, ArrayRef<double> roi, ArrayRef<double> scales,
                            ArrayRef<double> sizes) {
  if (how.mode != "nearest" && how.mode != "linear" && how.mode != "cubic")
    return n.malformed("mode must be nearest, linear or cubic");
  Value x = n.input(0);
  SmallVector<ResizedAxis> axes;
  if (n.attrs.has("axes")) {
    for (int64_t axis : n.attributeInts("axes"))
      if (auto resolved = n.axis(axis, rankOf(x)))
        axes.push_back({*resolved, shapeOf(x)[*resolved], 0, 1});
      else
        return failure();
  } else {
    for (int64_t axis = 0; axis < rankOf(x); ++axis)
      axes.push_back({axis, shapeOf(x)[axis], 0, 1});
  }
  bool crops = how.coordinates == "tf_crop_and_resize";
  if (crops && roi.size() != 2 * axes.size())
    return n.malformed("roi must have two elements per axis");
  if (failed(measure(n, axes, scales, sizes, n.attrs.getString("keep_aspect_ratio_policy", "stretch"))))
    return failure();
  Type element = elementOf(x);
  bool isExact = how.mode == "nearest" || element.isF32() || element.isF64();
  Value value = isExact ? x : n.cast(x, n.getBuilder().getF32Type());
  for (auto [i, a] : llvm::enumerate(axes)) {
    if (crops) {
      a.roiBegin = roi[i];
      a.roiEnd = roi[axes.size() + i];
    }
    bool isIdentity = a.from == a.to && a.scale == 1 && (!crops || (a.roiBegin == 0 && a.roiEnd == 1));
    if (value && !isIdentity)
      value = resizeAxis(n, value, a, how);
  }
  return n.result(isExact || !value ? value : n.cast(value, element));
}

static LogicalResult importResize(NodeImporter &n) {
  Interpolation how;
  how.mode = n.attrs.getString("mode", "nearest");
  how.coordinates = n.attrs.getString("coordinate_transformation_mode", "half_pixel");
  how.nearest = n.attrs.getString("nearest_mode", "round_prefer_floor");
  how.cubicA = n.attrs.getFloat("cubic_coeff_a", -0.75f);
  how.extrapolation = n.attrs.getFloat("extrapolation_value", 0);
  how.excludeOutside = n.attrs.getInt("exclude_outside", 0);
  how.antialias = n.attrs.getInt("antialias", 0);
  bool crops = how.coordinates == "tf_crop_and_resize";
  auto roi = crops ? constantFloats(n, 1, "roi") : SmallVector<double>();
  auto scales = constantFloats(n, 2, "scales"), sizes = constantFloats(n, 3, "sizes");
  if (!roi || !scales || !sizes)
    return failure();
  return resize(n, how, *roi, *scales, *sizes);
}

/// Upsample, and Resize as it was in opset 10.
static LogicalResult importUpsample(NodeImporter &n) {
  Interpolation how;
  how.mode = n.attrs.getString("mode", "nearest");
  how.coordinates = "asymmetric";
  how.nearest = "floor";
  std::optional<SmallVector<double>> scales;
  if (n.has(1)) {
    scales = constantFloats(n, 1, "scales");
  } else {
    scales.emplace();
    for (float scale : n.attrs.getFloats("scales"))
      scales->push_back(scale);
  }
  if (!scales)
    return failure();
  return resize(n, how, {}, *scales, {});
}

void registerResizeOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"Resize", 10, 2, 2, importUpsample},
      {"Resize", 11, 1, 4, importResize},
      {"Upsample", 7, 1, 2, importUpsample},
  };
  registry.add(table);
}

} // namespace tenon::onnx

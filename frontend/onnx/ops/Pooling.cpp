// MaxPool, AveragePool, LpPool and their global forms.

#include "frontend/onnx/ops/Window.h"

using namespace mlir;

namespace tenon::onnx {

/// Reads the window of a pooling operator; with ceil_mode, `high` is extended so that the last window is
/// whole. `extension` tells by how much.
static std::optional<WindowAttributes> readPooling(NodeImporter &n, SmallVector<int64_t> &extension) {
  ArrayRef<int64_t> shape = shapeOf(n.input(0));
  auto mode = readAutoPad(n);
  if (!mode)
    return std::nullopt;
  if (shape.size() < 3 || !n.attrs.has("kernel_shape")) {
    (void)n.malformed("pooling needs kernel_shape and an input of rank 3 or more");
    return std::nullopt;
  }
  auto window = readWindow(n, shape.size() - 2, {});
  if (!window)
    return std::nullopt;
  ArrayRef<int64_t> input = shape.drop_front(2);
  applyAutoPad(*window, *mode, input);
  extension.assign(window->rank(), 0);
  bool ceil = n.attrs.getInt("ceil_mode", 0) && (*mode == AutoPad::NotSet || *mode == AutoPad::Valid);
  for (size_t d = 0; ceil && d < window->rank(); ++d) {
    int64_t room = input[d] + window->low[d] + window->high[d] - window->span(d), stride = window->strides[d];
    if (room < 0)
      continue;
    int64_t size = llvm::divideCeil(room, stride) + 1;
    // The last window must start inside the input or the padding before it.
    if ((size - 1) * stride >= input[d] + window->low[d])
      --size;
    extension[d] = std::max<int64_t>(0, (size - 1) * stride - room);
    window->high[d] += extension[d];
  }
  if (llvm::any_of(window->low, [](int64_t p) { return p < 0; }) ||
      llvm::any_of(window->high, [](int64_t p) { return p < 0; })) {
    (void)n.unsupported("pooling with negative padding");
    return std::nullopt;
  }
  return window;
}

static Value emitWindow(NodeImporter &n, tn::ReduceKind kind, Value v, const WindowAttributes &window) {
  auto whole = [](ArrayRef<int64_t> spatial, int64_t other) {
    SmallVector<int64_t> list(2, other);
    llvm::append_range(list, spatial);
    return list;
  };
  return n.emit<tn::WindowOp>(kind, v, whole(window.kernel, 1), whole(window.strides, 1), whole(window.dilations, 1),
                              whole(window.low, 0), whole(window.high, 0));
}

static LogicalResult importMaxPool(NodeImporter &n) {
  SmallVector<int64_t> extension;
  auto window = readPooling(n, extension);
  n.ignore("storage_order"); // of the indices, which results() refuses
  if (!window)
    return failure();
  return n.result(emitWindow(n, tn::ReduceKind::Max, n.input(0), *window));
}

/// How many positions that count each window holds, along one dimension.
static SmallVector<int64_t> windowCounts(const WindowAttributes &window, size_t d, int64_t input, int64_t extension,
                                         bool includePad) {
  int64_t begin = includePad ? -window.low[d] : 0;
  int64_t end = includePad ? input + window.high[d] - extension : input;
  int64_t size = (input + window.low[d] + window.high[d] - window.span(d)) / window.strides[d] + 1;
  SmallVector<int64_t> counts;
  for (int64_t o = 0; o < size; ++o) {
    int64_t count = 0;
    for (int64_t k = 0; k < window.kernel[d]; ++k) {
      int64_t at = o * window.strides[d] + k * window.dilations[d] - window.low[d];
      count += at >= begin && at < end;
    }
    counts.push_back(count);
  }
  return counts;
}

/// Multiplies every window's sum by the inverse of its count. Counts are a product over dimensions: one
/// factor each, and one scalar for all dimensions along which the count does not change.
static Value divideByCounts(NodeImporter &n, Value sum, const WindowAttributes &window, ArrayRef<int64_t> extension,
                            bool includePad) {
  if (!sum)
    return {};
  double uniform = 1;
  for (size_t d = 0; d < window.rank(); ++d) {
    SmallVector<int64_t> counts = windowCounts(window, d, shapeOf(n.input(0))[d + 2], extension[d], includePad);
    if (counts.empty() || llvm::all_equal(counts)) {
      uniform *= counts.empty() ? 1 : counts[0];
      continue;
    }
    SmallVector<int64_t> shape(window.rank() - d, 1);
    shape[0] = counts.size();
    Tensor inverse(RankedTensorType::get(shape, elementOf(sum)));
    for (auto [i, count] : llvm::enumerate(counts))
      inverse.set(i, Scalar::real(1.0 / count));
    sum = n.emit<tn::MulOp>(sum, n.constant(inverse));
  }
  return uniform == 1 ? sum : n.emit<tn::MulOp>(sum, n.scalarLike(sum, 1 / uniform));
}

static LogicalResult importAveragePool(NodeImporter &n) {
  SmallVector<int64_t> extension;
  auto window = readPooling(n, extension);
  bool includePad = n.attrs.getInt("count_include_pad", 0);
  if (!window)
    return failure();
  Value sum = emitWindow(n, tn::ReduceKind::Sum, n.input(0), *window);
  return n.result(divideByCounts(n, sum, *window, extension, includePad));
}

static Value power(NodeImporter &n, Value v, double exponent) {
  return exponent == 1 ? v : n.emit<tn::PowOp>(v, n.scalarLike(v, exponent));
}

/// Opset 1 has a float exponent.
static double readExponent(NodeImporter &n) {
  return n.opset() < 2 ? n.attrs.getFloat("p", 2) : static_cast<double>(n.attrs.getInt("p", 2));
}

static LogicalResult importLpPool(NodeImporter &n) {
  SmallVector<int64_t> extension;
  auto window = readPooling(n, extension);
  double p = readExponent(n);
  if (!window)
    return failure();
  Value terms = power(n, n.emit<tn::AbsOp>(n.input(0)), p);
  return n.result(power(n, emitWindow(n, tn::ReduceKind::Sum, terms, *window), 1 / p));
}

static std::optional<SmallVector<int64_t>> spatialAxes(NodeImporter &n) {
  int64_t rank = rankOf(n.input(0));
  if (rank < 2) {
    (void)n.malformed("pooling needs an input of rank 2 or more");
    return std::nullopt;
  }
  return llvm::to_vector(llvm::seq<int64_t>(2, rank));
}

static LogicalResult importGlobalAveragePool(NodeImporter &n) {
  auto axes = spatialAxes(n);
  return axes ? n.result(n.mean(n.input(0), *axes)) : failure();
}

static LogicalResult importGlobalMaxPool(NodeImporter &n) {
  auto axes = spatialAxes(n);
  return axes ? n.result(n.reduce(tn::ReduceKind::Max, n.input(0), *axes)) : failure();
}

static LogicalResult importGlobalLpPool(NodeImporter &n) {
  auto axes = spatialAxes(n);
  double p = readExponent(n);
  if (!axes)
    return failure();
  Value sum = n.reduce(tn::ReduceKind::Sum, power(n, n.emit<tn::AbsOp>(n.input(0)), p), *axes);
  return n.result(power(n, sum, 1 / p));
}

void registerPoolingOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"MaxPool", 1, 1, 1, importMaxPool},
      {"AveragePool", 1, 1, 1, importAveragePool},
      {"LpPool", 1, 1, 1, importLpPool},
      {"GlobalAveragePool", 1, 1, 1, importGlobalAveragePool},
      {"GlobalMaxPool", 1, 1, 1, importGlobalMaxPool},
      {"GlobalLpPool", 1, 1, 1, importGlobalLpPool},
  };
  registry.add(table);
}

} // namespace tenon::onnx

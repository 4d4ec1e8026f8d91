// DFT, STFT and window functions: transforms as contractions with constant matrices.

#include "frontend/onnx/NodeImporter.h"
#include "ir/Constant.h"

#include <cmath>

using namespace mlir;

namespace tenon::onnx {

/// [length, parts, bins, 2]: what part p (real, imaginary) of sample s adds to the parts of bin k.
static Value fourierMatrix(NodeImporter &n, Type element, int64_t length, int64_t parts, int64_t bins, bool inverse) {
  Tensor matrix(RankedTensorType::get({length, parts, bins, 2}, element));
  int64_t position = 0;
  double scale = inverse ? 1.0 / static_cast<double>(length) : 1;
  for (int64_t s = 0; s < length; ++s)
    for (int64_t p = 0; p < parts; ++p)
      for (int64_t k = 0; k < bins; ++k) {
        double angle = 2 * M_PI * static_cast<double>(s * k % length) / static_cast<double>(length);
        double cosine = scale * std::cos(angle), sine = (inverse ? 1 : -1) * scale * std::sin(angle);
        matrix.set(position++, Scalar::real(p == 0 ? cosine : -sine));
        matrix.set(position++, Scalar::real(p == 0 ? sine : cosine));
      }
  return n.constant(matrix);
}

/// [bins, 2, length, 1]: what bin k of the transform of real numbers adds to sample s. Every bin but the
/// first and, for even lengths, the last stands for its mirror image too.
static Value realInverseMatrix(NodeImporter &n, Type element, int64_t bins, int64_t length) {
  Tensor matrix(RankedTensorType::get({bins, 2, length, 1}, element));
  int64_t position = 0;
  for (int64_t k = 0; k < bins; ++k)
    for (int64_t p = 0; p < 2; ++p)
      for (int64_t s = 0; s < length; ++s) {
        double angle = 2 * M_PI * static_cast<double>(s * k % length) / static_cast<double>(length);
        double weight = (k == 0 || 2 * k == length ? 1.0 : 2.0) / static_cast<double>(length);
        matrix.set(position++, Scalar::real(weight * (p == 0 ? std::cos(angle) : -std::sin(angle))));
      }
  return n.constant(matrix);
}

/// The transform of `x`, whose last dimension holds the parts, along `axis`.
static Value transform(NodeImporter &n, Value x, int64_t axis, Value matrix) {
  if (!x)
    return {};
  int64_t rank = rankOf(x), last = rank - 1;
  SmallVector<int64_t> loops, result;
  for (int64_t d = 0; d < rank; ++d) {
    loops.push_back(d);
    result.push_back(d == axis ? rank : d == last ? rank + 1 : d);
  }
  return n.emit<tn::ContractOp>(x, matrix, loops, SmallVector<int64_t>{axis, last, rank, rank + 1}, result);
}

/// Input 1 of DFT, or 0 if it is not there; nothing after an error.
static std::optional<int64_t> dftLength(NodeImporter &n) {
  if (!n.has(1))
    return 0;
  auto value = n.constantInts(1, "dft_length");
  if (!value)
    return std::nullopt;
  if (value->size() == 1 && (*value)[0] > 0)
    return (*value)[0];
  (void)n.malformed("dft_length must be one positive number");
  return std::nullopt;
}

/// Cuts off or adds zeros behind, along one dimension.
static Value resized(NodeImporter &n, Value x, int64_t axis, int64_t length) {
  int64_t available = shapeOf(x)[axis];
  if (length <= available)
    return length == available ? x : n.sliceAxis(x, axis, 0, length);
  SmallVector<int64_t> low(rankOf(x), 0), high(low);
  high[axis] = length - available;
  return n.emit<tn::PadOp>(x, tn::PadMode::Constant, low, high, llvm::APFloat(0.0));
}

static LogicalResult importDft(NodeImporter &n) {
  Value x = n.input(0);
  bool inverse = n.attrs.getInt("inverse", 0), onesided = n.attrs.getInt("onesided", 0);
  int64_t given = n.opset() < 20 ? n.attrs.getInt("axis", 1) : -2;
  if (n.has(2)) {
    auto value = n.constantInts(2, "axis");
    if (!value || value->size() != 1)
      return failure();
    given = (*value)[0];
  }
  auto axis = n.axis(given, rankOf(x));
  if (!axis)
    return failure();
  if (*axis == rankOf(x) - 1 || shapeOf(x).back() < 1 || shapeOf(x).back() > 2 || !isFloat(x))
    return n.malformed("the last dimension must hold the real and imaginary part, and is no axis to transform");
  auto length = dftLength(n);
  if (!length)
    return failure();
  bool toReal = inverse && onesided;
  int64_t available = shapeOf(x)[*axis];
  int64_t total = *length ? *length : toReal ? 2 * (available - 1) : available, half = total / 2 + 1;
  if (toReal && (shapeOf(x).back() != 2 || total < 1))
    return n.malformed("an inverse DFT that is onesided needs complex numbers");
  x = resized(n, x, *axis, toReal ? half : total);
  Value matrix = toReal ? realInverseMatrix(n, elementOf(n.input(0)), half, total)
                        : fourierMatrix(n, elementOf(n.input(0)), total, shapeOf(n.input(0)).back(),
                                        onesided ? half : total, inverse);
  return n.result(transform(n, x, *axis, matrix));
}

static LogicalResult importStft(NodeImporter &n) {
  Value x = n.input(0);
  bool onesided = n.attrs.getInt("onesided", 1);
  auto step = n.constantInts(1, "frame_step");
  if (!step)
    return failure();
  int64_t length = n.has(2) && rankOf(n.input(2)) == 1 ? shapeOf(n.input(2))[0] : 0;
  if (n.has(3)) {
    auto value = n.constantInts(3, "frame_length");
    if (!value)
      return failure();
    length = value->size() == 1 ? (*value)[0] : 0;
  }
  if (rankOf(x) != 3 || step->size() != 1 || (*step)[0] <= 0 || length <= 0 || length > shapeOf(x)[1])
    return n.malformed("signal must be [batch, length, parts], frame_step and frame_length positive");
  int64_t frames = (shapeOf(x)[1] - length) / (*step)[0] + 1;
  SmallVector<int64_t> positions;
  for (int64_t f = 0; f < frames; ++f)
    for (int64_t i = 0; i < length; ++i)
      positions.push_back(f * (*step)[0] + i);
  Value framed = n.emit<tn::GatherOp>(x, n.intConstant(positions, {frames, length}), uint64_t(1));
  if (n.has(2))
    framed = n.emit<tn::MulOp>(framed, n.reshape(n.input(2), {length, 1}));
  Value matrix = fourierMatrix(n, elementOf(x), length, shapeOf(x)[2], onesided ? length / 2 + 1 : length, false);
  return n.result(transform(n, framed, 2, matrix));
}

/// a0 - a1 cos(2 pi i / N) + a2 cos(4 pi i / N)
static LogicalResult importWindow(NodeImporter &n, double a0, double a1, double a2) {
  auto size = n.constantInts(0, "size");
  if (!size)
    return failure();
  bool periodic = n.attrs.getInt("periodic", 1);
  auto type = static_cast<ElementType>(n.attrs.getInt("output_datatype", 1));
  Type element = convertElementType(type, n.context());
  if (!element || size->size() != 1 || (*size)[0] < 0 || (*size)[0] > (1 << 24))
    return n.malformed("size must be one number, output_datatype a type of numbers");
  int64_t count = (*size)[0];
  Tensor window(RankedTensorType::get({count}, element));
  double period = std::max(1.0, static_cast<double>(periodic ? count : count - 1));
  for (int64_t i = 0; i < count; ++i) {
    double angle = 2 * M_PI * static_cast<double>(i) / period;
    double value = a0 - a1 * std::cos(angle) + a2 * std::cos(2 * angle);
    window.set(i, {value, static_cast<int64_t>(value)});
  }
  return n.result(n.constant(window));
}

static LogicalResult importHann(NodeImporter &n) { return importWindow(n, 0.5, 0.5, 0); }
static LogicalResult importHamming(NodeImporter &n) { return importWindow(n, 25.0 / 46, 1 - 25.0 / 46, 0); }
static LogicalResult importBlackman(NodeImporter &n) { return importWindow(n, 0.42, 0.5, 0.08); }

void registerSignalOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"DFT", 17, 1, 3, importDft},
      {"STFT", 17, 2, 4, importStft},
      {"HannWindow", 17, 1, 1, importHann},
      {"HammingWindow", 17, 1, 1, importHamming},
      {"BlackmanWindow", 17, 1, 1, importBlackman},
  };
  registry.add(table);
}

} // namespace tenon::onnx

// Conv, ConvTranspose, ConvInteger, CausalConvWithState.

#include "frontend/onnx/ops/Window.h"

using namespace mlir;

namespace tenon::onnx {

std::optional<AutoPad> readAutoPad(NodeImporter &n) {
  std::string mode = n.attrs.getString("auto_pad", "NOTSET");
  if (mode == "NOTSET" || mode.empty())
    return AutoPad::NotSet;
  if (mode == "VALID")
    return AutoPad::Valid;
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    return mode == "SAME_UPPER" ? AutoPad::SameUpper : AutoPad::SameLower;
  (void)n.malformed("auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  return std::nullopt;
}

std::optional<WindowAttributes> readWindow(NodeImporter &n, size_t spatial, ArrayRef<int64_t> kernel) {
  auto list = [&](const char *name, size_t size, int64_t fallback) {
    SmallVector<int64_t> values = n.attributeInts(name);
    if (values.empty())
      values.assign(size, fallback);
    if (values.size() != size)
      (void)n.malformed(Twine(name) + " needs " + Twine(size) + " entries, it has " + Twine(values.size()));
    return values;
  };
  WindowAttributes window;
  window.kernel = list("kernel_shape", spatial, 0);
  if (!n.attrs.has("kernel_shape"))
    window.kernel.assign(kernel.begin(), kernel.end());
  window.strides = list("strides", spatial, 1);
  window.dilations = list("dilations", spatial, 1);
  SmallVector<int64_t> pads = list("pads", 2 * spatial, 0);
  if (n.hasError())
    return std::nullopt;
  window.low.assign(pads.begin(), pads.begin() + spatial);
  window.high.assign(pads.begin() + spatial, pads.end());
  bool positive = window.kernel.size() == spatial;
  for (const auto *values : {&window.kernel, &window.strides, &window.dilations})
    positive &= llvm::all_of(*values, [](int64_t v) { return v > 0 && v < (int64_t(1) << 31); });
  if (!positive || !llvm::all_of(pads, [](int64_t v) { return std::abs(v) < (int64_t(1) << 31); })) {
    (void)n.malformed("kernel_shape, strides and dilations must be positive and pads in range");
    return std::nullopt;
  }
  return window;
}

void applyAutoPad(WindowAttributes &window, AutoPad mode, ArrayRef<int64_t> input) {
  for (size_t d = 0; d < window.rank() && mode != AutoPad::NotSet; ++d) {
    int64_t total = 0;
    if (mode != AutoPad::Valid) {
      int64_t output = llvm::divideCeil(input[d], window.strides[d]);
      total = std::max<int64_t>(0, (output - 1) * window.strides[d] + window.span(d) - input[d]);
    }
    window.low[d] = mode == AutoPad::SameLower ? total - total / 2 : total / 2;
    window.high[d] = total - window.low[d];
  }
}

/// Checks the ranks of input and filter; gives the number of spatial dimensions.
static std::optional<size_t> spatialRank(NodeImporter &n) {
  int64_t rank = rankOf(n.input(0));
  if (rank >= 3 && rankOf(n.input(1)) == rank)
    return rank - 2;
  (void)n.malformed("input and filter must have the same rank, 3 or more");
  return std::nullopt;
}

static Value addChannelBias(NodeImporter &n, Value v, Value bias) {
  if (!v || !bias)
    return v;
  SmallVector<int64_t> shape(rankOf(v) - 1, 1);
  shape[0] = product(shapeOf(bias));
  return n.emit<tn::AddOp>(v, n.reshape(bias, shape));
}

static Value emitConv(NodeImporter &n, Value input, Value filter) {
  auto spatial = spatialRank(n);
  auto mode = readAutoPad(n);
  if (!spatial || !mode)
    return {};
  auto window = readWindow(n, *spatial, shapeOf(filter).drop_front(2));
  if (!window)
    return {};
  if (ArrayRef<int64_t>(window->kernel) != shapeOf(filter).drop_front(2))
    return (void)n.malformed("kernel_shape differs from the filter's shape"), Value();
  applyAutoPad(*window, *mode, shapeOf(input).drop_front(2));
  SmallVector<int64_t> ones(*spatial, 1);
  return n.emit<tn::ConvOp>(input, filter, window->strides, window->low, window->high, window->dilations, ones,
                            static_cast<uint64_t>(n.attrs.getInt("group", 1)), false);
}

static LogicalResult importConv(NodeImporter &n) {
  return n.result(addChannelBias(n, emitConv(n, n.input(0), n.input(1)), n.optionalInput(2)));
}

static LogicalResult importConvInteger(NodeImporter &n) {
  Type i32 = n.getBuilder().getI32Type();
  Value input = n.cast(n.input(0), i32), filter = n.cast(n.input(1), i32);
  if (n.has(2))
    input = n.emit<tn::SubOp>(input, n.reshape(n.cast(n.input(2), i32), {}));
  if (n.has(3)) {
    Value zero = n.cast(n.input(3), i32);
    SmallVector<int64_t> shape(rankOf(n.input(1)), 1);
    shape[0] = product(shapeOf(n.input(3)));
    filter = n.emit<tn::SubOp>(filter, n.reshape(zero, shape));
  }
  if (!input || !filter)
    return failure();
  return n.result(emitConv(n, input, filter));
}

//===----------------------------------------------------------------------===//
// ConvTranspose
//===----------------------------------------------------------------------===//

/// Windows that tile the output: y[n, m, h * s + i, w * s + j] = sum_c x[n, c, h, w] * f[c, m, i, j], one
/// contraction.
static Value emitTiledTranspose(NodeImporter &n, Value input, Value filter) {
  int64_t spatial = rankOf(input) - 2;
  SmallVector<int64_t> lhs = {0, 1}, rhs = {1, 2}, result = {0, 2}, shape = {shapeOf(input)[0], shapeOf(filter)[1]};
  for (int64_t d = 0; d < spatial; ++d) {
    lhs.push_back(3 + d);
    rhs.push_back(3 + spatial + d);
    result.append({3 + d, 3 + spatial + d});
    shape.push_back(shapeOf(input)[2 + d] * shapeOf(filter)[2 + d]);
  }
  return n.reshape(n.emit<tn::ContractOp>(input, filter, lhs, rhs, result), shape);
}

/// The filter [C, M / groups, k...] of a transposed convolution as that of the equivalent convolution over
/// the dilated input: [M, C / groups, k...], mirrored.
static Value mirrorFilter(NodeImporter &n, Value filter, int64_t groups) {
  SmallVector<int64_t> shape(shapeOf(filter));
  int64_t channels = shape[0], perGroup = shape[1], rank = shape.size();
  SmallVector<int64_t> split = {groups, channels / groups, perGroup}, permutation = {0, 2, 1};
  SmallVector<int64_t> merged = {groups * perGroup, channels / groups};
  for (int64_t d = 2; d < rank; ++d) {
    split.push_back(shape[d]);
    permutation.push_back(d + 1);
    merged.push_back(shape[d]);
  }
  Value swapped = n.reshape(n.transpose(n.reshape(filter, split), permutation), merged);
  SmallVector<int64_t> offsets(rank, 0), strides(rank, 1);
  for (int64_t d = 2; d < rank; ++d) {
    offsets[d] = shape[d] - 1;
    strides[d] = -1;
  }
  return n.emit<tn::SliceOp>(swapped, offsets, merged, strides);
}

/// Paddings of a transposed convolution that follow from output_shape or auto_pad.
static bool resolveTransposePads(NodeImporter &n, WindowAttributes &window, AutoPad mode, ArrayRef<int64_t> input,
                                 ArrayRef<int64_t> outputPadding) {
  SmallVector<int64_t> wanted = n.attributeInts("output_shape");
  if (wanted.size() > window.rank())
    wanted.erase(wanted.begin(), wanted.end() - window.rank());
  if (!wanted.empty() && wanted.size() != window.rank())
    return (void)n.malformed("output_shape needs one entry per spatial dimension"), false;
  for (size_t d = 0; d < window.rank(); ++d) {
    int64_t full = window.strides[d] * (input[d] - 1) + outputPadding[d] + window.span(d), total = 0;
    if (!wanted.empty())
      total = full - wanted[d];
    else if (mode == AutoPad::SameUpper || mode == AutoPad::SameLower)
      total = full - input[d] * window.strides[d];
    else if (mode == AutoPad::NotSet)
      continue;
    // A negative total is an output that is larger than what the windows reach: zeros at its end.
    int64_t half = std::max<int64_t>(0, total) / 2;
    window.low[d] = mode == AutoPad::SameUpper ? half : std::max<int64_t>(0, total) - half;
    window.high[d] = total - window.low[d];
  }
  return true;
}

static LogicalResult importConvTranspose(NodeImporter &n) {
  Value input = n.input(0), filter = n.input(1);
  auto spatial = spatialRank(n);
  auto mode = readAutoPad(n);
  if (!spatial || !mode)
    return failure();
  auto window = readWindow(n, *spatial, shapeOf(filter).drop_front(2));
  if (!window)
    return failure();
  int64_t groups = n.attrs.getInt("group", 1);
  SmallVector<int64_t> outputPadding = n.attributeInts("output_padding");
  if (outputPadding.empty())
    outputPadding.assign(*spatial, 0);
  if (outputPadding.size() != *spatial || groups < 1 || shapeOf(filter)[0] % groups ||
      shapeOf(filter)[0] != shapeOf(input)[1] || ArrayRef<int64_t>(window->kernel) != shapeOf(filter).drop_front(2))
    return n.malformed("filter " + describeType(filter.getType()) + " does not fit input, group or attributes");
  if (!resolveTransposePads(n, *window, *mode, shapeOf(input).drop_front(2), outputPadding))
    return failure();
  bool tiles = groups == 1 && !window->hasPadding() && window->kernel == window->strides &&
               llvm::all_of(outputPadding, [](int64_t p) { return p == 0; }) &&
               llvm::all_of(window->dilations, [](int64_t d) { return d == 1; });
  if (tiles)
    return n.result(addChannelBias(n, emitTiledTranspose(n, input, filter), n.optionalInput(2)));
  SmallVector<int64_t> ones(*spatial, 1), low, high;
  for (size_t d = 0; d < *spatial; ++d) {
    low.push_back(window->span(d) - 1 - window->low[d]);
    high.push_back(window->span(d) - 1 - window->high[d] + outputPadding[d]);
  }
  Value result = n.emit<tn::ConvOp>(input, mirrorFilter(n, filter, groups), ones, low, high, window->dilations,
                                    window->strides, static_cast<uint64_t>(groups), false);
  return n.result(addChannelBias(n, result, n.optionalInput(2)));
}

/// A depthwise convolution of the state, the last positions seen before, and the input behind it.
static LogicalResult importCausalConv(NodeImporter &n) {
  Value x = n.input(0), filter = n.input(1);
  if (rankOf(x) != 3 || rankOf(filter) != 3 || !isFloat(x) || shapeOf(filter)[0] != shapeOf(x)[1] ||
      shapeOf(filter)[1] != 1 || shapeOf(filter)[2] == 0)
    return n.malformed("input must be [batch, channels, length], weight [channels, 1, k]");
  std::string activation = n.attrs.getString("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish")
    return n.malformed("activation must be none, silu or swish");
  int64_t channels = shapeOf(x)[1], length = shapeOf(x)[2], kept = shapeOf(filter)[2] - 1;
  Value all = x;
  if (kept > 0) {
    Value past = n.optionalInput(3);
    if (!past)
      past = n.splat(RankedTensorType::get({shapeOf(x)[0], channels, kept}, elementOf(x)), 0);
    all = n.emit<tn::ConcatOp>(SmallVector<Value>{past, x}, uint64_t(2));
  }
  SmallVector<int64_t> one = {1}, none = {0};
  Value y = n.emit<tn::ConvOp>(all, filter, one, none, none, one, one, static_cast<uint64_t>(channels), false);
  if (n.has(2))
    y = n.emit<tn::AddOp>(y, n.reshape(n.input(2), {channels, 1}));
  if (activation != "none")
    y = n.emit<tn::SiluOp>(y);
  return n.results({y, n.sliceAxis(all, 2, length, length + kept)});
}

void registerConvolutionOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"Conv", 1, 2, 3, importConv},
      {"CausalConvWithState", 27, 2, 4, importCausalConv},
      {"ConvInteger", 10, 2, 4, importConvInteger},
      {"ConvTranspose", 1, 2, 3, importConvTranspose},
  };
  registry.add(table);
}

} // namespace tenon::onnx

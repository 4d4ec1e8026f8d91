// Batch, layer, instance, group, RMS and other normalisations.

#include "frontend/onnx/NodeImporter.h"

using namespace mlir;

namespace tenon::onnx {

/// A vector of one number per channel, shaped to broadcast along dimension 1 of a value of this rank.
static Value perChannel(NodeImporter &n, Value v, int64_t rank) {
  SmallVector<int64_t> shape(std::max<int64_t>(1, rank - 1), 1);
  shape[0] = v ? product(shapeOf(v)) : 1;
  return n.reshape(v, shape);
}

static Value normalize(NodeImporter &n, Value x, ArrayRef<int64_t> axes, double epsilon, bool rms) {
  return n.emit<tn::NormalizeOp>(x, axes, llvm::APFloat(epsilon), rms);
}

/// The statistics of the batch, and the running ones moved towards them.
static LogicalResult importBatchTraining(NodeImporter &n, double epsilon) {
  Value x = n.input(0);
  double momentum = n.attrs.getFloat("momentum", 0.9f);
  Type element = elementOf(x), wide = element.isF64() ? element : n.getBuilder().getF32Type();
  int64_t channels = rankOf(x) < 2 ? -1 : shapeOf(x)[1];
  SmallVector<Value> parameters;
  for (unsigned i = 1; i < 5; ++i) {
    if (product(shapeOf(n.input(i))) != channels)
      return n.malformed("scale, bias, mean and variance need one entry per channel");
    parameters.push_back(n.cast(n.input(i), i < 3 ? element : wide));
  }
  SmallVector<int64_t> axes = {0};
  for (int64_t d = 2; d < rankOf(x); ++d)
    axes.push_back(d);
  Value exact = n.cast(x, wide), mean = n.mean(exact, axes), centred = n.emit<tn::SubOp>(exact, mean);
  Value variance = n.mean(n.emit<tn::MulOp>(centred, centred), axes);
  auto running = [&](Value old, Value now, unsigned i) {
    Value kept = n.emit<tn::MulOp>(old, n.scalar(wide, momentum));
    Value moved = n.emit<tn::MulOp>(n.reshape(now, {channels}), n.scalar(wide, 1 - momentum));
    return n.cast(n.emit<tn::AddOp>(kept, moved), elementOf(n.input(i)));
  };
  Value y = n.cast(normalize(n, exact, axes, epsilon, false), element);
  y = n.emit<tn::MulOp>(y, perChannel(n, parameters[0], rankOf(x)));
  y = n.emit<tn::AddOp>(y, perChannel(n, parameters[1], rankOf(x)));
  if (!n.wantsOutput(1))
    return n.result(y);
  return n.results({y, running(parameters[2], mean, 3), running(parameters[3], variance, 4)});
}

/// x * a + b with a = scale / sqrt(variance + epsilon) and b = bias - mean * a per channel.
static LogicalResult importBatchNormalization(NodeImporter &n) {
  for (const char *name : {"momentum", "is_test", "consumed_inputs"})
    n.ignore(name);
  Value x = n.input(0);
  double epsilon = n.attrs.getFloat("epsilon", 1e-5f);
  if (n.attrs.getInt("training_mode", 0))
    return importBatchTraining(n, epsilon);
  if (!n.attrs.getInt("spatial", 1) && rankOf(x) > 2)
    return n.unsupported("BatchNormalization with spatial = 0");
  SmallVector<Value> parameters;
  for (unsigned i = 1; i < 5; ++i) {
    if (rankOf(x) < 2 || product(shapeOf(n.input(i))) != shapeOf(x)[1])
      return n.malformed("scale, bias, mean and variance need one entry per channel");
    parameters.push_back(n.cast(n.input(i), elementOf(n.input(4))));
  }
  Value variance = n.emit<tn::AddOp>(parameters[3], n.scalarLike(parameters[3], epsilon));
  Value factor = n.emit<tn::DivOp>(parameters[0], n.emit<tn::SqrtOp>(variance));
  Value offset = n.emit<tn::SubOp>(parameters[1], n.emit<tn::MulOp>(parameters[2], factor));
  Value scaled = n.emit<tn::MulOp>(x, n.cast(perChannel(n, factor, rankOf(x)), elementOf(x)));
  return n.result(n.emit<tn::AddOp>(scaled, n.cast(perChannel(n, offset, rankOf(x)), elementOf(x))));
}

/// The element type that statistics are computed in: float for the small ones unless stash_type says
/// otherwise.
static Type stashType(NodeImporter &n) {
  auto element = elementTypeFromNumber(n.attrs.getInt("stash_type", 1));
  Type type = element ? convertElementType(*element, n.context()) : Type();
  return type && mlir::isa<FloatType>(type) ? type : n.getBuilder().getF32Type();
}

static LogicalResult importLayerNormalization(NodeImporter &n) {
  Value x = n.input(0);
  auto axis = n.axis(n.attrs.getInt("axis", -1), rankOf(x));
  double epsilon = n.attrs.getFloat("epsilon", 1e-5f);
  Type stash = stashType(n);
  if (!axis)
    return failure();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(*axis, rankOf(x)));
  Value y = n.emit<tn::MulOp>(normalize(n, x, axes, epsilon, false), n.input(1));
  if (n.has(2))
    y = n.emit<tn::AddOp>(y, n.input(2));
  SmallVector<Value> results = {y};
  if (n.wantsOutput(1) || n.wantsOutput(2)) {
    Value wide = n.cast(x, stash), mean = n.mean(wide, axes), centred = n.emit<tn::SubOp>(wide, mean);
    Value variance = n.mean(n.emit<tn::MulOp>(centred, centred), axes);
    Value deviation = n.emit<tn::SqrtOp>(n.emit<tn::AddOp>(variance, n.scalarLike(variance, epsilon)));
    results.append({mean, n.emit<tn::ReciprocalOp>(deviation)});
  }
  return n.results(results);
}

static LogicalResult importRmsNormalization(NodeImporter &n) {
  Value x = n.input(0);
  auto axis = n.axis(n.attrs.getInt("axis", -1), rankOf(x));
  double epsilon = n.attrs.getFloat("epsilon", 1e-5f);
  (void)stashType(n);
  if (!axis)
    return failure();
  Value y = normalize(n, x, llvm::to_vector(llvm::seq<int64_t>(*axis, rankOf(x))), epsilon, true);
  return n.result(n.emit<tn::MulOp>(n.cast(y, elementOf(n.input(1))), n.input(1)));
}

static LogicalResult importInstanceNormalization(NodeImporter &n) {
  n.ignore("consumed_inputs");
  Value x = n.input(0);
  double epsilon = n.attrs.getFloat("epsilon", 1e-5f);
  if (rankOf(x) < 3)
    return n.malformed("needs an input of rank 3 or more");
  Value y = normalize(n, x, llvm::to_vector(llvm::seq<int64_t>(2, rankOf(x))), epsilon, false);
  y = n.emit<tn::MulOp>(y, perChannel(n, n.input(1), rankOf(x)));
  return n.result(n.emit<tn::AddOp>(y, perChannel(n, n.input(2), rankOf(x))));
}

/// Before opset 21 scale and bias have one entry per group.
static LogicalResult importGroupNormalization(NodeImporter &n) {
  Value x = n.input(0);
  int64_t groups = n.attrs.getInt("num_groups", 0);
  double epsilon = n.attrs.getFloat("epsilon", 1e-5f);
  (void)stashType(n);
  if (rankOf(x) < 2 || groups <= 0 || shapeOf(x)[1] % groups)
    return n.malformed("num_groups must divide the number of channels");
  ArrayRef<int64_t> shape = shapeOf(x);
  SmallVector<int64_t> split = {shape[0], groups, shape[1] / groups};
  llvm::append_range(split, shape.drop_front(2));
  int64_t rank = split.size();
  Value y = normalize(n, n.reshape(x, split), llvm::to_vector(llvm::seq<int64_t>(2, rank)), epsilon, false);
  bool perGroup = n.opset() < 21;
  if (!perGroup)
    y = n.reshape(y, shape);
  int64_t parameterRank = perGroup ? rank : rankOf(x);
  y = n.emit<tn::MulOp>(y, perChannel(n, n.input(1), parameterRank));
  y = n.emit<tn::AddOp>(y, perChannel(n, n.input(2), parameterRank));
  return n.result(n.reshape(y, shape));
}

/// x / (bias + alpha / size * sum of squares over neighbouring channels) ^ beta
static LogicalResult importLrn(NodeImporter &n) {
  Value x = n.input(0);
  int64_t size = n.attrs.getInt("size", 0), rank = rankOf(x);
  double alpha = n.attrs.getFloat("alpha", 1e-4f), beta = n.attrs.getFloat("beta", 0.75f);
  double bias = n.attrs.getFloat("bias", 1);
  if (size <= 0 || rank < 2)
    return n.malformed("needs a positive size and an input of rank 2 or more");
  SmallVector<int64_t> sizes(rank, 1), low(rank, 0), high(rank, 0), ones(rank, 1);
  sizes[1] = size;
  low[1] = (size - 1) / 2;
  high[1] = size / 2;
  Value sum = n.emit<tn::WindowOp>(tn::ReduceKind::Sum, n.emit<tn::MulOp>(x, x), sizes, ones, ones, low, high);
  Value base = n.emit<tn::AddOp>(n.emit<tn::MulOp>(sum, n.scalarLike(x, alpha / size)), n.scalarLike(x, bias));
  return n.result(n.emit<tn::DivOp>(x, n.emit<tn::PowOp>(base, n.scalarLike(x, beta))));
}

/// x divided by its norm; zeros stay zeros.
static LogicalResult importLpNormalization(NodeImporter &n) {
  Value x = n.input(0);
  auto axis = n.axis(n.attrs.getInt("axis", -1), rankOf(x));
  int64_t p = n.attrs.getInt("p", 2);
  if (!axis)
    return failure();
  if (p != 1 && p != 2)
    return n.malformed("p must be 1 or 2");
  Value terms = p == 1 ? n.emit<tn::AbsOp>(x) : n.emit<tn::MulOp>(x, x);
  Value norm = n.reduce(tn::ReduceKind::Sum, terms, {*axis});
  if (p == 2)
    norm = n.emit<tn::SqrtOp>(norm);
  Value isZero = n.emit<tn::CompareOp>(tn::Predicate::Eq, norm, n.scalarLike(x, 0));
  return n.result(n.emit<tn::DivOp>(x, n.emit<tn::SelectOp>(isZero, n.scalarLike(x, 1), norm)));
}

/// (x - mean) / (deviation + 1e-9)
static LogicalResult importMeanVarianceNormalization(NodeImporter &n) {
  Value x = n.input(0);
  auto axes = n.axes(n.attrs.getInts("axes", {0, 2, 3}), rankOf(x));
  return axes ? n.result(normalize(n, x, *axes, 1e-18, false)) : failure();
}

void registerNormalizationOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"BatchNormalization", 1, 5, 5, importBatchNormalization},
      {"LayerNormalization", 17, 2, 3, importLayerNormalization},
      {"RMSNormalization", 23, 2, 2, importRmsNormalization},
      {"InstanceNormalization", 1, 3, 3, importInstanceNormalization},
      {"GroupNormalization", 18, 3, 3, importGroupNormalization},
      {"LRN", 1, 1, 1, importLrn},
      {"LpNormalization", 1, 1, 1, importLpNormalization},
      {"MeanVarianceNormalization", 9, 1, 1, importMeanVarianceNormalization},
  };
  registry.add(table);
}

} // namespace tenon::onnx

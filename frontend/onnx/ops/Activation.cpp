// Activation functions.

#include "frontend/onnx/NodeImporter.h"

using namespace mlir;

namespace tenon::onnx {

template <typename OpTy> static LogicalResult importUnary(NodeImporter &n) {
  n.ignore("consumed_inputs");
  return n.result(n.emit<OpTy>(n.input(0)));
}

static Value isBelow(NodeImporter &n, Value x, double limit) {
  return n.emit<tn::CompareOp>(tn::Predicate::Lt, x, n.scalarLike(x, limit));
}

static Value isAbove(NodeImporter &n, Value x, double limit) {
  return n.emit<tn::CompareOp>(tn::Predicate::Gt, x, n.scalarLike(x, limit));
}

static Value scale(NodeImporter &n, Value x, double factor) {
  return factor == 1 ? x : n.emit<tn::MulOp>(x, n.scalarLike(x, factor));
}

/// alpha * (exp(x) - 1)
static Value scaledExpm1(NodeImporter &n, Value x, double alpha) {
  return scale(n, n.emit<tn::SubOp>(n.emit<tn::ExpOp>(x), n.scalarLike(x, 1)), alpha);
}

/// max(x, 0) + log(1 + exp(-|x|)), which does not overflow.
static Value softplus(NodeImporter &n, Value x) {
  Value decay = n.emit<tn::ExpOp>(n.emit<tn::NegOp>(n.emit<tn::AbsOp>(x)));
  Value tail = n.emit<tn::LogOp>(n.emit<tn::AddOp>(decay, n.scalarLike(x, 1)));
  return n.emit<tn::AddOp>(n.emit<tn::ReluOp>(x), tail);
}

static Value hardSigmoid(NodeImporter &n, Value x, double alpha, double beta) {
  Value line = n.emit<tn::AddOp>(scale(n, x, alpha), n.scalarLike(x, beta));
  return n.emit<tn::MaxOp>(n.emit<tn::MinOp>(line, n.scalarLike(x, 1)), n.scalarLike(x, 0));
}

static LogicalResult importLeakyRelu(NodeImporter &n) {
  n.ignore("consumed_inputs");
  Value x = n.input(0);
  return n.result(n.emit<tn::SelectOp>(isBelow(n, x, 0), scale(n, x, n.attrs.getFloat("alpha", 0.01f)), x));
}

/// Before opset 7 a slope per channel stands as [C]; later it broadcasts like any operand.
static LogicalResult importPRelu(NodeImporter &n) {
  n.ignore("consumed_inputs");
  Value x = n.input(0), slope = n.input(1);
  if (n.opset() < 7 && rankOf(slope) == 1 && shapeOf(slope)[0] != 1 && rankOf(x) > 2) {
    SmallVector<int64_t> shape(rankOf(x) - 1, 1);
    shape[0] = shapeOf(slope)[0];
    slope = n.reshape(slope, shape);
  }
  return n.result(n.emit<tn::SelectOp>(isBelow(n, x, 0), n.emit<tn::MulOp>(x, slope), x));
}

static LogicalResult importElu(NodeImporter &n) {
  n.ignore("consumed_inputs");
  Value x = n.input(0);
  return n.result(n.emit<tn::SelectOp>(isBelow(n, x, 0), scaledExpm1(n, x, n.attrs.getFloat("alpha", 1)), x));
}

static LogicalResult importCelu(NodeImporter &n) {
  Value x = n.input(0);
  double alpha = n.attrs.getFloat("alpha", 1);
  Value negative = scaledExpm1(n, scale(n, x, 1 / alpha), alpha);
  return n.result(n.emit<tn::SelectOp>(isBelow(n, x, 0), negative, x));
}

static LogicalResult importSelu(NodeImporter &n) {
  n.ignore("consumed_inputs");
  Value x = n.input(0);
  // Opset 1 rounds the constants.
  bool legacy = n.opset() < 6;
  double alpha = n.attrs.getFloat("alpha", legacy ? 1.6732f : 1.67326319217681884765625f);
  double gamma = n.attrs.getFloat("gamma", legacy ? 1.0507f : 1.05070102214813232421875f);
  return n.result(scale(n, n.emit<tn::SelectOp>(isBelow(n, x, 0), scaledExpm1(n, x, alpha), x), gamma));
}

static LogicalResult importClipAttributes(NodeImporter &n) {
  n.ignore("consumed_inputs");
  Value result = n.input(0);
  if (n.attrs.has("min"))
    result = n.emit<tn::MaxOp>(result, n.scalarLike(result, n.attrs.getFloat("min", 0)));
  if (n.attrs.has("max"))
    result = n.emit<tn::MinOp>(result, n.scalarLike(result, n.attrs.getFloat("max", 0)));
  return n.result(result);
}

static LogicalResult importClip(NodeImporter &n) {
  Value result = n.input(0);
  for (unsigned i : {1u, 2u})
    if (n.has(i) && product(shapeOf(n.input(i))) != 1)
      return n.malformed("min and max must be scalars");
  if (n.has(1))
    result = n.emit<tn::MaxOp>(result, n.reshape(n.input(1), {}));
  if (n.has(2))
    result = n.emit<tn::MinOp>(result, n.reshape(n.input(2), {}));
  return n.result(result);
}

static LogicalResult importHardSigmoid(NodeImporter &n) {
  n.ignore("consumed_inputs");
  double alpha = n.attrs.getFloat("alpha", 0.2f), beta = n.attrs.getFloat("beta", 0.5f);
  return n.result(hardSigmoid(n, n.input(0), alpha, beta));
}

static LogicalResult importHardSwish(NodeImporter &n) {
  return n.result(n.emit<tn::MulOp>(n.input(0), hardSigmoid(n, n.input(0), 1.0 / 6, 0.5)));
}

static LogicalResult importSoftplus(NodeImporter &n) { return n.result(softplus(n, n.input(0))); }

static LogicalResult importSoftsign(NodeImporter &n) {
  Value x = n.input(0);
  return n.result(n.emit<tn::DivOp>(x, n.emit<tn::AddOp>(n.emit<tn::AbsOp>(x), n.scalarLike(x, 1))));
}

static LogicalResult importGelu(NodeImporter &n) {
  std::string approximate = n.attrs.getString("approximate", "none");
  if (approximate == "tanh")
    return n.result(n.emit<tn::GeluTanhOp>(n.input(0)));
  if (approximate != "none")
    return n.malformed("approximate must be none or tanh");
  return n.result(n.emit<tn::GeluOp>(n.input(0)));
}

static LogicalResult importMish(NodeImporter &n) {
  return n.result(n.emit<tn::MulOp>(n.input(0), n.emit<tn::TanhOp>(softplus(n, n.input(0)))));
}

static LogicalResult importThresholdedRelu(NodeImporter &n) {
  Value x = n.input(0);
  return n.result(n.emit<tn::SelectOp>(isAbove(n, x, n.attrs.getFloat("alpha", 1)), x, n.scalarLike(x, 0)));
}

static Value swish(NodeImporter &n, Value x, double alpha) {
  if (alpha == 1)
    return n.emit<tn::SiluOp>(x);
  return n.emit<tn::MulOp>(x, n.emit<tn::SigmoidOp>(scale(n, x, alpha)));
}

static LogicalResult importSwish(NodeImporter &n) {
  return n.result(swish(n, n.input(0), n.attrs.getFloat("alpha", 1)));
}

static LogicalResult importSwiGlu(NodeImporter &n) {
  return n.result(n.emit<tn::MulOp>(swish(n, n.input(0), n.attrs.getFloat("alpha", 1)), n.input(1)));
}

static LogicalResult importShrink(NodeImporter &n) {
  Value x = n.input(0), zero = n.scalarLike(x, 0);
  double bias = n.attrs.getFloat("bias", 0), limit = n.attrs.getFloat("lambd", 0.5f);
  Value lower = n.emit<tn::AddOp>(x, n.scalarLike(x, bias)), upper = n.emit<tn::SubOp>(x, n.scalarLike(x, bias));
  Value inner = n.emit<tn::SelectOp>(isAbove(n, x, limit), upper, zero);
  return n.result(n.emit<tn::SelectOp>(isBelow(n, x, -limit), lower, inner));
}

/// Before opset 13 softmax runs over everything from `axis` on; later along the one dimension.
template <bool log> static LogicalResult importSoftmax(NodeImporter &n) {
  Value x = n.input(0);
  bool flattens = n.opset() < 13;
  auto axis = n.axis(n.attrs.getInt("axis", flattens ? 1 : -1), std::max<int64_t>(1, rankOf(x)));
  if (!axis)
    return failure();
  SmallVector<int64_t> shape(shapeOf(x));
  if (!flattens || (*axis < rankOf(x) && product(ArrayRef(shape).drop_front(*axis + 1)) == 1))
    return n.result(n.emit<tn::SoftmaxOp>(x, *axis, log));
  ArrayRef<int64_t> dims(shape);
  Value flat = n.reshape(x, {product(dims.take_front(*axis)), product(dims.drop_front(*axis))});
  return n.result(n.reshape(n.emit<tn::SoftmaxOp>(flat, 1, log), shape));
}

/// One where the first maximum along the axis stands.
static LogicalResult importHardmax(NodeImporter &n) {
  Value x = n.input(0);
  bool flattens = n.opset() < 13;
  auto axis = n.axis(n.attrs.getInt("axis", flattens ? 1 : -1), std::max<int64_t>(1, rankOf(x)));
  if (!axis)
    return failure();
  SmallVector<int64_t> shape(shapeOf(x)), work(shape);
  if (flattens) {
    work = {product(ArrayRef(shape).take_front(*axis)), product(ArrayRef(shape).drop_front(*axis))};
    axis = 1;
  }
  Value best = n.reduce(tn::ReduceKind::ArgMax, n.reshape(x, work), {*axis});
  SmallVector<int64_t> line(work.size(), 1);
  line[*axis] = work[*axis];
  Value position = n.emitTyped<tn::IotaOp>(RankedTensorType::get(line, n.getBuilder().getI64Type()), *axis);
  Value hit = n.emit<tn::CompareOp>(tn::Predicate::Eq, position, best);
  return n.result(n.reshape(n.cast(hit, elementOf(x)), shape));
}

void registerActivationOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"Relu", 1, 1, 1, importUnary<tn::ReluOp>},
      {"Sigmoid", 1, 1, 1, importUnary<tn::SigmoidOp>},
      {"LeakyRelu", 1, 1, 1, importLeakyRelu},
      {"PRelu", 1, 2, 2, importPRelu},
      {"Elu", 1, 1, 1, importElu},
      {"Celu", 12, 1, 1, importCelu},
      {"Selu", 1, 1, 1, importSelu},
      {"Clip", 1, 1, 1, importClipAttributes},
      {"Clip", 11, 1, 3, importClip},
      {"HardSigmoid", 1, 1, 1, importHardSigmoid},
      {"HardSwish", 14, 1, 1, importHardSwish},
      {"Softplus", 1, 1, 1, importSoftplus},
      {"Softsign", 1, 1, 1, importSoftsign},
      {"Gelu", 20, 1, 1, importGelu},
      {"Mish", 18, 1, 1, importMish},
      {"ThresholdedRelu", 10, 1, 1, importThresholdedRelu},
      {"Swish", 24, 1, 1, importSwish},
      {"SwiGLU", 28, 2, 2, importSwiGlu},
      {"Shrink", 9, 1, 1, importShrink},
      {"Softmax", 1, 1, 1, importSoftmax<false>},
      {"LogSoftmax", 1, 1, 1, importSoftmax<true>},
      {"Hardmax", 1, 1, 1, importHardmax},
  };
  registry.add(table);
}

} // namespace tenon::onnx

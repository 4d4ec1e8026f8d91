// Optimizer steps: Adagrad, Adam, Momentum. One set of tensors per parameter.

#include "frontend/onnx/NodeImporter.h"

using namespace mlir;

namespace tenon::onnx {

namespace {

/// Inputs are the learning rate, the number of updates, then `lists` lists of tensors of one length.
class Optimizer {
public:
  Optimizer(NodeImporter &n, unsigned lists) : n(n), count((n.numInputs() - 2) / lists) {
    isMalformed = (n.numInputs() - 2) % lists || llvm::is_contained(n.inputs(), Value());
  }

  bool isMalformed;
  unsigned size() const { return count; }
  Value get(unsigned list, unsigned i) const { return n.input(2 + list * count + i); }
  Value rate(Value like) { return n.cast(n.input(0), elementOf(like)); }
  /// The number of updates as a number of `like`'s type.
  Value updates(Value like) { return n.cast(n.input(1), elementOf(like)); }
  Value isLater() { return n.emit<tn::CompareOp>(tn::Predicate::Gt, n.input(1), n.scalarLike(n.input(1), 0)); }
  Value add(Value x, Value y) { return n.emit<tn::AddOp>(x, y); }
  Value sub(Value x, Value y) { return n.emit<tn::SubOp>(x, y); }
  Value mul(Value x, Value y) { return n.emit<tn::MulOp>(x, y); }
  Value div(Value x, Value y) { return n.emit<tn::DivOp>(x, y); }
  Value scale(Value x, double c) { return mul(x, n.scalarLike(x, c)); }
  /// The gradient with the derivative of the squared norm.
  Value gradient(unsigned i) { return add(get(1, i), scale(get(0, i), n.attrs.getFloat("norm_coefficient", 0))); }

private:
  NodeImporter &n;
  unsigned count;
};

} // namespace

static LogicalResult importAdagrad(NodeImporter &n) {
  Optimizer o(n, 3);
  if (o.isMalformed)
    return n.malformed("inputs must be R, T and as many X as G and H");
  SmallVector<Value> parameters, squares;
  double decay = n.attrs.getFloat("decay_factor", 0), epsilon = n.attrs.getFloat("epsilon", 0);
  for (unsigned i = 0; i < o.size(); ++i) {
    Value x = o.get(0, i), g = o.gradient(i);
    Value rate = o.div(o.rate(x), o.add(o.scale(o.updates(x), decay), n.scalarLike(x, 1)));
    Value sum = o.add(o.get(2, i), o.mul(g, g));
    Value root = o.add(n.emit<tn::SqrtOp>(sum), n.scalarLike(x, epsilon));
    parameters.push_back(o.sub(x, o.div(o.mul(rate, g), root)));
    squares.push_back(sum);
  }
  parameters.append(squares);
  return n.results(parameters);
}

static LogicalResult importMomentum(NodeImporter &n) {
  Optimizer o(n, 3);
  if (o.isMalformed)
    return n.malformed("inputs must be R, T and as many X as G and V");
  bool nesterov = n.attrs.getString("mode", "standard") == "nesterov";
  double alpha = n.attrs.getFloat("alpha", 0), beta = n.attrs.getFloat("beta", 0);
  SmallVector<Value> parameters, velocities;
  for (unsigned i = 0; i < o.size(); ++i) {
    Value x = o.get(0, i), g = o.gradient(i);
    Value later = n.emit<tn::SelectOp>(n.reshape(o.isLater(), {}), n.scalarLike(x, beta), n.scalarLike(x, 1));
    Value v = o.add(o.scale(o.get(2, i), alpha), o.mul(later, g));
    Value step = nesterov ? o.add(g, o.scale(v, alpha)) : v;
    parameters.push_back(o.sub(x, o.mul(o.rate(x), step)));
    velocities.push_back(v);
  }
  parameters.append(velocities);
  return n.results(parameters);
}

static LogicalResult importAdam(NodeImporter &n) {
  Optimizer o(n, 4);
  if (o.isMalformed)
    return n.malformed("inputs must be R, T and as many X as G, V and H");
  double alpha = n.attrs.getFloat("alpha", 0.9f), beta = n.attrs.getFloat("beta", 0.999f);
  double epsilon = n.attrs.getFloat("epsilon", 0), post = n.attrs.getFloat("norm_coefficient_post", 0);
  SmallVector<Value> parameters, means, squares;
  for (unsigned i = 0; i < o.size(); ++i) {
    Value x = o.get(0, i), g = o.gradient(i), one = n.scalarLike(x, 1), t = o.updates(x);
    Value v = o.add(o.scale(o.get(2, i), alpha), o.scale(g, 1 - alpha));
    Value h = o.add(o.scale(o.get(3, i), beta), o.scale(o.mul(g, g), 1 - beta));
    Value root = o.add(n.emit<tn::SqrtOp>(h), n.scalarLike(x, epsilon));
    Value spread = n.emit<tn::SqrtOp>(o.sub(one, n.emit<tn::PowOp>(n.scalarLike(x, beta), t)));
    Value corrected = o.div(o.mul(o.rate(x), spread), o.sub(one, n.emit<tn::PowOp>(n.scalarLike(x, alpha), t)));
    Value rate = n.emit<tn::SelectOp>(o.isLater(), corrected, o.rate(x));
    parameters.push_back(o.scale(o.sub(x, o.div(o.mul(rate, v), root)), 1 - post));
    means.push_back(v);
    squares.push_back(h);
  }
  parameters.append(means);
  parameters.append(squares);
  return n.results(parameters);
}

void registerTrainingOps(OpRegistry &registry) {
  static constexpr const char *domain = "ai.onnx.preview.training";
  static constexpr OpEntry table[] = {
      {"Adagrad", 1, 2, anyNumber, importAdagrad, domain},
      {"Adam", 1, 2, anyNumber, importAdam, domain},
      {"Momentum", 1, 2, anyNumber, importMomentum, domain},
  };
  registry.add(table);
}

} // namespace tenon::onnx

// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.

#include "frontend/onnx/NodeImporter.h"

using namespace mlir;

namespace tenon::onnx {

/// -weight[target] * input[target] along dimension 1 of logProbability [N, C, d...]; reduced as the attribute
/// says. Targets equal to ignore_index have weight 0.
static Value negativeLogLikelihood(NodeImporter &n, Value logProbability) {
  Value target = n.input(1);
  if (!logProbability)
    return {};
  SmallVector<int64_t> shape(shapeOf(target)), column(shape);
  std::string reduction = n.attrs.getString("reduction", "mean");
  if (rankOf(logProbability) != rankOf(target) + 1 || rankOf(target) < 1)
    return (void)n.malformed("the target must have one dimension less than the input"), Value();
  column.insert(column.begin() + 1, 1);
  Value ignored;
  if (n.attrs.has("ignore_index")) {
    Value index = n.scalarLike(target, static_cast<double>(n.attrs.getInt("ignore_index", 0)));
    ignored = n.emit<tn::CompareOp>(tn::Predicate::Eq, target, index);
    target = n.emit<tn::SelectOp>(ignored, n.scalarLike(target, 0), target);
  }
  Value picked = n.emit<tn::GatherElementsOp>(logProbability, n.reshape(target, column), uint64_t(1));
  Value loss = n.emit<tn::NegOp>(n.reshape(picked, shape)), weight;
  if (n.has(2))
    weight = n.emit<tn::GatherOp>(n.input(2), target, uint64_t(0));
  if (ignored) {
    Value kept = weight ? weight : n.splat(RankedTensorType::get(shape, elementOf(logProbability)), 1);
    weight = n.emit<tn::SelectOp>(ignored, n.scalarLike(logProbability, 0), kept);
    loss = n.emit<tn::SelectOp>(ignored, n.scalarLike(loss, 0), loss);
  }
  if (weight)
    loss = n.emit<tn::MulOp>(loss, weight);
  if (reduction == "none")
    return loss;
  SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  auto total = [&](Value v) { return n.reshape(n.reduce(tn::ReduceKind::Sum, v, all), {}); };
  if (reduction == "sum")
    return total(loss);
  if (reduction != "mean")
    return (void)n.malformed("reduction must be none, sum or mean"), Value();
  return weight ? n.emit<tn::DivOp>(total(loss), total(weight)) : n.reshape(n.mean(loss, all), {});
}

static LogicalResult importNegativeLogLikelihoodLoss(NodeImporter &n) {
  return n.result(negativeLogLikelihood(n, n.input(0)));
}

static LogicalResult importSoftmaxCrossEntropyLoss(NodeImporter &n) {
  Value logProbability = n.emit<tn::SoftmaxOp>(n.input(0), uint64_t(1), true);
  return n.results({negativeLogLikelihood(n, logProbability), logProbability});
}

void registerLossOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"NegativeLogLikelihoodLoss", 12, 2, 3, importNegativeLogLikelihoodLoss},
      {"SoftmaxCrossEntropyLoss", 12, 2, 3, importSoftmaxCrossEntropyLoss},
  };
  registry.add(table);
}

} // namespace tenon::onnx

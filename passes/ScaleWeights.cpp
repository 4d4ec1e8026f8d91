//===- ScaleWeights.cpp - Factors of maps become factors of weights ------===//
#include "mlir/IR/Remarks.h"
#include "passes/Passes.h"
#include "passes/Permutations.h"
#include "passes/Steps.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_SCALEWEIGHTS
#include "passes/Passes.h.inc"

namespace {

/// Elements of a map that cost as much to multiply as one of the weights: the map has just been computed and lies in a
/// cache, weights come from memory, and a kernel that only multiplies them waits for all of it.
constexpr int64_t kWeightsPrice = 4;

int64_t countElements(Value v) { return product(shapeOf(v)); }

/// Two operands of a sum of products.
struct Operands {
  OpOperand *map, *weights;
  /// For each dimension of the map the dimension of the weights that it is multiplied along, or -1.
  SmallVector<int64_t> dims;
};

SmallVector<Operands> operandsOf(ConvOp op) {
  if (op.getGroups() != 1)
    return {};
  Operands operands = {&op.getInputMutable(), &op.getFilterMutable(), {}};
  operands.dims.assign(shapeOf(op.getInput()).size(), -1);
  operands.dims[op.getChannelDim()] = 1;
  return {operands};
}

SmallVector<Operands> operandsOf(ContractOp op) {
  auto pair = [](OpOperand &map, ArrayRef<int64_t> own, OpOperand &weights, ArrayRef<int64_t> other) {
    Operands operands = {&map, &weights, {}};
    for (int64_t loop : own)
      operands.dims.push_back(llvm::is_contained(other, loop) ? llvm::find(other, loop) - other.begin() : -1);
    return operands;
  };
  OpOperand &lhs = op.getLhsMutable(), &rhs = op.getRhsMutable();
  return {pair(lhs, op.getLhsDims(), rhs, op.getRhsDims()), pair(rhs, op.getRhsDims(), lhs, op.getLhsDims())};
}

SmallVector<Operands> operandsOf(Operation *op) {
  // Products of narrower floats might overflow.
  Type element = getElementTypeOrSelf(op->getResultTypes()[0]);
  if (!element.isF32() && !element.isF64())
    return {};
  if (auto conv = dyn_cast<ConvOp>(op))
    return operandsOf(conv);
  return operandsOf(cast<ContractOp>(op));
}

/// A map as it is without its factor, and the factor in the shape in which it multiplies the weights.
struct Scaling {
  Value unscaled, factor;
  SmallVector<int64_t> shape;

  static std::optional<Scaling> get(const Operands &operands) {
    auto scale = operands.map->get().getDefiningOp<MulOp>();
    if (!scale || !scale->hasOneUse())
      return std::nullopt;
    int64_t rank = shapeOf(operands.weights->get()).size();
    for (auto [unscaled, factor] : {std::pair(scale.getLhs(), scale.getRhs()), {scale.getRhs(), scale.getLhs()}}) {
      auto shape = shapeOfFactor(shapeOf(factor), operands.dims, rank);
      if (shape && unscaled.getType() == scale.getType())
        return Scaling{unscaled, factor, *shape};
    }
    return std::nullopt;
  }

  /// Whether the kernel that computes the map can multiply it in registers.
  bool isFree() const { return unscaled.getDefiningOp() && unscaled.hasOneUse(); }
};

struct ScaleWeights : impl::ScaleWeightsBase<ScaleWeights> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Operation *> products;
    for (Operation &op : getOperation().getBody().front())
      if (isa<ContractOp, ConvOp>(op))
        products.push_back(&op);
    for (Operation *op : products)
      for (const Operands &operands : operandsOf(op))
        if (std::optional<Scaling> scaling = Scaling::get(operands); scaling && !scaling->isFree())
          considerMoving(operands, *scaling);
  }

  void considerMoving(const Operands &operands, const Scaling &scaling) {
    int64_t mapSize = countElements(operands.map->get()), weightsSize = countElements(operands.weights->get());
    Location loc = operands.map->get().getLoc();
    std::string sizes = std::to_string(weightsSize) + " elements for " + std::to_string(mapSize);
    if (kWeightsPrice * weightsSize >= mapSize) {
      remark::missed(loc, remark::RemarkOpts::name("stays").category("tn-scale-weights"))
          << "a factor stays: multiplying the other operand would be no cheaper, " + sizes;
      return;
    }
    if (budget == 0 || !mayStep(operands.map->getOwner(), "scale weights"))
      return;
    remark::passed(loc, remark::RemarkOpts::name("moved").category("tn-scale-weights"))
        << "a factor multiplies the other operand: " + sizes;
    move(operands, scaling);
    ++moved;
    budget = budget - 1;
  }

  static void move(const Operands &operands, const Scaling &scaling) {
    Operation *scale = operands.map->get().getDefiningOp();
    OpBuilder b(operands.map->getOwner());
    Value factor = createReshape(b, scale->getLoc(), scaling.factor, scaling.shape);
    operands.weights->set(MulOp::create(b, scale->getLoc(), operands.weights->get(), factor));
    operands.map->set(scaling.unscaled);
    scale->erase();
  }
};

} // namespace
} // namespace tenon

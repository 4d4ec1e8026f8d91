//===- FoldConstants.cpp - Evaluation of operations on constants ---------===//
#include "ir/Constant.h"
#include "ir/Folding.h"
#include "passes/Passes.h"
#include "passes/Permutations.h"
#include "passes/Provenance.h"
#include "passes/Steps.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "passes/Passes.h.inc"

namespace {

int64_t totalBytes(TypeRange types) {
  int64_t bytes = 0;
  for (Type type : types)
    bytes += product(cast<RankedTensorType>(type).getShape()) * elementBytes(getElementTypeOrSelf(type));
  return bytes;
}

bool isStatic(TypeRange types) {
  return llvm::all_of(types, [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape();
  });
}

/// The results of an operation on constants of any size; nothing if a constant's bytes are not known.
std::optional<SmallVector<Attribute>> evaluate(Operation *op) {
  SmallVector<Tensor> inputs, outputs;
  for (Value operand : op->getOperands()) {
    std::optional<Tensor> value = constantValue(operand);
    if (!value)
      return std::nullopt;
    inputs.push_back(*value);
  }
  for (Type type : op->getResultTypes())
    outputs.emplace_back(cast<RankedTensorType>(type));
  if (failed(cast<ReferenceOpInterface>(op).evaluate(inputs, outputs)))
    return std::nullopt;
  return llvm::map_to_vector(outputs, [](const Tensor &t) { return constantAttribute(t); });
}

struct FoldConstants : impl::FoldConstantsBase<FoldConstants> {
  using Base::Base;

  void runOnOperation() override {
    int64_t left = budget;
    getOperation().walk([&](Operation *op) {
      if (left != 0 && fold(op))
        --left;
    });
    eraseUnusedConstants();
  }

  bool fold(Operation *op) {
    if (!isa<ReferenceOpInterface>(op) || op->getNumRegions() != 0 || !llvm::all_of(op->getOperands(), isConstant) ||
        !isStatic(op->getResultTypes()) || op->use_empty() || !mayStep(op, "evaluate"))
      return false;
    std::optional<SmallVector<Attribute>> values = foldConstant(op);
    if (!values && isWorthIt(op))
      values = evaluate(op);
    if (!values)
      return false;
    OpBuilder b(op);
    for (auto [result, value] : llvm::zip(op->getResults(), *values)) {
      auto constant = ConstantOp::create(b, op->getLoc(), result.getType(), value);
      for (Value operand : op->getOperands())
        inheritLocation(constant, operand.getDefiningOp()->getLoc());
      result.replaceAllUsesWith(constant);
    }
    op->erase();
    ++folded;
    return true;
  }

  bool isWorthIt(Operation *op) {
    if (totalBytes(op->getResultTypes()) <= std::max<int64_t>(maxGrowth, totalBytes(op->getOperandTypes())))
      return true;
    ++kept;
    return false;
  }

  void eraseUnusedConstants() {
    getOperation().walk([](ConstantOp op) {
      if (op->use_empty())
        op->erase();
    });
  }
};

} // namespace
} // namespace tenon

//===- DecomposeComposites.cpp - Composites that no template takes whole -===//
#include "passes/Passes.h"
#include "passes/Steps.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_DECOMPOSECOMPOSITES
#include "passes/Passes.h.inc"

namespace {

/// Whether an operation reduces other dimensions than the trailing ones, or an empty tensor.
bool reducesAcross(Operation *op) {
  auto reduce = dyn_cast<tn::ReduceOp>(op);
  if (!reduce)
    return false;
  RankedTensorType type = reduce.getOperand().getType();
  int64_t first = type.getRank() - static_cast<int64_t>(reduce.getAxes().size());
  return type.getNumElements() == 0 || (!reduce.getAxes().empty() && reduce.getAxes().front() != first);
}

struct DecomposeComposites : impl::DecomposeCompositesBase<DecomposeComposites> {
  using DecomposeCompositesBase::DecomposeCompositesBase;

  void runOnOperation() override {
    SmallVector<tn::DecomposableOpInterface> composites;
    getOperation().walk([&](tn::DecomposableOpInterface op) { composites.push_back(op); });
    for (tn::DecomposableOpInterface op : composites)
      if (budget != 0 && mayStep(op, "decompose") && rewrite(op)) {
        ++decomposed;
        budget = budget - 1;
      }
  }

  /// Puts the simpler operations in front of the composite; they replace it, or go again if it can stay
  /// whole.
  static bool rewrite(tn::DecomposableOpInterface composite) {
    Operation *op = composite, *before = op->getPrevNode();
    OpBuilder b(op);
    SmallVector<Value> values = composite.decompose(b);
    SmallVector<Operation *> created;
    for (Operation *o = op->getPrevNode(); o != before; o = o->getPrevNode())
      created.push_back(o);
    bool isNeeded = llvm::any_of(created, reducesAcross);
    if (isNeeded) {
      op->replaceAllUsesWith(values);
      op->erase();
      return true;
    }
    for (Operation *o : created)
      o->erase();
    return false;
  }
};

} // namespace
} // namespace tenon

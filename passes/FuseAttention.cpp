//===- FuseAttention.cpp - Scores, softmax and values in one kernel ------===//
//
// Joins the kernel that computes attention's scores, that of their softmax and that which multiplies by the values, if
// nothing else reads what lies between and a template takes the three together. The scores, which grow with the square
// of the sequence, then stay in the cache.
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/Remarks.h"
#include "passes/JoinChain.h"
#include "passes/KernelModel.h"
#include "passes/Passes.h"
#include "passes/Steps.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_FUSEATTENTION
#include "passes/Passes.h.inc"

namespace {

/// The kernel that computes `v`, if `v` is all that it computes and has one reader.
tn::KernelOp onlyProducer(Value v) {
  auto kernel = v.getDefiningOp<tn::KernelOp>();
  return kernel && kernel->getNumResults() == 1 && v.hasOneUse() ? kernel : nullptr;
}

bool hasSoftmax(tn::KernelOp kernel) {
  return llvm::any_of(*kernel.getBlock(), [](Operation &op) { return isa<tn::SoftmaxOp>(op); });
}

/// The operations of a chain of kernels in one kernel.
tn::KernelOp joinKernels(ArrayRef<tn::KernelOp> chain) {
  return joinChain(chain, [&](OpBuilder &b, IRMapping &arguments) {
    IRMapping values;
    for (tn::KernelOp kernel : chain) {
      for (auto [inner, outer] : llvm::zip(kernel.getBlock()->getArguments(), kernel.getInputs()))
        values.map(inner, arguments.lookup(outer));
      for (Operation &op : kernel.getBlock()->without_terminator())
        b.clone(op, values);
      for (auto [result, value] : llvm::zip(kernel->getResults(), kernel.getYield().getValues()))
        arguments.map(result, values.lookup(value));
    }
    tn::KernelOp last = chain.back();
    return llvm::map_to_vector(last->getResults(), [&](Value result) { return arguments.lookup(result); });
  });
}

struct FuseAttention : impl::FuseAttentionBase<FuseAttention> {
  using FuseAttentionBase::FuseAttentionBase;
  explicit FuseAttention(const KernelLibrary *library) : library(library) {}

  void runOnOperation() override {
    const KernelModel *model = library ? library->find("attention") : nullptr;
    if (!model)
      return;
    SmallVector<tn::KernelOp> softmaxes;
    for (auto kernel : getOperation().getOps<tn::KernelOp>())
      if (hasSoftmax(kernel) && kernel->getNumResults() == 1 && kernel->hasOneUse())
        softmaxes.push_back(kernel);
    for (tn::KernelOp softmax : softmaxes) {
      auto values = dyn_cast<tn::KernelOp>(*softmax->user_begin());
      for (Value input : softmax.getInputs())
        if (tn::KernelOp scores = onlyProducer(input); scores && values) {
          join(*model, {scores, softmax, values});
          break;
        }
    }
  }

private:
  void join(const KernelModel &model, ArrayRef<tn::KernelOp> chain) {
    tn::KernelOp last = chain.back(), joined = joinKernels(chain);
    if (budget == 0 || !model.match(joined) || !mayStep(last, "join attention")) {
      joined.erase();
      return;
    }
    joined.setTemplateName(model.getName());
    remark::passed(joined.getLoc(), remark::RemarkOpts::name("fused").category("tn-fuse"))
        << "scores, softmax and values are one kernel of template attention";
    last->replaceAllUsesWith(joined->getResults());
    for (tn::KernelOp kernel : llvm::reverse(chain))
      kernel.erase();
    budget = budget - 1;
    ++this->joined;
  }

  const KernelLibrary *library = nullptr;
};

} // namespace

std::unique_ptr<Pass> createFuseAttention(const KernelLibrary &library) {
  return std::make_unique<FuseAttention>(&library);
}

} // namespace tenon

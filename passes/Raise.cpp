//===- Raise.cpp - Recognition of what exporters took apart --------------===//
//
// The rules stand in RaiseActivations.cpp and RaiseNormalizations.cpp; each replaces primitives by one
// operation that no rule matches as a root, so they end.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/RaiseMatch.h"
#include "passes/Rewrites.h"

using namespace mlir;

namespace tenon {
#define GEN_PASS_DEF_RAISE
#include "passes/Passes.h.inc"

namespace {

int64_t countComposites(Operation *root) {
  int64_t count = 0;
  root->walk([&](Operation *op) {
    count += isa<tn::SigmoidOp, tn::SiluOp, tn::GeluOp, tn::GeluTanhOp, tn::SoftmaxOp, tn::NormalizeOp>(op);
  });
  return count;
}

struct Raise : impl::RaiseBase<Raise> {
  using Base::Base;
  void runOnOperation() override {
    int64_t before = countComposites(getOperation());
    RewritePatternSet patterns(&getContext());
    addActivationRules(patterns);
    addNormalizationRules(patterns);
    if (failed(applyRewrites(getOperation(), std::move(patterns), budget)))
      return signalPassFailure();
    raised += countComposites(getOperation()) - before;
  }
};

} // namespace
} // namespace tenon

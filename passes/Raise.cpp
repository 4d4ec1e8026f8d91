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
struct Raise : impl::RaiseBase<Raise> {
  using Base::Base;
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    addActivationRules(patterns);
    addNormalizationRules(patterns);
    if (failed(applyRewrites(getOperation(), std::move(patterns), budget)))
      signalPassFailure();
  }
};
} // namespace
} // namespace tenon

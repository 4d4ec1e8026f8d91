//===- Simplify.cpp - Algebraic and structural simplification ------------===//
//
// The rules stand in SimplifyArithmetic.cpp and SimplifyMovement.cpp. Why they end: each takes away an
// operation or an operand's dimension, moves a constant to the right, or replaces an operation by one that no
// rule turns back.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/Rewrites.h"

using namespace mlir;

namespace tenon {
#define GEN_PASS_DEF_SIMPLIFY
#include "passes/Passes.h.inc"

namespace {
struct Simplify : impl::SimplifyBase<Simplify> {
  using Base::Base;
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    addDialectPatterns(patterns);
    addArithmeticRules(patterns);
    addMovementRules(patterns);
    if (failed(applyRewrites(getOperation(), std::move(patterns), budget)))
      signalPassFailure();
  }
};
} // namespace
} // namespace tenon

#include "passes/Passes.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_SIMPLIFY
#include "passes/Passes.h.inc"

namespace {
struct Simplify : impl::SimplifyBase<Simplify> {
  using Base::Base;
  void runOnOperation() override {}
};
} // namespace
} // namespace tenon

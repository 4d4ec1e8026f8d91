#include "passes/Passes.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_RAISE
#include "passes/Passes.h.inc"

namespace {
struct Raise : impl::RaiseBase<Raise> {
  using Base::Base;
  void runOnOperation() override {}
};
} // namespace
} // namespace tenon

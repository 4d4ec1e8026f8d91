#include "passes/Passes.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_LAYOUT
#include "passes/Passes.h.inc"

namespace {
struct Layout : impl::LayoutBase<Layout> {
  using Base::Base;
  void runOnOperation() override {}
};
} // namespace
} // namespace tenon

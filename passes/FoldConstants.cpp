#include "passes/Passes.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "passes/Passes.h.inc"

namespace {
struct FoldConstants : impl::FoldConstantsBase<FoldConstants> {
  using Base::Base;
  void runOnOperation() override {}
};
} // namespace
} // namespace tenon

#include "passes/Passes.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_FOLDSCALES
#include "passes/Passes.h.inc"

namespace {
struct FoldScales : impl::FoldScalesBase<FoldScales> {
  using Base::Base;
  void runOnOperation() override {}
};
} // namespace
} // namespace tenon

#include "passes/Passes.h"

using namespace mlir;
using namespace tenon::tn;

namespace tenon {
#define GEN_PASS_DEF_SINKRESHAPES
#include "passes/Passes.h.inc"

namespace {
struct SinkReshapes : impl::SinkReshapesBase<SinkReshapes> {
  using Base::Base;
  void runOnOperation() override {}
};
} // namespace
} // namespace tenon

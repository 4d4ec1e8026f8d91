//===- MaterializePadding.cpp - Padding of convolutions as an operation --===//
#include "passes/Passes.h"
#include "passes/Steps.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_MATERIALIZEPADDING
#include "passes/Passes.h.inc"

namespace {

struct MaterializePadding : impl::MaterializePaddingBase<MaterializePadding> {
  using MaterializePaddingBase::MaterializePaddingBase;

  void runOnOperation() override {
    SmallVector<tn::ConvOp> convolutions;
    getOperation().walk([&](tn::ConvOp conv) { convolutions.push_back(conv); });
    for (tn::ConvOp conv : convolutions)
      if (isPadded(conv) && budget != 0 && mayStep(conv, "materialize padding")) {
        rewrite(conv);
        ++materialized;
        budget = budget - 1;
      }
  }

  static bool isPadded(tn::ConvOp conv) {
    auto isPositive = [](int64_t p) { return p > 0; };
    auto isNegative = [](int64_t p) { return p < 0; };
    bool dilated = llvm::any_of(conv.getInputDilation(), [](int64_t d) { return d != 1; });
    return conv.getChannelsLast() && !dilated &&
           (llvm::any_of(conv.getLow(), isPositive) || llvm::any_of(conv.getHigh(), isPositive)) &&
           llvm::none_of(conv.getLow(), isNegative) && llvm::none_of(conv.getHigh(), isNegative);
  }

  static void rewrite(tn::ConvOp conv) {
    OpBuilder b(conv);
    int64_t rank = conv.getType().getRank();
    SmallVector<int64_t> low(rank, 0), high(rank, 0);
    for (int64_t i = 0; i < conv.getSpatialRank(); ++i) {
      low[conv.getSpatialDim(i)] = conv.getLow()[i];
      high[conv.getSpatialDim(i)] = conv.getHigh()[i];
    }
    Value padded = tn::PadOp::create(b, conv.getLoc(), conv.getInput(), tn::PadMode::Constant, low, high,
                                     b.getF64FloatAttr(0).getValue());
    SmallVector<int64_t> none(conv.getSpatialRank(), 0);
    conv.getInputMutable().assign(padded);
    conv.setLow(none);
    conv.setHigh(none);
  }
};

} // namespace
} // namespace tenon

//===- Winograd.cpp - Winograd's algorithm where it pays -----------------===//
#include "mlir/IR/Remarks.h"
#include "passes/Passes.h"
#include "passes/Steps.h"
#include "passes/Values.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_WINOGRAD
#include "passes/Passes.h.inc"

namespace {

/// Columns of a panel, those of the contraction template.
constexpr int64_t kPanel = 32;
/// Channels come in whole vectors of every target.
constexpr int64_t kChannels = 16;

/// What a convolution costs, in floating-point operations of one core at its peak.
class CostModel {
public:
  explicit CostModel(tn::ConvOp conv) {
    ArrayRef<int64_t> shape = conv.getType().getShape();
    images = shape[0];
    height = shape[1];
    width = shape[2];
    filters = static_cast<double>(llvm::alignTo(shape[3], kPanel));
    channels = static_cast<double>(conv.getFilter().getType().getDimSize(1));
  }

  double direct() const { return cost(9 * static_cast<double>(images * height * width), 9, kDirectRate); }

  double winograd(int64_t tile) const {
    auto points = static_cast<double>((tile + 2) * (tile + 2));
    auto tiles = static_cast<double>(images * llvm::divideCeil(height, tile) * llvm::divideCeil(width, tile));
    return cost(points * tiles, points, kProductRate) + kTransform * points * tiles * (channels + filters);
  }

private:
  /// Shares of the peak that the direct form and the products of the transformed tiles reach.
  static constexpr double kDirectRate = 0.95, kProductRate = 0.85;
  /// Operations that the time of transforming one value into or out of the domain is worth.
  static constexpr double kTransform = 14;
  /// Operations that a core does while a byte comes from memory.
  static constexpr double kPerByte = 5;

  /// `products` multiply-adds per pair of channel and filter, for which `weights` weights are read.
  double cost(double products, double weights, double rate) const {
    double pairs = channels * filters;
    return std::max(2 * products * pairs / rate, 4 * kPerByte * weights * pairs);
  }

  int64_t images, height, width;
  double channels, filters;
};

/// Why a convolution can't be computed by Winograd's algorithm; empty if it can.
std::string findObstacle(tn::ConvOp conv) {
  auto all = [](ArrayRef<int64_t> list, int64_t value) {
    return llvm::all_of(list, [value](int64_t i) { return i == value; });
  };
  ArrayRef<int64_t> filter = conv.getFilter().getType().getShape();
  if (conv.getSpatialRank() != 2 || filter[2] != 3 || filter[3] != 3)
    return "the filter is not one of 3x3";
  if (!all(conv.getStrides(), 1))
    return "it has strides";
  if (!all(conv.getDilations(), 1) || !all(conv.getInputDilation(), 1))
    return "it is dilated";
  if (conv.getGroups() != 1)
    return "it has groups";
  if (!conv.getType().getElementType().isF32())
    return "its elements are not f32";
  if (!conv.getChannelsLast())
    return "its channels are not last";
  if (filter[1] % kChannels != 0)
    return "its " + std::to_string(filter[1]) + " channels are no multiple of " + std::to_string(kChannels);
  if (!all(conv.getLow(), 0) || !all(conv.getHigh(), 0))
    return "its padding is no operation of its own";
  if (!isCompileTime(conv.getFilter()))
    return "its filter is not known when compiling";
  return conv.getType().getNumElements() == 0 || filter[1] == 0 ? "it is empty" : "";
}

remark::detail::InFlightRemark remarkMissed(tn::ConvOp conv) {
  return remark::missed(conv.getLoc(), remark::RemarkOpts::name("direct").category("tn-winograd"));
}

std::string millions(double cost) { return llvm::formatv("{0:f1} M", cost / 1e6); }

struct Winograd : impl::WinogradBase<Winograd> {
  using WinogradBase::WinogradBase;

  void runOnOperation() override {
    for (tn::ConvOp conv : llvm::to_vector(getOperation().getOps<tn::ConvOp>())) {
      if (budget == 0)
        continue;
      if (std::string obstacle = findObstacle(conv); !obstacle.empty()) {
        remarkMissed(conv) << "direct convolution: " + obstacle;
        continue;
      }
      if (!mayStep(conv, "choose algorithm"))
        continue;
      SmallVector<int64_t> tiles = cheaperTiles(conv);
      auto covered = llvm::find_if(tiles, [&](int64_t tile) { return choose(conv, tile); });
      if (tiles.empty())
        remarkMissed(conv) << "direct convolution: " + explainCost(conv);
      else if (covered == tiles.end())
        remarkMissed(conv)
            << "direct convolution: the output is no multiple of the tile, and there is no padding of its "
               "own that could be widened";
    }
  }

  /// Replaces a convolution by one with tiles of this size, if its input covers them.
  bool choose(tn::ConvOp conv, int64_t tile) {
    Value input = coveringInput(conv, tile);
    if (!input)
      return false;
    remark::passed(conv.getLoc(), remark::RemarkOpts::name("chosen").category("tn-winograd"))
        << "Winograd's algorithm with tiles of " + std::to_string(tile) + "x" + std::to_string(tile) + ": " +
               explainCost(conv);
    rewrite(conv, input, tile);
    ++rewritten;
    budget = budget - 1;
    return true;
  }

  std::string explainCost(tn::ConvOp conv) {
    CostModel model(conv);
    std::string text = "estimated at " + millions(model.direct()) + " operations directly";
    for (int64_t tile : {2, 4})
      if (tile <= largestTile)
        text += ", " + millions(model.winograd(tile)) + " with tiles of " + std::to_string(tile) + "x" +
                std::to_string(tile);
    return largestTile < 2 ? "Winograd's algorithm is switched off" : text;
  }

  /// The tiles that cost less than the direct form, cheapest first.
  SmallVector<int64_t> cheaperTiles(tn::ConvOp conv) {
    CostModel model(conv);
    SmallVector<int64_t> tiles;
    for (int64_t tile : {2, 4})
      if (tile <= largestTile && model.winograd(tile) < model.direct())
        tiles.push_back(tile);
    llvm::sort(tiles, [&](int64_t x, int64_t y) { return model.winograd(x) < model.winograd(y); });
    return tiles;
  }

  /// The input, with a padding that covers whole tiles. Null if it has no padding of its own that could be widened.
  static Value coveringInput(tn::ConvOp conv, int64_t tile) {
    auto type = conv.getInput().getType();
    SmallVector<int64_t> missing(4, 0);
    for (int64_t d : {1, 2})
      missing[d] = static_cast<int64_t>(llvm::alignTo(conv.getType().getDimSize(d), tile)) + 2 - type.getDimSize(d);
    if (missing[1] <= 0 && missing[2] <= 0)
      return conv.getInput();
    auto pad = conv.getInput().getDefiningOp<tn::PadOp>();
    if (!pad || !pad->hasOneUse() || pad.getMode() != tn::PadMode::Constant || !pad.getValue().isZero())
      return {};
    SmallVector<int64_t> high(pad.getHigh());
    for (int64_t d : {1, 2})
      high[d] += std::max<int64_t>(0, missing[d]);
    OpBuilder b(pad);
    return tn::PadOp::create(b, pad.getLoc(), pad.getOperand(), pad.getMode(), pad.getLow(), high, pad.getValue());
  }

  static void rewrite(tn::ConvOp conv, Value input, int64_t tile) {
    OpBuilder b(conv);
    ArrayRef<int64_t> shape = conv.getType().getShape();
    Value filter = tn::WinogradFilterOp::create(b, conv.getLoc(), conv.getFilter(), tile, kPanel);
    Value result = tn::WinogradConvOp::create(b, conv.getLoc(), input, filter, tile, shape.slice(1, 2), shape[3]);
    Operation *padding = conv.getInput().getDefiningOp();
    conv.replaceAllUsesWith(result);
    conv.erase();
    if (padding && padding->use_empty())
      padding->erase();
  }
};

} // namespace
} // namespace tenon

#include "codegen/kernels/depthwise/PixelTile.h"
#include <limits>

using namespace mlir;

namespace tenon::codegen {

SmallVector<int64_t> PixelAxis::positions(int64_t pixels) const {
  SmallVector<int64_t> all;
  for (int64_t pixel = 0; pixel < pixels; ++pixel)
    for (int64_t tap = 0; tap < taps; ++tap)
      all.push_back(pixel * stride + tap * dilation);
  llvm::sort(all);
  all.erase(llvm::unique(all), all.end());
  return all;
}

SmallVector<std::pair<int64_t, int64_t>> PixelAxis::uses(int64_t position, int64_t pixels) const {
  SmallVector<std::pair<int64_t, int64_t>> pairs;
  for (int64_t pixel = 0; pixel < pixels; ++pixel)
    for (int64_t tap = 0; tap < taps; ++tap)
      if (pixel * stride + tap * dilation == position)
        pairs.push_back({pixel, tap});
  return pairs;
}

PixelTile::PixelTile(tn::ConvOp conv) {
  ArrayRef<int64_t> shape = conv.getType().getShape(), taps = conv.getFilter().getType().getShape().drop_front(2);
  auto axis = [&](int64_t i) -> PixelAxis {
    return {shape[conv.getSpatialDim(i)], taps[i], conv.getStrides()[i], conv.getDilations()[i]};
  };
  int64_t spatial = conv.getSpatialRank();
  width = conv.getFilter().getType().getDimSize(1);
  horizontal = axis(spatial - 1);
  if (spatial > 1)
    vertical = axis(spatial - 2);
}

PixelTile::PixelTile(tn::ConvOp conv, int64_t rows, int64_t columns) : PixelTile(conv) {
  this->rows = rows;
  this->columns = columns;
}

/// A core of every target starts two multiply-adds and two
/// loads and a shuffle in a cycle, and a sum waits four cycles for the one before. What exceeds the registers is loaded
/// or stored again.
double PixelTile::cost(const Target &target) const {
  constexpr double kLatency = 3, kPerCycle = 2;
  // What a result costs on its way to memory: bias, activation, store.
  constexpr double kPixel = 2, kTile = 12;
  int64_t sums = rows * columns, taps = vertical.taps * horizontal.taps;
  auto inputRows = static_cast<int64_t>(vertical.positions(rows).size());
  auto inputColumns = static_cast<int64_t>(horizontal.positions(columns).size());
  // Weights of the filter rows that one input row meets stay in registers while it is read.
  int64_t live = sums + std::min(rows, vertical.taps) * horizontal.taps + 1;
  int64_t excess = std::max<int64_t>(0, live - target.vectorRegisters);
  double loads = static_cast<double>(inputRows * inputColumns + taps + excess * taps);
  double operations = static_cast<double>(sums * taps);
  double shuffles = width > 1 ? static_cast<double>(inputRows * inputColumns) : 0;
  double cycles = std::max({operations / kPerCycle, loads / kPerCycle, shuffles, static_cast<double>(taps) * kLatency});
  return static_cast<double>(rowTiles() * columnTiles()) *
         (static_cast<double>(width) * (cycles + loads / 4) + static_cast<double>(sums) * kPixel + kTile);
}

std::vector<PixelTile> PixelTile::all(tn::ConvOp conv, const Target &target) {
  constexpr int64_t kMostRows = 4, kMostColumns = 8;
  std::vector<PixelTile> tiles;
  PixelTile tile(conv);
  for (tile.rows = 1; tile.rows <= std::min(kMostRows, tile.vertical.extent); ++tile.rows)
    for (tile.columns = 1; tile.columns <= std::min(kMostColumns, tile.horizontal.extent); ++tile.columns)
      // Sums, an input and a weight.
      if (tile.rows * tile.columns + 2 <= target.vectorRegisters)
        tiles.push_back(tile);
  return tiles;
}

PixelTile::PixelTile(tn::ConvOp conv, const Target &target) : PixelTile(conv) {
  double best = std::numeric_limits<double>::infinity();
  for (const PixelTile &tile : all(conv, target))
    if (double cost = tile.cost(target); cost < best) {
      best = cost;
      *this = tile;
    }
}

} // namespace tenon::codegen

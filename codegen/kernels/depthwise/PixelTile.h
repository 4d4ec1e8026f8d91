//===- PixelTile.h - Register tiles of convolutions of narrow groups --===//
//
// Output pixels along the two last spatial dimensions whose sums stay in registers. Every input vector that a
// tile reaches is loaded once and used for all pixels and taps that it serves.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_CODEGEN_KERNELS_DEPTHWISE_PIXELTILE_H
#define TENON_CODEGEN_KERNELS_DEPTHWISE_PIXELTILE_H

#include "ir/Dialect.h"
#include "passes/Target.h"
#include <vector>

namespace tenon::codegen {

/// One of the two tiled spatial dimensions of a convolution.
struct PixelAxis {
  int64_t extent = 1, taps = 1, stride = 1, dilation = 1;

  /// Input positions, relative to the first, that `pixels` neighbouring outputs read, ascending.
  llvm::SmallVector<int64_t> positions(int64_t pixels) const;
  /// The pairs of output and tap (of all of `pixels`) that read a position.
  llvm::SmallVector<std::pair<int64_t, int64_t>> uses(int64_t position, int64_t pixels) const;
};

struct PixelTile {
  /// The tile whose convolution takes the fewest estimated cycles on a target.
  PixelTile(tn::ConvOp conv, const Target &target);
  /// A tile of a known size.
  PixelTile(tn::ConvOp conv, int64_t rows, int64_t columns);

  /// All tiles whose sums fit the target's registers.
  static std::vector<PixelTile> all(tn::ConvOp conv, const Target &target);

  /// Cycles of all tiles of a plane, but for a factor.
  double cost(const Target &target) const;
  int64_t rowTiles() const { return llvm::divideCeil(vertical.extent, rows); }
  int64_t columnTiles() const { return llvm::divideCeil(horizontal.extent, columns); }

  PixelAxis vertical, horizontal;
  int64_t rows = 1, columns = 1;
  int64_t width = 1; ///< input channels of a group

private:
  explicit PixelTile(tn::ConvOp conv);
};

} // namespace tenon::codegen

#endif

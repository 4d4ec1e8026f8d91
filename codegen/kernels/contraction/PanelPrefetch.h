//===- PanelPrefetch.h - Fetches the panel that is used next -------------===//
#ifndef TENON_CODEGEN_KERNELS_CONTRACTION_PANELPREFETCH_H
#define TENON_CODEGEN_KERNELS_CONTRACTION_PANELPREFETCH_H

#include "codegen/kernels/contraction/TileSpace.h"

namespace tenon::codegen {

/// Floats of a cache line.
constexpr int64_t kLine = 16;

/// Fetches the line of the panels at `at` into the first-level cache.
void prefetchLine(ElementEmitter &e, mlir::Value panels, const Index &at);

/// Fetches the next panel, or the next block of this one, while this one is used: every row tile asks for its share of
/// the lines that correspond to those it reads.
class PanelPrefetch {
public:
  /// `rowTiles`: that use the panel; `isPart`: they are some of a row of tiles that goes on with it. `steps`: of the
  /// sum for which fetches are emitted at a time.
  PanelPrefetch(ElementEmitter &e, mlir::Value panels, int64_t rowTiles, bool isPart, int64_t steps)
      : e(e), panels(panels), rowTiles(rowTiles), isPart(isPart), lines(steps * kPanel / kLine) {}

  /// Whether there are so many row tiles that it pays. With fewer the panels are read as one stream, which the
  /// processor fetches ahead better than we do.
  bool pays() const { return rowTiles >= 4; }

  /// Row tile `tile` begins: what it fetches lies `distance` behind what it reads.
  void aim(const Index &distance, const Index &tile);

  /// Fetches what corresponds to the steps whose part of the panel begins at `panelAt`.
  void emit(const Index &panelAt);

private:
  int64_t share() const { return llvm::divideCeil(lines, rowTiles); }

  ElementEmitter &e;
  mlir::Value panels;
  int64_t rowTiles;
  bool isPart;
  int64_t lines; ///< that the steps read
  Index start;   ///< of the row tile's share, behind what it reads
};

} // namespace tenon::codegen

#endif

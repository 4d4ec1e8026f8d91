//===- TileSpace.h - How a contraction is cut into tiles and work items --===//
#ifndef TENON_CODEGEN_KERNELS_CONTRACTION_TILESPACE_H
#define TENON_CODEGEN_KERNELS_CONTRACTION_TILESPACE_H

#include "codegen/common/KernelTemplate.h"
#include "codegen/kernels/contraction/Problem.h"
#include "llvm/ADT/SmallVectorExtras.h"

namespace tenon::codegen {

/// Rows of a register tile: `th` of the second innermost row loop by `tw` of the innermost one.
struct RowTile {
  int64_t th = 1, tw = 1;
  int64_t rows() const { return th * tw; }
};

/// The tile of at most `most` rows that costs least.
RowTile chooseTile(const Problem &problem, int64_t most, int64_t vectors);

/// The tiles that chooseTile weighs, with their costs, in rows of multiply-adds per panel and outer row.
llvm::SmallVector<std::pair<RowTile, double>> weighTiles(const Problem &problem, int64_t most, int64_t vectors);

/// All tiles of at most `most` rows: of the innermost row loop, or of it as a whole and of the one around it.
llvm::SmallVector<RowTile> allTiles(const Problem &problem, int64_t most);

/// Row tiles of the two innermost row loops, and what stands around them.
struct RowSpace {
  explicit RowSpace(const Problem &problem, RowTile tile) {
    llvm::SmallVector<ProblemLoop> loops(problem.m);
    while (loops.size() < 2)
      loops.insert(loops.begin(), ProblemLoop());
    inner = loops.pop_back_val();
    middle = loops.pop_back_val();
    outer = loops;
    innerTiles = llvm::divideCeil(inner.extent, tile.tw);
    middleTiles = llvm::divideCeil(middle.extent, tile.th);
  }
  /// Outer rows, middle tiles, inner tiles.
  llvm::SmallVector<int64_t> shape() const {
    llvm::SmallVector<int64_t> extents =
        llvm::map_to_vector(outer, [](const ProblemLoop &loop) { return loop.extent; });
    extents.append({middleTiles, innerTiles});
    return extents;
  }
  int64_t tiles() const { return product(shape()); }

  ProblemLoop inner, middle;
  llvm::SmallVector<ProblemLoop> outer;
  int64_t innerTiles, middleTiles;
};

/// Products that are added up one after the other, at most; what they amount to is then added to the sum so far.
/// Rounding errors grow with the root of the number of additions in a row.
constexpr int64_t kSumPart = 256;

/// Products of a block of a sum, at most.
constexpr int64_t kSumBlock = 384;

/// Whether sums are so long that they are taken in blocks: all row tiles of a work item take a block of their sums
/// before any takes the next.
bool sumsInBlocks(const Problem &problem);

/// Sums that a work item keeps between blocks; 0 if it takes none.
int64_t totalsOfBlocks(const Problem &problem, mlir::DictionaryAttr schedule);

/// Bytes of scratch memory for sums between blocks, then for those of a tile between the parts of a block; 0 if all
/// are taken in one part.
int64_t totalsBytes(const Problem &problem, mlir::DictionaryAttr schedule);

/// Panels of a work item.
int64_t panelsOfItem(mlir::DictionaryAttr schedule);

/// The space of the work items: batch loops, panels, outer rows, middle tiles, chunks of inner tiles; or, if
/// sums are taken in blocks, batch loops, panels, chunks of all row tiles.
llvm::SmallVector<int64_t> tileSpace(const Problem &problem, mlir::DictionaryAttr schedule);

/// Work items of a kernel that is one contraction.
int64_t tileItems(const Problem &problem, mlir::DictionaryAttr schedule);

} // namespace tenon::codegen

#endif

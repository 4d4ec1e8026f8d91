//===- Tile.h - Register tiles of a contraction --------------------------===//
#ifndef TENON_CODEGEN_KERNELS_CONTRACTION_TILE_H
#define TENON_CODEGEN_KERNELS_CONTRACTION_TILE_H

#include "codegen/kernels/contraction/TileSpace.h"

namespace tenon::codegen {

/// Where tiles have their left operand from, and where their sums go.
struct TilePlace {
  mlir::Value lhs;    ///< memory of the left operand
  Index lhsBase;      ///< position in it of the element whose loops are all zero; null: 0
  mlir::Value totals; ///< scratch memory of totalsBytes
  /// Takes the sums at an index of the anchor's result: a vector along the last column dimension, under a mask.
  std::function<void(ElementEmitter &, llvm::ArrayRef<Index>, mlir::Value)> store;
  /// Whether rows that a last tile computes again are stored again.
  bool storesRepeated = false;
  /// Row tiles that use a panel before the next one; 0: all there are.
  int64_t tilesPerPanel = 0;
};

/// Emits the row tiles of one place in the space of tileSpace, or of one that names all row loops and a chunk of the
/// innermost.
void emitTiles(KernelFunction &fn, const Problem &problem, mlir::DictionaryAttr schedule, llvm::ArrayRef<Index> at,
               const TilePlace &place);

} // namespace tenon::codegen

#endif

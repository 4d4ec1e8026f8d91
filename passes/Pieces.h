//===- Pieces.h - Kernels that only move, box by box ---------------------===//
#ifndef TENON_PASSES_PIECES_H
#define TENON_PASSES_PIECES_H

#include "ir/Dialect.h"

namespace tenon {

/// A box of a kernel's result whose elements are those of a box of an input, or all one value.
struct Piece {
  llvm::SmallVector<int64_t> at, size; ///< the box in the result
  mlir::BlockArgument source;          ///< the input; null where `value` fills the box
  llvm::SmallVector<int64_t> from;     ///< where the box begins in the input
  double value = 0;

  int64_t elements() const { return product(size); }
};

/// The boxes that a kernel's one result consists of, if the body does nothing but concatenate, slice with steps of one
/// and pad with constants. They cover the result and do not overlap.
std::optional<llvm::SmallVector<Piece>> piecesOf(tn::KernelOp kernel);

} // namespace tenon

#endif

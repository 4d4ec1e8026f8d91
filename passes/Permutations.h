//===- Permutations.h - Small helpers on transposes and shapes -----------===//
#ifndef TENON_PASSES_PERMUTATIONS_H
#define TENON_PASSES_PERMUTATIONS_H

#include "ir/Dialect.h"

namespace tenon {

/// `inverse[p[i]] = i`.
llvm::SmallVector<int64_t> invertPermutation(llvm::ArrayRef<int64_t> permutation);

/// The one transpose that does `first`, then `second`.
llvm::SmallVector<int64_t> composePermutations(llvm::ArrayRef<int64_t> first, llvm::ArrayRef<int64_t> second);

/// `list[p[0]], list[p[1]], ...`
llvm::SmallVector<int64_t> permuteList(llvm::ArrayRef<int64_t> list, llvm::ArrayRef<int64_t> permutation);

/// Whether transposing a tensor of this shape moves no element: only dimensions of size 1 change places.
bool movesOnlyUnits(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> permutation);

/// `v` transposed: `v` itself, a reshape where no element moves, or a tn.transpose.
mlir::Value createTranspose(mlir::OpBuilder &b, mlir::Location loc, mlir::Value v, llvm::ArrayRef<int64_t> permutation);

/// `v` under another shape; `v` itself if it has it, and no chains of reshapes.
mlir::Value createReshape(mlir::OpBuilder &b, mlir::Location loc, mlir::Value v, llvm::ArrayRef<int64_t> shape);

/// `v` with dimensions of size 1 put before its own up to `rank`.
mlir::Value extendRank(mlir::OpBuilder &b, mlir::Location loc, mlir::Value v, int64_t rank);

/// The shape in which a factor of one tensor, which may be broadcast to it, multiplies another tensor of `rank`
/// dimensions instead. `dims` has for each dimension of the first tensor the dimension of the other that it is, or -1.
/// None if the factor varies along several dimensions, or along one that the other tensor lacks.
std::optional<llvm::SmallVector<int64_t>> shapeOfFactor(llvm::ArrayRef<int64_t> factor, llvm::ArrayRef<int64_t> dims,
                                                        int64_t rank);

/// Whether a tn.constant defines `v`.
bool isConstant(mlir::Value v);

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value v) {
  return mlir::cast<mlir::RankedTensorType>(v.getType()).getShape();
}

/// Transposes of computed values in a function.
unsigned countTransposes(mlir::Operation *root);
/// Reshapes of computed values in a function.
unsigned countReshapes(mlir::Operation *root);

} // namespace tenon

#endif

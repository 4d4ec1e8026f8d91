//===- BodyWalk.h - How a kernel's body follows its iteration space ------===//
#ifndef TENON_CODEGEN_COMMON_BODYWALK_H
#define TENON_CODEGEN_COMMON_BODYWALK_H

#include "ir/Dialect.h"
#include "llvm/ADT/MapVector.h"

namespace tenon::codegen {

/// Follows an iteration space from values of its shape to the inputs of the kernel: where conditions of paddings,
/// concatenations and windows change, so that loops can be split there, and along which dimension inputs are
/// contiguous.
class BodyWalk {
public:
  /// Adds to `breaks`, of each dimension, the positions within (0, extent) where a condition changes; some more than
  /// once.
  BodyWalk(llvm::ArrayRef<int64_t> shape, llvm::SmallVector<llvm::SmallVector<int64_t>> &breaks)
      : shape(shape), breaks(breaks) {}

  void visit(mlir::Value v);

  bool isComplete = true;                       ///< everything was understood
  int64_t taps = 1;                             ///< elements that a window or reduction reads for one of its result
  llvm::MapVector<int64_t, int64_t> contiguous; ///< elements of inputs that are contiguous along a dimension

private:
  /// A tensor's dimension is `offset` positions behind a dimension of the iteration space; -1: it follows none.
  struct Follows {
    int64_t dim = -1, offset = 0;
  };
  using Mapping = llvm::SmallVector<Follows>;

  void visit(mlir::Value v, const Mapping &at);
  void countAccess(mlir::Value v, const Mapping &at);
  static Mapping aligned(mlir::Value operand, llvm::ArrayRef<Follows> at);
  void addBreak(const Follows &at, int64_t position);
  void visitTranspose(tn::TransposeOp op, const Mapping &at);
  void visitPad(tn::PadOp op, Mapping at);
  void visitConcat(tn::ConcatOp op, const Mapping &at);
  void visitSlice(tn::SliceOp op, Mapping at);
  void visitReshape(tn::ReshapeOp op, const Mapping &at);
  void visitPack(tn::PackOp op, const Mapping &at);
  void visitOther(mlir::Operation *op, const Mapping &at);

  llvm::ArrayRef<int64_t> shape;
  llvm::SmallVector<llvm::SmallVector<int64_t>> &breaks;
  int visits = 0;
};

} // namespace tenon::codegen

#endif

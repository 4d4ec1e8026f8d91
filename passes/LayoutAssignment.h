//===- LayoutAssignment.h - Which values are computed channels-last ------===//
//
// Every operation that can be computed in two orders of dimensions, as exported or with channels last, is a
// node of a graph; a convolution must have channels last, arguments and results of the function must not; an
// edge costs the bytes that a transpose between its ends would move. The cheapest cut is the assignment.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_LAYOUTASSIGNMENT_H
#define TENON_PASSES_LAYOUTASSIGNMENT_H

#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace tenon {

/// How the dimensions of a value read: first those of the batch, then those of the channels, then those of
/// space. A convolution's have one of batch, one of channels; reshapes on the way may have split them.
struct DimGroups {
  unsigned batch = 0, channels = 0, spatial = 0;
  unsigned rank() const { return batch + channels + spatial; }
  bool operator==(const DimGroups &other) const {
    return batch == other.batch && channels == other.channels && spatial == other.spatial;
  }
  /// The transpose that moves the channels behind space.
  llvm::SmallVector<int64_t> permutation() const;
};

class LayoutAssignment {
public:
  explicit LayoutAssignment(mlir::func::FuncOp function);

  /// Whether `v` is to be computed with its channels last.
  bool isLast(mlir::Value v) const { return last.contains(v); }
  /// Has a value computed as exported after all.
  void keepFirst(mlir::Value v) { last.erase(v); }
  /// The groups of a value that isLast or that a follower reads.
  DimGroups getGroups(mlir::Value v) const { return groups.lookup(v); }
  /// Whether operand `i` of `op`, whose result isLast, is read with its channels last as well.
  bool operandFollows(mlir::Operation *op, unsigned i) const;

private:
  void propagateGroups(mlir::func::FuncOp function);
  void spreadFromDefinition(mlir::Value v);
  void spreadToUser(mlir::OpOperand &use);
  void assign(mlir::Value v, DimGroups g);
  void cut(mlir::func::FuncOp function);

  llvm::DenseMap<mlir::Value, DimGroups> groups;
  llvm::SmallVector<mlir::Value> worklist;
  llvm::DenseSet<mlir::Value> last;
  friend class CutBuilder;
};

} // namespace tenon

#endif

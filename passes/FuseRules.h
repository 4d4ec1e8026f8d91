//===- FuseRules.h - How fusion groups operations ------------------------===//
#ifndef TENON_PASSES_FUSERULES_H
#define TENON_PASSES_FUSERULES_H

#include "ir/Dialect.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include <vector>

namespace tenon {

/// Contractions and convolutions: elementwise readers of their result join them.
bool isContraction(mlir::Operation *op);

/// Reductions along trailing dimensions: elementwise operations before and behind join them.
bool isRowReduction(mlir::Operation *op);

/// Operations that compute or move one element at a time, so that a reader can take over the work of a producer.
bool isPointwise(mlir::Operation *op);

/// Whether a reader would compute elements of this operand again for several of its own.
bool repeatsWork(mlir::Operation *reader, mlir::Value operand);

/// The groups that become kernels. The first operation of each is the one that it grew from.
struct FuseGroups {
  std::vector<llvm::SetVector<mlir::Operation *>> groups;
  llvm::DenseMap<mlir::Operation *, unsigned> groupOf;

  mlir::Operation *anchorOf(mlir::Operation *op) const { return groups[groupOf.lookup(op)].front(); }
  bool contains(mlir::Operation *op) const { return groupOf.count(op); }
  /// True if `v` is computed from a result of group `g`; whatever joins a kernel is computed with it.
  bool dependsOn(mlir::Value v, unsigned g) const;
};

/// Remarks (tn-fuse: apart) on why operations that read each other's results are not one kernel. They cost time only
/// if the context wants them.
void remarkApart(mlir::Block &block, const FuseGroups &groups);

/// Remarks (tn-layout: transpose) on the transposes that are left.
void remarkTransposes(mlir::Block &block);

} // namespace tenon

#endif

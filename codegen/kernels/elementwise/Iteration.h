//===- Iteration.h - How an elementwise kernel walks over its result -----===//
//
// The iteration space of a kernel, and what its body says about it: where conditions of paddings,
// concatenations and windows change along a dimension, so that loops can be split there and contain no
// condition; and along which dimension the inputs are contiguous, which decides where vectors lie.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_CODEGEN_KERNELS_ELEMENTWISE_ITERATION_H
#define TENON_CODEGEN_KERNELS_ELEMENTWISE_ITERATION_H

#include "ir/Dialect.h"

namespace tenon::codegen {

struct Iteration {
  Iteration(tn::KernelOp kernel, int64_t targetLanes);

  /// Positions of a dimension at which loops are split, from 0 to the extent.
  llvm::ArrayRef<int64_t> segments(int64_t dim) const { return breaks[dim]; }
  int64_t lastDim() const { return static_cast<int64_t>(shape.size()) - 1; }
  int64_t last() const { return shape.back(); }

  /// Every operation is elementwise on tensors of one shape and single elements; one dimension will do.
  bool flat = false;
  llvm::SmallVector<int64_t> shape;
  /// The dimension that is walked beside the last one within a work item; -1 if there is none.
  int64_t rowDim = -1;
  /// Inputs are contiguous along rowDim: vectors lie there, and are turned in registers before they are
  /// stored.
  bool turned = false;
  /// Operations per element of the result, about.
  int64_t work = 1;

private:
  void chooseVectors(tn::KernelOp kernel, int64_t lanes);
  llvm::SmallVector<llvm::SmallVector<int64_t>> breaks;
};

} // namespace tenon::codegen

#endif

//===- Joining.h - Tensors written where they are joined -----------------===//
#ifndef TENON_PASSES_JOINING_H
#define TENON_PASSES_JOINING_H

#include "passes/Places.h"

namespace tenon {

/// Gives the inputs of kernels that only move (concatenations, constant paddings, slices with steps of one) a place in
/// the result, or the result a place in the input, and absorbs these kernels. What can't lie there (an input of the
/// model, a constant, what lies elsewhere already or can't be written or read in rows that lie apart) is copied, and
/// borders are filled, by kernels that are put in front of the absorbed one.
///
/// A kernel stays as it is if more than half of what it moves would have to be copied, or if more bytes of the arena,
/// by a tenth, would be alive at one step than without any such place; `bytesAlive` counts them by `places` as they
/// are. Results of the model, `outputs`, may have parts but are none. Returns the number of kernels absorbed.
int64_t joinBuffers(mlir::Block &block, const KernelLibrary &library, const llvm::DenseSet<mlir::Value> &outputs,
                    llvm::function_ref<int64_t()> bytesAlive, Places &places);

/// A kernel in front of `before` with the template that matches and the schedules that it chooses; null if none
/// matches. `build` makes the body and returns what it yields.
tn::KernelOp makeKernel(mlir::Operation *before, mlir::Location loc, mlir::ValueRange inputs,
                        const KernelLibrary &library,
                        llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpBuilder &, mlir::ValueRange)> build);

} // namespace tenon

#endif

//===- JoinChain.h - One kernel in the place of several ------------------===//
#ifndef TENON_PASSES_JOINCHAIN_H
#define TENON_PASSES_JOINCHAIN_H

#include "ir/Dialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace tenon {

/// Creates a kernel that has all inputs of a chain of kernels, each of which reads the only result of the one before,
/// at the place of the last. `emit` fills its body: the mapping gives the block arguments for the inputs; it returns
/// what the body yields. The chain stays as it is.
tn::KernelOp joinChain(llvm::ArrayRef<tn::KernelOp> chain,
                       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpBuilder &, mlir::IRMapping &)> emit);

} // namespace tenon

#endif

//===- Interpreter.h - Executes tn programs by reference semantics -------===//
#ifndef TENON_IR_INTERPRETER_H
#define TENON_IR_INTERPRETER_H

#include "ir/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tenon {

/// Executes a function of tn operations. Tensor arguments are values; a memref argument is bound to the bytes
/// of its Tensor, which the function reads and writes in place (the Tensor's own type does not matter).
/// Kernels in tensor form and in buffer form are executed through their bodies. A failure is reported at the
/// operation.
llvm::LogicalResult interpret(mlir::func::FuncOp function, llvm::ArrayRef<Tensor> arguments,
                              llvm::SmallVectorImpl<Tensor> &results);

/// Copies the elements of a buffer, which may be strided, into a tensor. `data` is the address that the
/// memref's offset counts from.
Tensor readBuffer(mlir::MemRefType type, const char *data);

/// Writes a tensor's elements to a buffer, which may be strided.
void writeBuffer(const Tensor &tensor, mlir::MemRefType type, char *data);

} // namespace tenon

#endif

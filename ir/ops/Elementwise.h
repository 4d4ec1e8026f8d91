//===- Elementwise.h - Shared by the elementwise operations --------------===//
#ifndef TENON_IR_OPS_ELEMENTWISE_H
#define TENON_IR_OPS_ELEMENTWISE_H

#include "ir/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"
#include <optional>

namespace tenon::tn {

/// The NumPy broadcast of two shapes; nothing if they do not fit.
std::optional<llvm::SmallVector<int64_t>> broadcastShapes(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);

/// Result type of an elementwise op: broadcast shape, element type of operand `first`, which all operands from there
/// on must have.
llvm::LogicalResult inferElementwise(mlir::MLIRContext *context, std::optional<mlir::Location> location,
                                     mlir::ValueRange operands, llvm::SmallVectorImpl<mlir::Type> &types,
                                     unsigned first = 0);

/// As inferElementwise, with boolean elements.
llvm::LogicalResult inferComparison(mlir::MLIRContext *context, std::optional<mlir::Location> location,
                                    mlir::ValueRange operands, llvm::SmallVectorImpl<mlir::Type> &types);

llvm::LogicalResult evaluateElementwise(mlir::Operation *op, llvm::ArrayRef<Tensor> inputs, Tensor &output);

uint64_t elementwiseFlops(mlir::Operation *op);

/// A copy of an operation with one result on other operands, its result type permuted.
mlir::Operation *clonePermuted(mlir::Operation *op, mlir::OpBuilder &b, mlir::ValueRange operands,
                               llvm::ArrayRef<int64_t> permutation);

/// A constant of a scalar or vector type, `value` in every lane.
mlir::Value splat(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type, double value);

/// 1 / (1 + e^-x) of a float scalar or vector, right within 3 ulp; 0 in place of denormals.
mlir::Value emitSigmoid(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);

/// Strides that read a tensor of `shape` at indices of `outer`, 0 along broadcast dimensions.
llvm::SmallVector<int64_t> broadcastStrides(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> outer);

} // namespace tenon::tn

#endif

//===- TransformEmitter.h - Code for the transforms of tiles -------------===//
#ifndef TENON_CODEGEN_KERNELS_WINOGRAD_TRANSFORMEMITTER_H
#define TENON_CODEGEN_KERNELS_WINOGRAD_TRANSFORMEMITTER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include <vector>

namespace tenon::codegen {

/// Emits the products of a transform's matrix with vectors.
class TransformEmitter {
public:
  /// `type`: of the vectors whose lanes are transformed independently.
  TransformEmitter(mlir::OpBuilder &b, mlir::Location loc, mlir::VectorType type) : b(b), loc(loc), type(type) {}

  using Matrix = std::vector<std::vector<double>>;

  /// matrix * x. Pairs of rows for points of opposite sign agree up to the sign of every other entry: their even and
  /// odd parts are computed once.
  llvm::SmallVector<mlir::Value> byRows(const Matrix &matrix, llvm::ArrayRef<mlir::Value> x);

  /// matrix * x for a matrix whose columns 2k - 1 and 2k belong to points of opposite sign.
  llvm::SmallVector<mlir::Value> byColumns(const Matrix &matrix, llvm::ArrayRef<mlir::Value> x);

private:
  mlir::Value combine(const std::vector<double> &factors, llvm::ArrayRef<mlir::Value> x);
  mlir::Value splat(double value);

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::VectorType type;
};

} // namespace tenon::codegen

#endif

//===- Turn.h - Transposition of vectors in registers --------------------===//
#ifndef TENON_CODEGEN_KERNELS_ELEMENTWISE_TURN_H
#define TENON_CODEGEN_KERNELS_ELEMENTWISE_TURN_H

#include "mlir/IR/Builders.h"

namespace tenon::codegen {

/// As many vectors as one has lanes, a power of two: lane j of result i is lane i of vector j.
void transposeVectors(mlir::OpBuilder &b, mlir::Location loc, llvm::SmallVector<mlir::Value> &vectors);

/// n vectors: lane l of result v is lane p / n of vector p % n, where p = v * lanes + l.
llvm::SmallVector<mlir::Value> interleaveVectors(mlir::OpBuilder &b, mlir::Location loc,
                                                 llvm::ArrayRef<mlir::Value> vectors);

} // namespace tenon::codegen

#endif

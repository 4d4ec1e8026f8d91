//===- Loops.h - Building scf loops that carry values --------------------===//
#ifndef TENON_CODEGEN_COMMON_LOOPS_H
#define TENON_CODEGEN_COMMON_LOOPS_H

#include "codegen/common/ElementEmitter.h"
#include "ir/Dialect.h"

namespace tenon::codegen {

using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)>;

/// for i in [low, high) step: carried = body(i, carried). Returns the carried values.
llvm::SmallVector<mlir::Value> emitFor(ElementEmitter &e, mlir::Value low, mlir::Value high, int64_t step,
                                       mlir::ValueRange init, LoopBody body);

/// Nested loops over [0, extents[d]): carried = body(indices, carried).
llvm::SmallVector<mlir::Value>
emitForNest(ElementEmitter &e, llvm::ArrayRef<int64_t> extents, mlir::ValueRange init,
            llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange, mlir::ValueRange)> body);

/// The values of `yes` under a condition, else those of `no`, which have the same types.
llvm::SmallVector<mlir::Value> emitIf(ElementEmitter &e, mlir::Value condition,
                                      llvm::function_ref<llvm::SmallVector<mlir::Value>()> yes,
                                      llvm::function_ref<llvm::SmallVector<mlir::Value>()> no);

/// Neutral element of a reduction in the compute type of `element`.
mlir::Value reductionNeutral(ElementEmitter &e, tn::ReduceKind kind, mlir::Type element);
/// One step of a reduction; operands are scalars or vectors of the compute type of `element`.
mlir::Value reductionStep(ElementEmitter &e, tn::ReduceKind kind, mlir::Type element, mlir::Value x, mlir::Value y);
/// A vector reduced to a scalar.
mlir::Value reductionAcross(ElementEmitter &e, tn::ReduceKind kind, mlir::Type element, mlir::Value vector);

} // namespace tenon::codegen

#endif

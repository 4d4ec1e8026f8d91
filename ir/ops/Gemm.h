//===- Gemm.h - Matrix products of the reference semantics ---------------===//
#ifndef TENON_IR_OPS_GEMM_H
#define TENON_IR_OPS_GEMM_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstdint>
#include <vector>

namespace mlir {
class MLIRContext;
}

namespace tenon::tn {

/// A [rows, sum] and B [sum, columns] in f64, each given in blocks, and their product, which is taken over in blocks.
/// Products of two numbers that were f32 are exact and summed in order: neither the blocks nor the processor's
/// multiply-add change a bit.
struct GemmBlocks {
  int64_t rows, columns, sum;
  /// Writes `count` rows of A from `row` on to `to`, row after row.
  llvm::function_ref<void(int64_t row, int64_t count, double *to)> readRows;
  /// Writes `count` columns of B from `column` on to `to`: for each step of the sum `stride` numbers, of which those
  /// behind `count` are zero already.
  llvm::function_ref<void(int64_t column, int64_t count, int64_t stride, double *to)> readColumns;
  /// Takes over one row of a block of the result.
  llvm::function_ref<void(int64_t row, int64_t column, int64_t count, const double *values)> write;
};

/// Computes the product, on all threads of the context. The functions are called from several threads at once.
void multiply(mlir::MLIRContext *context, const GemmBlocks &blocks);

} // namespace tenon::tn

#endif

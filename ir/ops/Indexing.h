//===- Indexing.h - Walking strided tensors ------------------------------===//
#ifndef TENON_IR_OPS_INDEXING_H
#define TENON_IR_OPS_INDEXING_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace tenon::tn {

/// Calls `body(index)` for every index of `shape` in row-major order.
void forEachIndex(llvm::ArrayRef<int64_t> shape, llvm::function_ref<void(llvm::ArrayRef<int64_t>)> body);

/// Walks `shape` in row-major order with one running position per stride vector: body(positions).
void forEachPosition(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<llvm::SmallVector<int64_t>> strides,
                     llvm::function_ref<void(llvm::ArrayRef<int64_t>)> body);

/// Emits an error at `location` if there is one, and fails.
llvm::LogicalResult inferError(std::optional<mlir::Location> location, const llvm::Twine &message);

/// True if `permutation` holds 0 .. rank-1, each once.
bool isPermutation(llvm::ArrayRef<int64_t> permutation, int64_t rank);

} // namespace tenon::tn

#endif

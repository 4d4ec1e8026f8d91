//===- Overlap.h - Whether views of a buffer share bytes -----------------===//
#ifndef TENON_IR_OVERLAP_H
#define TENON_IR_OVERLAP_H

#include "mlir/IR/BuiltinTypes.h"

namespace tenon {

/// Whether an element of a buffer of type `a`, `aOffset` bytes behind the begin of some memory, shares a byte with one
/// of type `b` at `bOffset`. Rows that lie apart may have others between them. Strides must not increase from dimension
/// to dimension.
bool shareBytes(mlir::MemRefType a, int64_t aOffset, mlir::MemRefType b, int64_t bOffset);

} // namespace tenon

#endif

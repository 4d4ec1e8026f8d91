//===- Values.h - What several passes ask about values -------------------===//
#ifndef TENON_PASSES_VALUES_H
#define TENON_PASSES_VALUES_H

#include "ir/Dialect.h"

namespace tenon {

/// True if the value is computed at compile time: from constants, outside of kernels.
bool isCompileTime(mlir::Value v);

/// Bytes of a tensor or buffer whose elements lie side by side.
int64_t denseBytes(mlir::Type type);

} // namespace tenon

#endif

//===- SoftmaxRows.h - Exponentials of a row in scratch memory -----------===//
#ifndef TENON_CODEGEN_KERNELS_ATTENTION_SOFTMAXROWS_H
#define TENON_CODEGEN_KERNELS_ATTENTION_SOFTMAXROWS_H

#include "codegen/common/KernelTemplate.h"

namespace tenon::codegen {

/// Replaces `count` floats from position `start` of `memory` by exp(x - greatest), and returns the reciprocal of their
/// sum (f32). Reads, but does not change the meaning of, what fills up the last vector. Exponentials below the normal
/// numbers are zero; a NaN makes the sum NaN.
mlir::Value emitSoftmaxRow(KernelFunction &fn, mlir::Value memory, mlir::Value start, int64_t count, int64_t lanes);

} // namespace tenon::codegen

#endif

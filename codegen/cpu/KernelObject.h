//===- KernelObject.h - One kernel's object, compiled or remembered ------===//
#ifndef TENON_CODEGEN_CPU_KERNELOBJECT_H
#define TENON_CODEGEN_CPU_KERNELOBJECT_H

#include "codegen/cpu/KernelCache.h"

namespace tenon::codegen {

/// Appends an object that defines `symbol` to `out`: the cache's, if there is one and it has it, else a new one,
/// which the cache is given. The bytes are the same either way. Thread-safe for different kernels of one context.
mlir::LogicalResult compileKernelObject(tn::KernelOp kernel, llvm::StringRef symbol, const Target &target,
                                        CodeLevel level, KernelCache *cache, llvm::SmallVectorImpl<char> &out);

} // namespace tenon::codegen

#endif

//===- Passes.h - Passes over the tn dialect -----------------------------===//
#ifndef TENON_PASSES_PASSES_H
#define TENON_PASSES_PASSES_H

#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace tenon {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

struct KernelLibrary;

/// The passes that plan kernels need the library of kernel templates; those made without it do nothing.
std::unique_ptr<mlir::Pass> createFuse(const KernelLibrary &library);
std::unique_ptr<mlir::Pass> createFuseAttention(const KernelLibrary &library);
std::unique_ptr<mlir::Pass> createSchedule(const KernelLibrary &library);
std::unique_ptr<mlir::Pass> createFuseBands(const KernelLibrary &library, const FuseBandsOptions &options = {});
std::unique_ptr<mlir::Pass> createPlanMemory(const KernelLibrary &library, int64_t guardBytes = 0);

} // namespace tenon

#endif

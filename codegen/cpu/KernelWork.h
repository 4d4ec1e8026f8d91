//===- KernelWork.h - How many instructions a kernel executes ------------===//
#ifndef TENON_CODEGEN_CPU_KERNELWORK_H
#define TENON_CODEGEN_CPU_KERNELWORK_H

#include "codegen/common/KernelTemplate.h"

namespace tenon::codegen {

/// Instructions that a kernel executes over all of its work items, counted in the loops that its template emits: what
/// a tile computes in vain and what an activation costs are part of it. In vectors of the target; a scalar counts as
/// one.
struct KernelWork {
  double arithmetic = 0; ///< floating point; a division counts for eight
  double memory = 0;     ///< loads and stores; a scalar one, of which processors do two at a time, counts half
  double other = 0;      ///< integers, comparisons, shuffles

  KernelWork &operator+=(const KernelWork &more);
};

/// Counts the work of a kernel that has a schedule for `target`. Where a loop's bounds or a condition depend on the
/// position in loops around it, they are taken from the middle of these. Fails if the kernel can't be lowered.
mlir::FailureOr<KernelWork> countWork(tn::KernelOp kernel, const Target &target);

} // namespace tenon::codegen

#endif

//===- Problem.h - Contractions and convolutions as one loop nest --------===//
#ifndef TENON_CODEGEN_KERNELS_CONTRACTION_PROBLEM_H
#define TENON_CODEGEN_KERNELS_CONTRACTION_PROBLEM_H

#include "ir/Dialect.h"

namespace tenon::codegen {

/// How the right operand of a contraction or the filter of a convolution is laid out in panels: dimension lists as
/// in tn.pack, after the operand was reshaped to `shape` (which splits the filters of a grouped convolution).
struct PackSpec {
  llvm::SmallVector<int64_t> shape, batch, k, n;
};

/// Columns of a panel, the same for every target.
constexpr int64_t kPanel = 32;

/// The packing that the contraction template wants for an unpacked tn.contract or tn.conv; nothing if the template
/// does not apply. The left operand may then stand in any layout.
std::optional<PackSpec> packSpec(mlir::Operation *anchor);

/// Puts a tn.pack in front of the kernel for the anchor's right operand, a block argument, and a tn.unpack in front of
/// the anchor: the meaning stays.
void packOperand(tn::KernelOp kernel, mlir::Operation *anchor);

/// One loop of the nest with the step that it moves the left operand by, in elements.
struct ProblemLoop {
  int64_t extent = 1;
  int64_t lhsStride = 0;
  int resultDim = -1;     ///< dimension of the result that it counts
  int64_t resultStep = 1; ///< positions along that dimension from one iteration to the next
  int lhsDim = -1;        ///< dimension of a contraction's left operand that it counts
};

/// result[batch, m, n] = sum over k of lhs[batch, m, k] * panel[batch, n / 32, k, n % 32].
struct Problem {
  mlir::Operation *anchor = nullptr;
  unsigned packed = 0;                        ///< block argument
  llvm::SmallVector<ProblemLoop> batch, m, k; ///< k merged where the left operand is contiguous
  llvm::SmallVector<int64_t> nDims;           ///< dimensions of the result that n runs over, outermost first
  int64_t n = 1;

  int64_t depth() const;
  int64_t panels() const { return llvm::divideCeil(n, kPanel); }
  int64_t batches() const;
};

/// The problem of a packed tn.contract or tn.conv whose left operand has these strides in memory; nothing if it is not
/// packed.
std::optional<Problem> describeProblem(mlir::Operation *anchor, llvm::ArrayRef<int64_t> lhsStrides);

/// Strides in memory of a block argument of the kernel.
llvm::SmallVector<int64_t> stridesOf(tn::KernelOp kernel, mlir::BlockArgument argument);

/// The problem of a kernel whose only contraction is packed and has a block argument as its left operand; nothing if
/// there is none.
std::optional<Problem> findProblem(tn::KernelOp kernel);

} // namespace tenon::codegen

#endif

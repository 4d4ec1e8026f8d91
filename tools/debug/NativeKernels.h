//===- NativeKernels.h - Kernels of a planned program, one by one --------===//
#ifndef TENON_TOOLS_DEBUG_NATIVEKERNELS_H
#define TENON_TOOLS_DEBUG_NATIVEKERNELS_H

#include "codegen/cpu/LoadedKernels.h"
#include "tools/debug/Evaluator.h"

namespace tenon::debug {

/// How a native kernel is run on given inputs.
struct NativeResult {
  std::vector<Tensor> results;
  bool touchedOutside = false; ///< it read or wrote beyond its buffers, which end at a page that can't be touched
  bool hangs = false;          ///< it did not end within the time that a kernel may take
  bool changedInput = false;   ///< it wrote to an input that it does not share with an output
  bool wroteEverything = true; ///< every element of the outputs: what is left of their first contents differs
  bool deterministic = true;   ///< in one piece and in several the same bits
};

/// Runs a kernel in buffer form, compiled, on tensors in place of its inputs. Outputs share memory with inputs as the
/// plan has it, or have memory of their own.
NativeResult runNative(const codegen::LoadedKernel &kernel, llvm::ArrayRef<Content> inputs, bool asPlanned = true);

/// The kernels of a planned program, compiled for a target: equal ones once.
class NativeKernels {
public:
  static llvm::Expected<NativeKernels> load(mlir::ModuleOp module, const Target &target);
  /// The code for the n-th kernel of `@main`.
  codegen::LoadedKernel get(size_t n) const;

private:
  NativeKernels(codegen::LoadedKernels loaded, std::vector<unsigned> of, std::vector<tn::KernelOp> ops)
      : loaded(std::move(loaded)), of(std::move(of)), ops(std::move(ops)) {}
  codegen::LoadedKernels loaded;
  std::vector<unsigned> of;
  std::vector<tn::KernelOp> ops;
};

/// A copy of a kernel that the elementwise template lowers, the naive way; null if it can't. It is placed behind the
/// original, in `module`.
tn::KernelOp makeNaive(tn::KernelOp kernel, const Target &target);

} // namespace tenon::debug

#endif

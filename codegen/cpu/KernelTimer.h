//===- KernelTimer.h - Running times of loaded kernels -------------------===//
//
// What benchmarks of kernels, the search over schedules and tuning measure with, on one thread.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_CODEGEN_CPU_KERNELTIMER_H
#define TENON_CODEGEN_CPU_KERNELTIMER_H

#include "codegen/cpu/LoadedKernels.h"

namespace tenon::codegen {

/// Median seconds of one call, from batches of calls that last long enough for the clock, over at least `seconds`.
double medianTime(llvm::function_ref<void()> call, double seconds);

/// Floating-point operations per second of a loop of multiply-adds in the target's widest vectors, which this machine
/// must have.
double measurePeak(const Target &target, double seconds);

/// Memory for a kernel's inputs and outputs, with random floats in it. Of the inputs behind the first there are as many
/// copies as exceed the caches together: taking them in turn shows a kernel with cold weights.
class KernelBuffers {
public:
  explicit KernelBuffers(tn::KernelOp kernel);

  /// Runs all items of a kernel that reads and writes such buffers, on copy number `set` (modulo their number).
  void run(const LoadedKernel &kernel, size_t set);

private:
  std::vector<std::shared_ptr<void>> memories;
  std::vector<std::vector<void *>> sets;
  std::vector<char> scratch;
};

/// A schedule and how long the kernel took with it, with warm inputs.
struct Trial {
  mlir::DictionaryAttr schedule;
  double seconds;
};

/// Times a kernel that has a template with each of its candidates for `target`, which this machine must be able to
/// run: all of them briefly, the best again. Fastest first.
llvm::Expected<std::vector<Trial>> timeCandidates(tn::KernelOp kernel, const Target &target);

} // namespace tenon::codegen

#endif

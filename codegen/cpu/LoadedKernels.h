//===- LoadedKernels.h - Kernels compiled into this process --------------===//
//
// What tests and benchmarks of kernels run: the kernels of a function after the schedule stage, compiled for
// a target of this machine and loaded without a linker. Nothing of the process is visible to them, so a
// kernel that calls a library function does not load.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_CODEGEN_CPU_LOADEDKERNELS_H
#define TENON_CODEGEN_CPU_LOADEDKERNELS_H

#include "codegen/cpu/ObjectCode.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/KernelModel.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <vector>

namespace tenon::codegen {

/// Moves the operations of `@main` into one kernel, which the first template that matches (or the one called
/// `templateName`) is to lower, and runs the schedule stage. Fails if the template does not match.
llvm::LogicalResult formSingleKernel(mlir::ModuleOp module, const KernelLibrary &library,
                                     llvm::StringRef templateName = "");

/// One kernel in the order of the function.
struct LoadedKernel {
  using Code = void (*)(void *const *buffers, int64_t begin, int64_t end, void *scratch);

  tn::KernelOp op;
  Code code = nullptr;
  int64_t extent = 0, scratchBytes = 0;
  double compileSeconds = 0;
  size_t objectBytes = 0;
};

class LoadedKernels {
public:
  /// Compiles and loads every kernel of `function`, which has schedules for `target`. The kernels must
  /// outlive this.
  static llvm::Expected<LoadedKernels> load(mlir::func::FuncOp function, const Target &target);
  /// The same with kernels of anywhere, of which `steps` may leave steps of lowering out.
  static llvm::Expected<LoadedKernels> load(llvm::ArrayRef<tn::KernelOp> kernels, const Target &target,
                                            LoweringSteps steps = {});
  LoadedKernels(LoadedKernels &&);
  ~LoadedKernels();

  llvm::ArrayRef<LoadedKernel> list() const { return kernels; }

private:
  struct Jit;
  LoadedKernels();
  std::unique_ptr<Jit> jit;
  std::vector<LoadedKernel> kernels;
};

} // namespace tenon::codegen

#endif

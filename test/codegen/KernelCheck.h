//===- KernelCheck.h - A kernel against the reference interpreter --------===//
#ifndef TENON_TEST_CODEGEN_KERNELCHECK_H
#define TENON_TEST_CODEGEN_KERNELCHECK_H

#include "ir/Dialect.h"
#include "ir/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/KernelModel.h"
#include <functional>
#include <string>

namespace tenon::test {

struct KernelOptions {
  /// Template that must match; with `force` it is used although a more specific one matches.
  std::string templateName;
  bool force = false;
  /// Whether the operations become kernels that take turns, rather than one kernel.
  bool bands = false;
  /// Which of its template's candidates is the schedule, modulo their number; -1: the template's choice.
  int64_t candidate = -1;
  /// Allowed |a - b| / (1 + |a|) for results; 0: what the element type calls for.
  double tolerance = 0;
  /// Range of random inputs; integers too. Booleans are 0 or 1.
  double low = -2, high = 2;
  /// Sprinkles NaN, infinities, signed zeros and extreme integers over the inputs.
  bool special = false;
};

/// A function of tn operations as `func.func @main(...) { ... return }`, made into one kernel.
///
/// For every target that this machine can run, the kernel goes through the schedule stage, is compiled, and
/// runs on random inputs: over all of its space at once, and in random pieces in random order, which must
/// give the same bits. Buffers end at a page that can't be touched, and in a second run begin behind one;
/// inputs can't be written. Results are compared with the interpreter's. Reports to Catch.
void checkKernel(const std::string &function, const KernelOptions &options);

/// The module of such a function, its operations wrapped in one kernel and scheduled for `targets`.
mlir::OwningOpRef<mlir::ModuleOp> buildKernel(const std::string &function, const KernelOptions &options,
                                              llvm::ArrayRef<const Target *> targets);

/// Context with everything that kernels need.
mlir::MLIRContext &testContext();

/// Gives the kernels of a function in buffer form the schedules that their templates choose.
void giveSchedules(mlir::func::FuncOp function, const Target &target);

/// Targets that this machine can run.
llvm::SmallVector<const Target *> runnableTargets();

/// The type of a tensor of f32.
std::string tensor(llvm::ArrayRef<int64_t> shape);

/// Single operations: `%r = <op>` applied to arguments %0, %1, ... of the given types; `text` ends before the
/// colon.
std::string unaryFunction(const std::string &op, const std::string &from, const std::string &to);
std::string binaryFunction(const std::string &op, const std::string &lhs, const std::string &rhs,
                           const std::string &result);

} // namespace tenon::test

#endif

//===- Debugger.h - Finds the pass, rewrite or kernel that is wrong ------===//
//
// libtenon-debug, behind `tenon debug`. The model is compiled in a process of its own, which leaves the program after
// every pass that changed something. Then another process runs those programs by their reference semantics and compares
// (Evaluator.h, Tolerance.h), replays the first bad pass step by step (Replay.h), and runs kernels one by one
// (NativeKernels.h) and the artifact as a whole. A process that crashes or hangs is a finding like any other.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_DEBUG_DEBUGGER_H
#define TENON_TOOLS_DEBUG_DEBUGGER_H

#include "tools/compiler/Compiler.h"
#include "tools/compiler/Supervisor.h"
#include "tools/debug/Evaluator.h"
#include "tools/debug/Findings.h"

namespace tenon::debug {

/// A result that the program is known to have, by its name.
struct KnownResult {
  std::string name;
  Tensor tensor;
};

struct DebugOptions {
  CompilerOptions compiler;
  ProcessLimits limits; ///< of each process
  std::string model;
  /// Receives a snapshot per pass; empty: a temporary one that is removed.
  std::string directory;
  /// Gives the inputs of the imported program, and results known from elsewhere. Returns an exit code; what is wrong
  /// was printed.
  std::function<int(mlir::func::FuncOp main, std::vector<Tensor> &inputs, std::vector<KnownResult> &known)> bind;
  /// Called at the end with the folder, which may be gone afterwards, and the exit code.
  std::function<void(const std::string &directory, const Report &report, int code)> finish;
  /// Numbers of threads with which the artifact has to give the same bits.
  std::vector<unsigned> threads = {1, 2, 3};
};

/// Debugs a model. Returns 0 if nothing was found, 5 if something was, else the exit code of what went wrong
/// (`message` says what). Must be called while the process has one thread.
int debugModel(const DebugOptions &options, Report &report, std::string &message);

} // namespace tenon::debug

#endif

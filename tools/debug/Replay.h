//===- Replay.h - One pass again, up to a number of steps ----------------===//
#ifndef TENON_TOOLS_DEBUG_REPLAY_H
#define TENON_TOOLS_DEBUG_REPLAY_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "tools/compiler/Compiler.h"

namespace tenon::debug {

/// A step of a pass: an attempt to apply a rewrite pattern, or what the pass calls a step (passes/Steps.h).
struct Step {
  std::string name; ///< the pattern's, or the step's
  std::string op;   ///< the operation it was tried at
};

/// What came of a replayed pass.
struct Replayed {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  bool succeeded = false;
  int64_t steps = 0; ///< taken
  Step last;         ///< the last one taken
};

/// Runs the pass at `position` on a copy of `before`, at most `limit` steps of it (-1: all). The context must not be
/// multithreaded. `note` is told the last of these steps before it is taken.
Replayed replay(mlir::ModuleOp before, const PassPosition &position, const CompilerOptions &options,
                const KernelLibrary &library, int64_t limit, llvm::function_ref<void(const Step &)> note = {});

/// Operations that one module has and the other one has not, as text, in order, and the first of the graph's nodes that
/// they come from.
struct ModuleDelta {
  std::vector<std::string> before, after;
  std::vector<std::string> nodes;
};
ModuleDelta compareModules(mlir::ModuleOp before, mlir::ModuleOp after);

} // namespace tenon::debug

#endif

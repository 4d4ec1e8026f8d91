//===- PassWatch.h - Being told which pass runs --------------------------===//
#ifndef TENON_TOOLS_COMPILER_PASSWATCH_H
#define TENON_TOOLS_COMPILER_PASSWATCH_H

#include "mlir/IR/Action.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include <functional>
#include <optional>
#include <string>

namespace tenon {

/// One pass of a stage. Passes that only run others do not count.
struct PassPosition {
  std::string stage, name; ///< "layout", "sink-reshapes"
  unsigned number = 0;     ///< within the stage, from 0
  std::string argument{};  ///< the pass on the command line of tenon-opt
  std::string summary{};   ///< what it is for
  /// "layout/2-sink-reshapes".
  std::string str() const { return stage + "/" + std::to_string(number) + "-" + name; }
  /// What str() gave; nothing if it is something else.
  static std::optional<PassPosition> parse(llvm::StringRef text);
};

/// What to do around passes. `after` is called whether or not the pass succeeded.
struct PassWatcher {
  std::function<void(const PassPosition &, mlir::ModuleOp)> before;
  std::function<void(const PassPosition &, mlir::ModuleOp, bool succeeded)> after;
};

/// Has the passes of a stage watched. The pass manager's context must not be multithreaded while it runs.
void watchPasses(mlir::PassManager &pm, llvm::StringRef stage, PassWatcher watcher);

/// Name of the step of a pass that an action is: a rewrite pattern's class, without scopes, or what the pass calls it
/// (passes/Steps.h). Nothing for other actions.
std::optional<std::string> stepName(const mlir::tracing::Action &action);

} // namespace tenon

#endif

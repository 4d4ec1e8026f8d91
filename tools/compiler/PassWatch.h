//===- PassWatch.h - Being told which pass runs --------------------------===//
#ifndef TENON_TOOLS_COMPILER_PASSWATCH_H
#define TENON_TOOLS_COMPILER_PASSWATCH_H

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
  std::string summary{};   ///< what the pass is for
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

} // namespace tenon

#endif

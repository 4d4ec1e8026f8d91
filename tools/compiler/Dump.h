//===- Dump.h - The module after every pass ------------------------------===//
#ifndef TENON_TOOLS_COMPILER_DUMP_H
#define TENON_TOOLS_COMPILER_DUMP_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "tools/compiler/WeightFile.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <string>

namespace tenon {

/// Writes numbered files into a directory, which is created: "07-layout-sink-reshapes.mlir" after a pass that
/// changed something, and after one that did not "08-layout-simplify.unchanged.mlir", which names the file
/// that still holds. The constants' bytes are in "weights.tnw".
class ModuleDumper {
public:
  explicit ModuleDumper(std::string directory);

  /// Writes the module under `name` if it differs from what was written last.
  void dump(mlir::ModuleOp module, llvm::StringRef name);
  /// Has every pass of a stage dumped. The pass manager's context must not be multithreaded while it runs.
  void watch(mlir::PassManager &pm, llvm::StringRef stage);

  /// Empty as long as everything could be written.
  const std::string &getError() const { return error; }

private:
  bool writeWeights(mlir::ModuleOp module);

  WeightFileWriter weights;
  std::unique_ptr<llvm::raw_fd_ostream> weightStream;
  std::string directory, lastFile, lastText, error;
  unsigned number = 0;
};

} // namespace tenon

#endif

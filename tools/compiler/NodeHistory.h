//===- NodeHistory.h - What became of a node of the graph ----------------===//
#ifndef TENON_TOOLS_COMPILER_NODEHISTORY_H
#define TENON_TOOLS_COMPILER_NODEHISTORY_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"
#include <string>
#include <vector>

namespace tenon {

/// The operations that stand for one node of the ONNX graph, after each pass that changed them. Operations are found by
/// the names in their locations (passes/Provenance.h).
class NodeHistory {
public:
  struct Entry {
    std::string stage;
    std::string pass;    ///< as on the command line of tenon-opt; empty for the import
    std::string summary; ///< what the pass is for
    std::vector<std::string> operations;
    bool operator==(const Entry &other) const { return operations == other.operations; }
  };

  explicit NodeHistory(std::string node) : node(std::move(node)) {}

  /// Notes what stands for the node now, if that differs from the last entry.
  void note(mlir::ModuleOp module, llvm::StringRef stage, llvm::StringRef pass = "", llvm::StringRef summary = "");

  const std::string &getNode() const { return node; }
  const std::vector<Entry> &getEntries() const { return entries; }

private:
  std::string node;
  std::vector<Entry> entries;
};

/// The names that the locations of a module's operations have.
llvm::SetVector<llvm::StringRef> namesIn(mlir::ModuleOp module);

} // namespace tenon

#endif

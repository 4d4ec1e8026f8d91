//===- SnapshotData.h - Passes and the programs that they left -----------===//
#ifndef TENON_TOOLS_REPORT_SNAPSHOTDATA_H
#define TENON_TOOLS_REPORT_SNAPSHOTDATA_H

#include "mlir/IR/BuiltinOps.h"
#include "tools/debug/Snapshots.h"
#include "tools/report/Names.h"

namespace tenon::report {

/// The timeline of passes, and the programs after them as lines that are stored once. A program is a list of runs of
/// the table of lines: what a pass leaves as it was is one run, whatever its length.
class SnapshotData {
public:
  /// Bytes of text beyond which bodies of kernels, and then whole programs, are left out.
  explicit SnapshotData(Names &names, size_t mostBytes = 24 << 20) : names(names), mostBytes(mostBytes) {}

  /// The imported program, to be added first.
  void addImport(mlir::ModuleOp module);
  /// What a pass left: a program if it changed something, else null.
  void addPass(const debug::Snapshot &pass, mlir::ModuleOp module);

  /// Writes an object: "passes", "lines" (text), "nodes" (of each line: a number of Names, a list, or -1) and
  /// "snapshots" ("runs": first line and number of lines in turn).
  void write(llvm::json::OStream &out) const;

private:
  struct Program {
    std::vector<unsigned> runs;
    unsigned count = 0, operations = 0;
    std::string note; ///< what was left out
  };
  struct Pass {
    debug::Snapshot ran;
    unsigned program; ///< after it
  };

  void add(mlir::ModuleOp module);
  unsigned lineNumber(const std::string &text, mlir::Location loc);

  Names &names;
  size_t mostBytes, bytes = 0;
  llvm::StringMap<unsigned> known;
  std::vector<llvm::StringRef> lines;
  std::vector<std::vector<unsigned>> nodes; ///< of each line
  std::vector<Program> programs;
  std::vector<Pass> passes;
};

} // namespace tenon::report

#endif

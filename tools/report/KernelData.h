//===- KernelData.h - What each step of the program costs ----------------===//
#ifndef TENON_TOOLS_REPORT_KERNELDATA_H
#define TENON_TOOLS_REPORT_KERNELDATA_H

#include "mlir/IR/BuiltinOps.h"
#include "tools/report/Names.h"
#include <optional>

namespace tenon::report {

/// What a run of the program took on this machine, and what the machine can do.
struct Measurement {
  std::vector<double> seconds; ///< of each step
  unsigned threads = 1;
  double flops = 0, bandwidth = 0; ///< of the machine per second: operations, and bytes from memory
  std::string isa;

  llvm::json::Value toJson() const;
  /// What toJson wrote; nothing if it is something else.
  static std::optional<Measurement> fromJson(const llvm::json::Value &value);
};

/// Writes an object: "steps" in the order of execution (kernel, template, nodes, flops, bytes, seconds if measured),
/// "machine" if measured, and else "note", which says why not. Nothing if the program is not planned.
void writeKernels(llvm::json::OStream &out, mlir::ModuleOp planned, const std::optional<Measurement> &measured,
                  llvm::StringRef note, Names &names);

} // namespace tenon::report

#endif

//===- Findings.h - What the debugger found ------------------------------===//
#ifndef TENON_TOOLS_DEBUG_FINDINGS_H
#define TENON_TOOLS_DEBUG_FINDINGS_H

#include "llvm/Support/JSON.h"
#include <optional>
#include <string>
#include <vector>

namespace tenon::debug {

/// The first thing that is wrong.
struct Finding {
  Finding() = default;
  Finding(std::string kind, std::string where, std::string message, std::vector<std::string> sources)
      : kind(std::move(kind)), where(std::move(where)), message(std::move(message)), sources(std::move(sources)) {}

  /// "numbers", "not-finite", "crash", "hang", "diagnostic", "invalid", "nondeterminism", "out-of-bounds",
  /// "uninitialised", "import".
  std::string kind;
  /// Where: "import", a pass ("layout/1-layout"), "kernel", "emit".
  std::string where;
  std::string message;              ///< one line
  std::vector<std::string> sources; ///< names of the model's nodes

  // In a pass: the first step that makes it wrong.
  std::string pattern;                    ///< rewrite pattern or step; empty if no step does it alone
  std::string tried;                      ///< the operation that the step was taken at
  int64_t step = -1, steps = -1;          ///< number of the step, of how many
  std::vector<std::string> before, after; ///< operations that the step replaced, and by what

  // In a kernel.
  int64_t kernel = -1; ///< number in the order of execution
  std::string kernelTemplate, loweringStep, naive, kernelText;

  double difference = 0, tolerance = 0;
  std::string output; ///< name of the result that differs most

  llvm::json::Object toJson() const;
  /// Several lines for a reader.
  std::string toText() const;
};

/// One pass of the compilation.
struct PassRecord {
  std::string name;
  bool changed = false;
  double error = -1;          ///< of the worst result against the reference; negative if not known
  uint64_t computed = 0;      ///< operations that had to be computed
  std::vector<double> errors; ///< of each result
};

/// A result of the model.
struct OutputRecord {
  std::string name;
  double tolerance = 0; ///< relative error that is accepted
};

/// A native kernel that was run on the reference's inputs.
struct KernelRecord {
  double error = 0, tolerance = 0; ///< of the output that is worst in relation to what is accepted
};

struct Report {
  std::optional<Finding> finding;
  std::vector<PassRecord> passes;
  std::vector<OutputRecord> outputs;
  std::vector<KernelRecord> kernelErrors; ///< in the order of execution
  std::vector<std::string> notes;
  double tolerance = 0, seconds = 0;
  int64_t kernels = 0; ///< run one by one

  llvm::json::Object toJson() const;
  /// What toJson wrote; nothing if it is something else.
  static std::optional<Report> fromJson(const llvm::json::Value &value);
  std::string toText() const;
};

} // namespace tenon::debug

#endif

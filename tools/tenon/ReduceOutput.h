//===- ReduceOutput.h - The folder that a reduction leaves ---------------===//
#ifndef TENON_TOOLS_TENON_REDUCEOUTPUT_H
#define TENON_TOOLS_TENON_REDUCEOUTPUT_H

#include "tools/tenon/ReducePredicate.h"

namespace tenon::cli {

/// What the report is about, beside the reduction itself.
struct ReportContext {
  std::string model; ///< file name of the model that was reduced
  size_t nodesBefore = 0;
  const Predicate *predicate = nullptr;
  const TrialOptions *options = nullptr;
  std::string flags;   ///< the options of compiling, as given, for a command line
  std::string against; ///< the other flags of "slower"
};

/// Writes reduced.onnx (and reduced.weights, if it is large), a .npy file per input, expected-*.npy for wrong numbers,
/// reduced.mlir with its weight file, report.md and repro.sh into a folder, which is created. Returns the exit code.
int writeReduction(const reduce::Reduction &reduction, const ReportContext &context, const std::string &folder);

/// Quotes a word for a POSIX shell, if it needs that.
std::string shellQuoted(const std::string &word);

} // namespace tenon::cli

#endif

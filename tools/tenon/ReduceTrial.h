//===- ReduceTrial.h - One compilation and run of a candidate ------------===//
#ifndef TENON_TOOLS_TENON_REDUCETRIAL_H
#define TENON_TOOLS_TENON_REDUCETRIAL_H

#include "tools/reduce/Reduce.h"
#include "tools/tenon/ModelOptions.h"
#include "tools/tenon/Roofline.h"
#include "tools/tenon/Values.h"

namespace tenon::cli {

/// How candidates are compiled, run and compared.
struct TrialOptions {
  CompilerOptions compiler;
  ProcessLimits limits;
  double rtol = 1e-3, atol = 1e-5;
  std::string testFailure;
  /// For timing: the other set of flags, if it is given, else the machine's rates.
  std::optional<CompilerOptions> against;
  Roofline roofline;
};

/// What came of it.
struct TrialResult {
  ProcessOutcome outcome;
  std::string observed; ///< comparisons or times, lines of text
  std::string messages; ///< what went to the standard error

  bool wasInterrupted() const { return outcome.exitCode > 128 && outcome.message == "interrupted"; }
  bool hasCrashed() const { return outcome.crashSignal != 0 || outcome.timedOut; }
};

/// Runs work in a process of its own, whose output is captured in files of the workspace.
TrialResult runCaptured(reduce::Workspace &workspace, const ProcessLimits &limits, llvm::function_ref<int()> work);

/// Compiles a candidate for this machine, runs it and compares its outputs with the recorded values. The exit code is
/// the compiler's, or 5 where numbers differ. Only compiles it if an input has no value.
TrialResult tryNumbers(const reduce::Subject &subject, const reduce::Record &record, const std::string &model,
                       reduce::Workspace &workspace, const TrialOptions &options);

/// Compiles a candidate and times it. With `options.against` it is compared as a whole with what those flags make of
/// it, else each kernel with its bound. The exit code is 5 where it takes at least `factor` times as long.
TrialResult tryTime(const reduce::Subject &subject, const std::string &model, double factor,
                    reduce::Workspace &workspace, const TrialOptions &options);

/// The absolute tolerance for an output: `atol` for values of magnitude 1, and in proportion for larger ones, whose
/// sums have larger terms.
double scaledTolerance(double atol, const HostTensor &expected);

} // namespace tenon::cli

#endif

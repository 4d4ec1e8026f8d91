//===- ReducePredicate.h - What a reduction preserves --------------------===//
#ifndef TENON_TOOLS_TENON_REDUCEPREDICATE_H
#define TENON_TOOLS_TENON_REDUCEPREDICATE_H

#include "tools/tenon/ReduceTrial.h"

namespace tenon::cli {

enum class Fault { Auto, Numbers, Crash, Diagnostic, Slower, Script };

/// A predicate as it was asked for: "numbers", "crash", "diagnostic=TEXT", "slower=X", "auto".
struct PredicateSpec {
  Fault fault = Fault::Auto;
  std::string text; ///< of the diagnostic, or the script's path
  double factor = 0;

  /// False if `given` is none of them.
  bool parse(llvm::StringRef given);
  /// As parse() takes it.
  std::string str() const;
};

/// Tests candidates. What is seen first is what is looked for: "auto" becomes the fault of the first candidate, and a
/// crash has to be in the phase, and by the signal, of the first one.
class Predicate {
public:
  Predicate(PredicateSpec spec, TrialOptions options, reduce::Workspace &workspace)
      : spec(std::move(spec)), options(std::move(options)), workspace(workspace) {}

  reduce::Verdict test(const reduce::Subject &subject, const reduce::Record &record, const std::string &path);

  /// With Fault::Auto replaced once a candidate was tested.
  const PredicateSpec &getSpec() const { return spec; }
  /// The phase that crashed; "run" for the compiled program.
  const std::string &getCrashPhase() const { return crashPhase; }
  bool isHang() const { return crashSignal < 0; }

private:
  void settle(const TrialResult &result);
  bool isCrash(const TrialResult &result);
  TrialResult runScript(const reduce::Subject &subject, const std::string &path);

  PredicateSpec spec;
  TrialOptions options;
  reduce::Workspace &workspace;
  std::string crashPhase;
  int crashSignal = 0; ///< -1: the time limit
};

/// A file name for a value: its own as far as that is possible, made different from `taken`, where it is added.
std::string fileNameFor(const std::string &value, std::set<std::string> &taken);

/// Writes the values of a subject's inputs as .npy files. On failure `message` says why.
bool writeInputs(const reduce::Subject &subject, const std::string &folder, std::map<std::string, std::string> &files,
                 std::string &message);

} // namespace tenon::cli

#endif

//===- Reduce.h - Makes a model small while a fault remains --------------===//
//
//   Workspace workspace;
//   if (!workspace.create()) ...
//   Reduction result = reduce(subject, workspace, oracle, options);
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_REDUCE_REDUCE_H
#define TENON_TOOLS_REDUCE_REDUCE_H

#include "tools/compiler/Supervisor.h"
#include "tools/reduce/Workspace.h"
#include <functional>

namespace tenon::reduce {

/// What a predicate found.
struct Verdict {
  bool holds = false;
  bool interrupted = false;
  std::string observed; ///< what is wrong, or what was seen instead; lines of text
};

/// Tries a subject, whose model is also in the file `path`. `record` has the values that its outputs are to have.
/// Must give the same verdict whenever it is asked the same.
using Oracle = std::function<Verdict(const Subject &subject, const Record &record, const std::string &path)>;

struct ReduceOptions {
  ProcessLimits limits;   ///< of one import and interpretation
  unsigned maxTests = 0;  ///< calls of the oracle; 0: as many as it takes
  bool onlyWhole = false; ///< find out whether the predicate holds at first, and no more
  /// Called before each test: what is being done, the least number of nodes so far, tests done.
  std::function<void(llvm::StringRef phase, size_t nodes, unsigned tests)> progress;
};

struct Reduction {
  Subject subject;
  Record record; ///< values of the subject's nodes
  std::string observed;
  bool holdsAtFirst = false; ///< whether the predicate holds for the whole; if not there is nothing to reduce
  bool interrupted = false;
  std::string problem; ///< what kept the interpreter from computing all values of the whole
  std::string error;   ///< of the workspace; the reduction then stopped early
  unsigned tests = 0;
  /// Of `confirmations` further tests of the result, how many showed the fault: not all do if it depends on chance.
  unsigned confirmed = 0;
  static constexpr unsigned confirmations = 2;
};

Reduction reduce(const Subject &whole, Workspace &workspace, const Oracle &oracle, const ReduceOptions &options);

} // namespace tenon::reduce

#endif

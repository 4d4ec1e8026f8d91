//===- StepSeries.h - Step times of several models, measured by turns ----===//
#ifndef TENON_TOOLS_TENON_STEPSERIES_H
#define TENON_TOOLS_TENON_STEPSERIES_H

#include "tools/debug/Regression.h"
#include "tools/tenon/Session.h"
#include <limits>

namespace tenon::cli {

/// What the steps of a model took, in series of runs. Each series has a context of its own, and so other memory. Of the
/// runs of a series the fastest counts, step by step: what disturbs a run only ever adds to it.
class StepSeries {
public:
  using Run = std::vector<double>; ///< seconds by step

  void beginSeries(size_t steps) { best.emplace_back(steps, std::numeric_limits<double>::infinity()); }
  void add(const Run &run);

  /// The time of some steps together, in each series.
  debug::SeriesTimes timesOf(llvm::ArrayRef<size_t> steps) const;
  /// The same for all steps.
  debug::SeriesTimes times() const;

private:
  std::vector<Run> best; ///< by series
};

/// Runs models, whose inputs are bound, by turns: `count` series for `seconds` together, with at least three runs of
/// each model in each. Makes the sessions' contexts anew. Returns an exit code.
int timeByTurns(llvm::ArrayRef<Session *> sessions, unsigned threads, unsigned count, double seconds,
                std::vector<StepSeries> &series);

} // namespace tenon::cli

#endif

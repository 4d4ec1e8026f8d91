#include "tools/tenon/StepSeries.h"
#include "tools/tenon/Output.h"
#include "llvm/ADT/STLExtras.h"
#include <chrono>
#include <numeric>

namespace tenon::cli {

/// Runs of each model in a series: of fewer all may be disturbed, more only take time.
static constexpr int kMinRuns = 3, kMaxRuns = 500;

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static void noteStep(void *user, const tn_profile_event *event) {
  auto &run = *static_cast<StepSeries::Run *>(user);
  if (event->step < run.size())
    run[event->step] += (event->end_ns - event->begin_ns) * 1e-9;
}

void StepSeries::add(const Run &run) {
  for (auto [fastest, seconds] : llvm::zip_equal(best.back(), run))
    fastest = std::min(fastest, seconds);
}

debug::SeriesTimes StepSeries::timesOf(llvm::ArrayRef<size_t> steps) const {
  debug::SeriesTimes times;
  for (const Run &run : best)
    times.push_back(
        std::accumulate(steps.begin(), steps.end(), 0.0, [&](double sum, size_t i) { return sum + run[i]; }));
  return times;
}

debug::SeriesTimes StepSeries::times() const {
  debug::SeriesTimes times;
  for (const Run &run : best)
    times.push_back(std::accumulate(run.begin(), run.end(), 0.0));
  return times;
}

int timeByTurns(llvm::ArrayRef<Session *> sessions, unsigned threads, unsigned count, double seconds,
                std::vector<StepSeries> &series) {
  series.resize(sessions.size());
  for (unsigned s = 0; s < count; ++s) {
    std::vector<StepSeries::Run> runs(sessions.size());
    for (size_t m = 0; m < sessions.size(); ++m) {
      tn_entry_info entry;
      if (tn_status status = tn_entry_describe(sessions[m]->getModel(), 0, &entry))
        return reportStatus(status);
      runs[m].assign(entry.n_steps, 0);
      if (int code = sessions[m]->createContext(threads, noteStep, &runs[m]))
        return code;
      if (int code = sessions[m]->run()) // touches memory for the first time
        return code;
      series[m].beginSeries(entry.n_steps);
    }
    double begin = now();
    for (int r = 0; r < kMaxRuns && (r < kMinRuns || now() - begin < seconds / count); ++r)
      for (size_t turn = 0; turn < sessions.size(); ++turn) {
        size_t m = (turn + r + s) % sessions.size(); // nobody always comes first
        std::fill(runs[m].begin(), runs[m].end(), 0);
        if (int code = sessions[m]->run())
          return code;
        series[m].add(runs[m]);
      }
  }
  return kOk;
}

} // namespace tenon::cli

#include "tools/tenon/ReduceTiming.h"
#include "tools/tenon/Output.h"
#include <algorithm>
#include <chrono>
#include <fmt/core.h>

namespace tenon::cli {

/// What a step may take beyond its bound, in seconds.
static constexpr double kStepOverhead = 5e-6;
/// A round measures for so many seconds, at least and at most so many runs.
static constexpr double kRoundSeconds = 0.1;
static constexpr int kMinRuns = 3, kMaxRuns = 200;

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Calls `run` for one round; the code of an error ends it.
template <typename Run> static int repeat(Run run) {
  double begin = now();
  for (int i = 0; i < kMaxRuns && (i < kMinRuns || now() - begin < kRoundSeconds); ++i)
    if (int code = run())
      return code;
  return kOk;
}

int timeAgainst(Session &session, Session &other, double factor) {
  double best[2] = {1e300, 1e300};
  for (int round = 0; round < 2; ++round) {
    int code = repeat([&]() -> int {
      for (auto [i, each] : {std::pair(0, &session), std::pair(1, &other)}) {
        double begin = now();
        if (int code = each->run())
          return code;
        best[i] = std::min(best[i], now() - begin);
      }
      return kOk;
    });
    if (code)
      return code;
    if (best[0] < factor * best[1])
      break;
  }
  fmt::print("{:.4g} ms, with the other flags {:.4g} ms: {:.3g} times as long\n", best[0] * 1e3, best[1] * 1e3,
             best[0] / best[1]);
  return best[0] >= factor * best[1] ? kDiffers : kOk;
}

static void noteStep(void *user, const tn_profile_event *event) {
  auto &best = *static_cast<std::vector<double> *>(user);
  if (event->step < best.size())
    best[event->step] = std::min(best[event->step], (event->end_ns - event->begin_ns) * 1e-9);
}

int timeAgainstBound(Session &session, const Roofline &roofline, double factor) {
  tn_entry_info entry;
  tn_entry_describe(session.getModel(), 0, &entry);
  std::vector<double> best(entry.n_steps, 1e300);
  if (int code = session.createContext(0, noteStep, &best))
    return code;
  double worst = 0;
  std::string found;
  for (int round = 0; round < 2; ++round) {
    if (int code = repeat([&] { return session.run(); }))
      return code;
    worst = 0;
    for (uint32_t i = 0; i < entry.n_steps; ++i) {
      tn_step_info step;
      if (tn_step_describe(session.getModel(), 0, i, &step) != TN_OK)
        continue;
      double bound = roofline.seconds(step.flops, step.bytes) + kStepOverhead;
      if (best[i] / bound <= worst)
        continue;
      worst = best[i] / bound;
      found = fmt::format("kernel {} takes {:.4g} ms, its bound is {:.4g} ms: {:.3g} times as long\n", step.kernel_name,
                          best[i] * 1e3, bound * 1e3, worst);
    }
    if (worst < factor)
      break;
  }
  fmt::print("{}", found);
  return worst >= factor ? kDiffers : kOk;
}

} // namespace tenon::cli

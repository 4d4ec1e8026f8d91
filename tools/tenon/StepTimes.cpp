#include "tools/tenon/StepTimes.h"
#include "tools/tenon/Output.h"

namespace tenon::cli {

static void addEvent(void *user, const tn_profile_event *event) {
  auto &steps = *static_cast<std::vector<double> *>(user);
  if (event->step < steps.size())
    steps[event->step] += (event->end_ns - event->begin_ns) * 1e-9;
}

int countThreads(unsigned &threads) {
  if (threads > 0)
    return kOk;
  tn_pool *pool; // asks the runtime, which knows about affinity
  if (tn_status status = tn_pool_create(0, &pool))
    return reportStatus(status);
  threads = tn_pool_threads(pool);
  tn_pool_destroy(pool);
  return kOk;
}

int measureSteps(Session &session, unsigned threads, unsigned rounds, std::vector<double> &seconds) {
  tn_entry_info entry;
  if (tn_status status = tn_entry_describe(session.getModel(), 0, &entry))
    return reportStatus(status);
  seconds.assign(entry.n_steps, 0);
  if (int code = session.createContext(threads, addEvent, &seconds))
    return code;
  if (int code = session.run())
    return code;
  std::fill(seconds.begin(), seconds.end(), 0);
  for (unsigned i = 0; i < rounds; ++i)
    if (int code = session.run())
      return code;
  for (double &time : seconds)
    time /= rounds;
  return session.checkTrace();
}

int measureModel(const std::string &path, const ModelOptions &model, unsigned threads, std::vector<double> &seconds) {
  constexpr unsigned kRounds = 20;
  Session session;
  if (int code = session.open(path, model))
    return code;
  if (int code = session.bindInputs({}, /*random=*/true, 1))
    return code;
  return measureSteps(session, threads, kRounds, seconds);
}

} // namespace tenon::cli

// Traces of runs: which thread computed what and when, in a file that ui.perfetto.dev and chrome://tracing open.
#ifndef TENON_RUNTIME_TRACE_H
#define TENON_RUNTIME_TRACE_H

#include "Model.h"

namespace tn {

/// Some work items of one launch of a kernel on one thread.
struct TraceEvent {
  uint64_t begin, end; ///< nanoseconds of CLOCK_MONOTONIC
  int64_t firstItem, lastItem, extent;
  uint32_t step, thread;
};

/// The events of a context's current run, the newest ones if there are more than fit. Memory is taken once. The
/// thread that runs the model gives out slots and each thread writes its own, so that nothing is locked.
class Recorder {
public:
  /// Takes memory for all events of any run, up to a bound. `trace` is retained.
  tn_status open(tn_trace *trace, const tn_model &model, uint32_t threads);
  void close(const Allocator &allocator);

  void beginRun();
  /// Writes the run to the file. What goes wrong there is the trace's status, not the run's.
  void endRun(const tn_model &model, uint32_t entry, tn_status status);

  /// The first of `count` consecutive slots.
  uint64_t reserve(uint32_t count) {
    uint64_t slot = used;
    used += count;
    return slot;
  }
  /// Takes back all slots from this one on, none of which has been written.
  void giveBack(uint64_t slot) { used = slot; }
  void record(uint64_t slot, uint32_t step, uint64_t begin, int64_t firstItem, int64_t lastItem, int64_t extent);

private:
  tn_trace *trace;
  TraceEvent *events;
  uint64_t capacity, used;
  uint64_t runBegin;
};

/// The trace that TN_TRACE asks for, retained; NULL without it. If it can't be written the model's log says so.
tn_trace *environmentTrace(const tn_model &model);

} // namespace tn

#endif

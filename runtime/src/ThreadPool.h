// Threads that split one kernel at a time.
#ifndef TENON_RUNTIME_THREADPOOL_H
#define TENON_RUNTIME_THREADPOOL_H

#include "Allocator.h"

namespace tn {

using TaskFn = void (*)(void *argument, uint32_t index);

tn_status createPool(uint32_t threads, const Allocator &allocator, tn_pool **pool);
void retain(tn_pool *pool);

/// Runs task(argument, i) for i in [0, tasks), 1 < tasks <= tn_pool_threads(pool), and returns when all are
/// done. False, with nothing run, when another thread has the pool.
bool parallelFor(tn_pool *pool, uint32_t tasks, TaskFn task, void *argument);

/// While a run is under way workers stay awake longer: the next kernel is near.
void beginRun(tn_pool *pool);
void endRun(tn_pool *pool);

/// Nanoseconds of CLOCK_MONOTONIC; no system call.
uint64_t now();

} // namespace tn

#endif

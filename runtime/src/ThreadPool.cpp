// One job at a time, announced through a ticket that workers spin on. A job has a number of participants; a
// worker beyond it never looks at the job, and the announcer waits for each participant's own word, so no
// line is written by two workers. Who has spun for long parks on a futex.

#include "ThreadPool.h"

#include "Cpu.h"
#include "Status.h"

#include <atomic>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

using namespace tn;

static constexpr uint64_t kIdleSpinNs = 200 * 1000, kRunSpinNs = 1000 * 1000;
/// With more threads than CPUs, spinning keeps those from running that one waits for.
static constexpr uint64_t kCrowdedSpinNs = 5 * 1000;
static constexpr uint32_t kMaxThreads = 1024;
/// Polls between two looks at the clock. Only then is the CPU told to pause: a hypervisor takes a CPU that does
/// nothing but pausing away for tens of microseconds.
static constexpr int kPollsPerCheck = 64;
/// A ticket is a job number and, in its low bits, the number of participants.
static constexpr int kParticipantBits = 16;

using Word = std::atomic<uint32_t>;

static void futexWait(Word &word, uint32_t expected) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}
static void futexWake(Word &word) { syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0); }

uint64_t tn::now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000u + static_cast<uint64_t>(time.tv_nsec);
}

namespace {
struct alignas(kAlignment) Worker {
  std::atomic<uint64_t> claimed; ///< last ticket whose task has been taken, by the worker or by the announcer
  std::atomic<uint64_t> done;    ///< last ticket finished
  Word parked;                   ///< 1 while waiting, or about to, on this word
  uint32_t index;                ///< task that it does; the caller does task 0
  tn_pool *pool;
  pthread_t thread;
};
} // namespace

struct tn_pool {
  Allocator allocator;
  std::atomic<uint32_t> references;
  uint32_t threads;
  bool crowded;      ///< more threads than CPUs
  tn_host_pool host; ///< parallel_for == nullptr: our own threads
  Worker *workers;   ///< threads - 1

  // Written by the announcer, read by everyone.
  alignas(kAlignment) std::atomic<uint64_t> ticket;
  TaskFn task; ///< nullptr: leave
  void *argument;
  uint32_t floatMode;

  alignas(kAlignment) Word busy;     ///< 1 while a job is under way
  alignas(kAlignment) Word sleepers; ///< workers with `parked` set
  Word runs;
  alignas(kAlignment) Word callerParked; ///< 1 while the announcer waits, or is about to, on this word
};

/// Whether the caller is the one to do this worker's task of job `ticket`.
static bool claim(Worker &worker, uint64_t ticket) {
  uint64_t last = worker.claimed.load(std::memory_order_relaxed);
  return last < ticket && worker.claimed.compare_exchange_strong(last, ticket);
}

/// How long to spin before parking, during a run or outside of one.
static uint64_t spinNs(const tn_pool &pool) {
  if (pool.crowded)
    return kCrowdedSpinNs;
  return pool.runs.load(std::memory_order_relaxed) ? kRunSpinNs : kIdleSpinNs;
}

// ---- Workers ----

/// Returns the ticket that follows `seen`.
static uint64_t nextTicket(Worker &worker, uint64_t seen) {
  tn_pool &pool = *worker.pool;
  for (;;) {
    for (uint64_t begin = now(), limit = spinNs(pool); now() - begin <= limit; limit = spinNs(pool)) {
      for (int i = 0; i < kPollsPerCheck; ++i) {
        uint64_t ticket = pool.ticket.load(std::memory_order_acquire);
        if (ticket != seen)
          return ticket;
      }
      pauseCpu();
    }
    // Either the announcer sees `sleepers`, or this thread sees the new ticket: both sides are sequentially
    // consistent, so they cannot miss each other.
    worker.parked.store(1);
    pool.sleepers.fetch_add(1);
    if (pool.ticket.load() == seen)
      futexWait(worker.parked, 1);
    worker.parked.store(0);
    pool.sleepers.fetch_sub(1);
  }
}

static void *workerMain(void *argument) {
  Worker &worker = *static_cast<Worker *>(argument);
  tn_pool &pool = *worker.pool;
  prctl(PR_SET_NAME, "tenon");
  uint64_t ticket = 0;
  for (;;) {
    ticket = nextTicket(worker, ticket);
    // The job may be looked at only after the claim: until then it can end, and the next one be written, any
    // time.
    if (worker.index >= (ticket & ((1u << kParticipantBits) - 1)) || !claim(worker, ticket))
      continue;
    if (!pool.task)
      return nullptr;
    setFloatMode(pool.floatMode);
    pool.task(pool.argument, worker.index);
    worker.done.store(ticket);
    if (pool.callerParked.load() && pool.callerParked.exchange(0))
      futexWake(pool.callerParked);
  }
}

// ---- Announcing ----

static uint64_t announce(tn_pool &pool, uint32_t participants, TaskFn task, void *argument) {
  pool.task = task;
  pool.argument = argument;
  pool.floatMode = floatMode();
  uint64_t previous = pool.ticket.load(std::memory_order_relaxed);
  uint64_t ticket = ((previous >> kParticipantBits) + 1) << kParticipantBits | participants;
  pool.ticket.store(ticket);
  if (pool.sleepers.load() == 0)
    return ticket;
  for (uint32_t i = 0; i + 1 < participants; ++i)
    if (pool.workers[i].parked.load() && pool.workers[i].parked.exchange(0))
      futexWake(pool.workers[i].parked);
  return ticket;
}

static bool allDone(const tn_pool &pool, uint32_t participants, uint64_t ticket) {
  for (uint32_t i = 0; i + 1 < participants; ++i)
    if (pool.workers[i].done.load() != ticket)
      return false;
  return true;
}

/// Does the tasks that no worker has begun. From the last on, because the first are woken first.
static void helpOut(tn_pool &pool, uint32_t participants, uint64_t ticket, TaskFn task, void *argument) {
  for (uint32_t i = participants - 1; i-- > 0;)
    if (claim(pool.workers[i], ticket)) {
      task(argument, i + 1);
      pool.workers[i].done.store(ticket, std::memory_order_relaxed);
    }
}

static void awaitDone(tn_pool &pool, uint32_t participants, uint64_t ticket) {
  for (uint64_t begin = now(), limit = pool.crowded ? kCrowdedSpinNs : kIdleSpinNs; now() - begin <= limit;) {
    for (int i = 0; i < kPollsPerCheck; ++i)
      if (allDone(pool, participants, ticket))
        return;
    pauseCpu();
  }
  for (;;) {
    pool.callerParked.store(1);
    if (allDone(pool, participants, ticket))
      break;
    futexWait(pool.callerParked, 1);
  }
  pool.callerParked.store(0);
}

bool tn::parallelFor(tn_pool *pool, uint32_t tasks, TaskFn task, void *argument) {
  if (pool->host.parallel_for) {
    pool->host.parallel_for(pool->host.user, tasks, task, argument);
    return true;
  }
  if (pool->busy.exchange(1, std::memory_order_acquire))
    return false;
  uint64_t ticket = announce(*pool, tasks, task, argument);
  task(argument, 0);
  helpOut(*pool, tasks, ticket, task, argument);
  awaitDone(*pool, tasks, ticket);
  pool->busy.store(0, std::memory_order_release);
  return true;
}

void tn::beginRun(tn_pool *pool) { pool->runs.fetch_add(1, std::memory_order_relaxed); }
void tn::endRun(tn_pool *pool) { pool->runs.fetch_sub(1, std::memory_order_relaxed); }

// ---- Construction ----

static uint32_t availableCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    return static_cast<uint32_t>(CPU_COUNT(&set));
  long online = sysconf(_SC_NPROCESSORS_ONLN); // more CPUs than a cpu_set_t holds
  return online > 0 ? static_cast<uint32_t>(online) : 1;
}

static size_t workerBytes(uint32_t threads) { return (threads - 1) * sizeof(Worker); }

static void stopWorkers(tn_pool &pool, uint32_t running) {
  if (running == 0)
    return;
  announce(pool, running + 1, nullptr, nullptr);
  for (uint32_t i = 0; i < running; ++i)
    pthread_join(pool.workers[i].thread, nullptr);
}

/// Signals of the host are none of our threads' business. Returns the number of workers that run.
static uint32_t startWorkers(tn_pool &pool) {
  sigset_t everything, before;
  sigfillset(&everything);
  pthread_sigmask(SIG_SETMASK, &everything, &before);
  uint32_t started = 0;
  for (; started + 1 < pool.threads; ++started) {
    Worker &worker = pool.workers[started];
    worker.pool = &pool;
    worker.index = started + 1;
    if (pthread_create(&worker.thread, nullptr, workerMain, &worker) != 0)
      break;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

static tn_pool *newPool(const Allocator &allocator, uint32_t threads) {
  tn_pool *pool = allocator.create<tn_pool>();
  if (!pool)
    return nullptr;
  pool->allocator = allocator;
  pool->references.store(1);
  pool->threads = threads;
  return pool;
}

tn_status tn::createPool(uint32_t threads, const Allocator &allocator, tn_pool **out) {
  *out = nullptr;
  uint32_t cpus = availableCpus();
  if (threads == 0)
    threads = cpus < kMaxThreads ? cpus : kMaxThreads;
  if (threads > kMaxThreads)
    return fail(TN_ERROR_INVALID_ARGUMENT, "%u threads; at most %u are possible", threads, kMaxThreads);
  tn_pool *pool = newPool(allocator, threads);
  if (!pool)
    return fail(TN_ERROR_OUT_OF_MEMORY, "no memory for a thread pool");
  pool->crowded = threads > cpus;
  if (threads > 1) {
    pool->workers = static_cast<Worker *>(allocator.allocate(workerBytes(threads)));
    if (pool->workers)
      __builtin_memset(static_cast<void *>(pool->workers), 0, workerBytes(threads));
    uint32_t started = pool->workers ? startWorkers(*pool) : 0;
    if (started + 1 < threads) {
      stopWorkers(*pool, started);
      allocator.release(pool->workers, workerBytes(threads));
      allocator.release(pool, sizeof *pool);
      return fail(TN_ERROR_OUT_OF_MEMORY, "only %u of %u threads could be started", started + 1, threads);
    }
  }
  *out = pool;
  return TN_OK;
}

void tn::retain(tn_pool *pool) { pool->references.fetch_add(1, std::memory_order_relaxed); }

tn_status tn_pool_create(uint32_t n_threads, tn_pool **pool) {
  if (!pool)
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_pool_create: NULL argument");
  return createPool(n_threads, Allocator{}, pool);
}

tn_status tn_pool_create_host(const tn_host_pool *host, tn_pool **pool) {
  if (!host || !pool || !host->parallel_for || host->n_threads == 0 || host->n_threads > kMaxThreads)
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_pool_create_host: needs parallel_for and 1 to %u threads", kMaxThreads);
  *pool = newPool(Allocator{}, host->n_threads);
  if (!*pool)
    return fail(TN_ERROR_OUT_OF_MEMORY, "no memory for a thread pool");
  (*pool)->host = *host;
  return TN_OK;
}

uint32_t tn_pool_threads(const tn_pool *pool) { return pool ? pool->threads : 1; }

void tn_pool_destroy(tn_pool *pool) {
  if (!pool || pool->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  if (pool->workers) {
    stopWorkers(*pool, pool->threads - 1);
    pool->allocator.release(pool->workers, workerBytes(pool->threads));
  }
  Allocator allocator = pool->allocator;
  allocator.release(pool, sizeof *pool);
}

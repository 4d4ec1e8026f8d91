#include "Trace.h"

#include "Status.h"
#include "ThreadPool.h"
#include "TraceFile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

using namespace tn;

/// Events that a context keeps of one run. At least as many as threads, so that no two write to one slot at a time.
static constexpr uint64_t kLeastEvents = 2048, kMostEvents = 65536;
/// Viewers give up on files that are much larger.
static constexpr uint64_t kMostBytes = uint64_t(1) << 30;
/// Threads that get a name; the others show their number.
static constexpr uint32_t kNamedThreads = 64;

struct tn_trace {
  Allocator allocator;
  std::atomic<uint32_t> references;
  pthread_mutex_t lock; ///< for all that follows
  pid_t process;        ///< a child that fork made must not write into its parent's file
  tn_status status;     ///< of the first batch that failed, after which there are no more
  char message[kMessageBytes];
  TraceFile file;
  uint32_t named[kNamedThreads], namedCount;
};

// ---- Life ----

tn_status tn_trace_create(const char *path, tn_trace **trace) {
  if (!path || !trace)
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_trace_create: NULL argument");
  *trace = nullptr;
  Allocator allocator = {};
  auto *made = allocator.create<tn_trace>();
  if (!made)
    return fail(TN_ERROR_OUT_OF_MEMORY, "no memory for a trace");
  if (tn_status status = made->file.open(path)) {
    allocator.release(made, sizeof *made);
    return status;
  }
  made->references.store(1);
  made->process = getpid();
  pthread_mutex_init(&made->lock, nullptr);
  *trace = made;
  return TN_OK;
}

void tn_trace_destroy(tn_trace *trace) {
  if (!trace || trace->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  trace->file.close();
  pthread_mutex_destroy(&trace->lock);
  Allocator allocator = trace->allocator;
  allocator.release(trace, sizeof *trace);
}

tn_status tn_trace_status(tn_trace *trace) {
  if (!trace)
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_trace_status: the trace is NULL");
  pthread_mutex_lock(&trace->lock);
  tn_status status = trace->status ? fail(trace->status, "%s", trace->message) : TN_OK;
  pthread_mutex_unlock(&trace->lock);
  return status;
}

// ---- TN_TRACE ----

static pthread_mutex_t environmentLock = PTHREAD_MUTEX_INITIALIZER;
static tn_trace *environment;
static bool environmentRead;

tn_trace *tn::environmentTrace(const tn_model &model) {
  pthread_mutex_lock(&environmentLock);
  if (!environmentRead) {
    environmentRead = true;
    // A program that runs with the rights of another user must not write where this one says.
    const char *path = secure_getenv("TN_TRACE");
    if (path && *path && tn_trace_create(path, &environment) != TN_OK)
      model.say(TN_LOG_WARNING, tn_last_error());
  }
  // Kept for the life of the process: a second trace would begin the file anew.
  if (environment)
    environment->references.fetch_add(1, std::memory_order_relaxed);
  pthread_mutex_unlock(&environmentLock);
  return environment;
}

[[gnu::destructor]] static void closeEnvironmentTrace() { tn_trace_destroy(environment); }

// ---- Recording ----

static uint32_t threadNumber() {
  static thread_local uint32_t number;
  if (!number)
    number = static_cast<uint32_t>(gettid());
  return number;
}

tn_status Recorder::open(tn_trace *given, const tn_model &model, uint32_t threads) {
  capacity = kLeastEvents;
  for (uint32_t e = 0; e < model.desc->n_entries; ++e)
    if (uint64_t most = uint64_t(model.entry(e).n_steps) * threads; most > capacity)
      capacity = most < kMostEvents ? most : kMostEvents;
  events = static_cast<TraceEvent *>(model.allocator.allocate(capacity * sizeof(TraceEvent)));
  if (!events)
    return fail(TN_ERROR_OUT_OF_MEMORY, "no memory for %llu events of a trace", (unsigned long long)capacity);
  trace = given;
  trace->references.fetch_add(1, std::memory_order_relaxed);
  return TN_OK;
}

void Recorder::close(const Allocator &allocator) {
  allocator.release(events, capacity * sizeof(TraceEvent));
  tn_trace_destroy(trace);
}

void Recorder::beginRun() {
  used = 0;
  runBegin = now();
}

void Recorder::record(uint64_t slot, uint32_t step, uint64_t begin, int64_t firstItem, int64_t lastItem,
                      int64_t extent) {
  events[slot % capacity] = {begin, now(), firstItem, lastItem, extent, step, threadNumber()};
}

// ---- Writing ----

namespace {
/// Puts the events of one run of one entry point into the file.
class EventWriter {
public:
  EventWriter(tn_trace &trace, const tn_model &model, uint32_t entryIndex)
      : trace(trace), file(trace.file), model(model), entry(model.entry(entryIndex)) {}

  /// What all events begin with, up to their arguments.
  void begin(const char *name, const char *category, uint64_t begin, uint64_t end, uint32_t thread) {
    file.put(",\n{\"name\":");
    file.putString(name);
    file.put(",\"cat\":\"");
    file.put(category);
    file.put("\",\"ph\":\"X\"");
    place(thread);
    file.put(",\"ts\":");
    file.putTime(begin);
    file.put(",\"dur\":");
    file.putTime(end - begin);
    file.put(",\"args\":{");
  }

  void run(uint64_t begin, uint64_t end, uint64_t lost, tn_status status) {
    this->begin(entry.name, "run", begin, end, threadNumber());
    file.put("\"model\":");
    file.putString(model.desc->name);
    file.put(",\"status\":");
    file.putString(tn_status_name(status));
    if (lost)
      number("lost_events", lost);
    file.put("}}");
  }

  void kernel(const TraceEvent &event) {
    nameThread(event.thread);
    if (event.step >= entry.n_steps) {
      begin("kernel", "kernel", event.begin, event.end, event.thread);
      file.put("\"step\":");
      file.put(uint64_t(event.step));
    } else {
      const tn_step_desc &step = at(entry.steps, event.step);
      const tn_kernel_desc &kernel = at(model.desc->kernels, step.kernel);
      begin(kernel.name, "kernel", event.begin, event.end, event.thread);
      file.put("\"template\":");
      file.putString(kernel.template_name);
      file.put(",\"nodes\":");
      nodes(step.sources ? step.sources : "");
      number("step", event.step);
      number("flops", share(step.flops, event));
      number("bytes", share(step.bytes, event));
    }
    number("first_item", static_cast<uint64_t>(event.firstItem));
    number("items", static_cast<uint64_t>(event.lastItem - event.firstItem));
    number("items_of_kernel", static_cast<uint64_t>(event.extent));
    file.put("}}");
  }

private:
  void place(uint32_t thread) {
    file.put(",\"pid\":");
    file.put(uint64_t(trace.process));
    file.put(",\"tid\":");
    file.put(uint64_t(thread));
  }

  void number(const char *name, uint64_t value) {
    file.put(",\"");
    file.put(name);
    file.put("\":");
    file.put(value);
  }

  /// The part of a launch's work that these items are.
  static uint64_t share(uint64_t whole, const TraceEvent &event) {
    double part = static_cast<double>(event.lastItem - event.firstItem) / static_cast<double>(event.extent);
    return static_cast<uint64_t>(static_cast<double>(whole) * part);
  }

  void nodes(const char *sources) {
    file.put('[');
    while (*sources) {
      const char *end = strchr(sources, '\n');
      file.putString(sources, end);
      if (!end)
        break;
      file.put(',');
      sources = end + 1;
    }
    file.put(']');
  }

  /// Workers are told apart from threads of the host, once each.
  void nameThread(uint32_t thread) {
    if (thread == threadNumber() || trace.namedCount == kNamedThreads)
      return;
    for (uint32_t i = 0; i < trace.namedCount; ++i)
      if (trace.named[i] == thread)
        return;
    trace.named[trace.namedCount++] = thread;
    file.put(",\n{\"name\":\"thread_name\",\"ph\":\"M\"");
    place(thread);
    file.put(",\"args\":{\"name\":\"tenon\"}}");
  }

  tn_trace &trace;
  TraceFile &file;
  const tn_model &model;
  const tn_entry_desc &entry;
};
} // namespace

void Recorder::endRun(const tn_model &model, uint32_t entry, tn_status status) {
  uint64_t end = now(), lost = used > capacity ? used - capacity : 0;
  if (getpid() != trace->process)
    return;
  pthread_mutex_lock(&trace->lock);
  if (!trace->status) {
    EventWriter writer(*trace, model, entry);
    writer.run(runBegin, end, lost, status);
    for (uint64_t slot = lost; slot < used; ++slot)
      writer.kernel(events[slot % capacity]);
    // Kept for tn_trace_status; the failure of a run, if any, stays this thread's last error.
    if (!trace->file.commit()) {
      trace->status = TN_ERROR_IO;
      snprintf(trace->message, sizeof trace->message, "the trace ends early: %s", strerror(errno));
    } else if (trace->file.bytes() > kMostBytes) {
      trace->status = TN_ERROR_IO;
      snprintf(trace->message, sizeof trace->message, "the trace ends here: it has reached 1 GB");
    }
    if (trace->status)
      model.say(TN_LOG_WARNING, trace->message);
  }
  pthread_mutex_unlock(&trace->lock);
}

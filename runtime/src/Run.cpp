// A run: what the compiled code calls back, and how kernels are split over threads.

#include "Context.h"
#include "Tensor.h"
#include "ThreadPool.h"

#include <atomic>
#include <string.h>

using namespace tn;

namespace {
/// What the model sees, and behind it what the runtime needs to serve its calls.
struct Invocation {
  tn_invocation base; // first: the model's pointer to it is a pointer to this
  tn_context *context;
  uint32_t entry;
  tn_status status; ///< first error recorded by a callback
};
} // namespace

static Invocation &self(tn_invocation *inv) { return *reinterpret_cast<Invocation *>(inv); }

// ---- Kernels ----

/// One core, roughly: only the order of magnitude matters.
static constexpr uint64_t kFlopsPerNs = 100, kBytesPerNs = 20;
/// Below this a kernel is done before another thread has noticed it.
static constexpr uint64_t kInlineNs = 2000;
/// Work that is worth a further thread.
static constexpr uint64_t kNsPerThread = 1000;

/// Nanoseconds that a step takes one core; UINT64_MAX if that is unknown.
static uint64_t workOf(const Invocation &inv, uint32_t stepIndex) {
  const tn_entry_desc &entry = inv.context->model->entry(inv.entry);
  // With symbols the costs are not known at compile time.
  if (stepIndex >= entry.n_steps || entry.n_symbols)
    return UINT64_MAX;
  const tn_step_desc &step = at(entry.steps, stepIndex);
  uint64_t compute = step.flops / kFlopsPerNs, memory = step.bytes / kBytesPerNs;
  if (step.flops == 0 && step.bytes == 0)
    return UINT64_MAX;
  return compute > memory ? compute : memory;
}

static uint32_t threadsFor(const Invocation &inv, uint64_t work, int64_t extent) {
  uint64_t threads = inv.context->threads;
  if (threads <= 1 || extent <= 1 || work < kInlineNs)
    return 1;
  threads = threads < static_cast<uint64_t>(extent) ? threads : static_cast<uint64_t>(extent);
  uint64_t useful = work / kNsPerThread;
  return static_cast<uint32_t>(useful < threads ? useful : threads);
}

/// The second half of each part is taken in so many pieces, by whoever comes first.
static constexpr uint32_t kTailPieces = 4;
/// Parts that are worth that: some kernels prepare something at the start of every range of items.
static constexpr int64_t kTailItems = 8;
static constexpr uint64_t kTailNs = 20000;

namespace {
/// A launch: every thread does the first half of its part of the items, then what is left of its second half, then what
/// is left of the others': cores are not equally fast, because of neighbours or by design.
struct KernelJob {
  tn_kernel_fn kernel;
  void *const *buffers;
  int64_t extent;
  uint32_t parts;
  bool sharesTails;
  tn_context *context;
  uint64_t slot; ///< of part 0's event, if there is a trace
  uint32_t step;

  /// Start of part `i`: parts differ by one item at most, without i * extent overflowing.
  int64_t begin(uint32_t i) const {
    int64_t quotient = extent / parts, remainder = extent % parts;
    return quotient * i + (i < remainder ? i : remainder);
  }
  /// Start of the second half's piece `piece`; one more than there are: the end of the part.
  int64_t tail(uint32_t i, uint32_t piece) const {
    int64_t last = begin(i + 1), half = (last - begin(i)) / 2;
    return last - half + half / kTailPieces * piece + half % kTailPieces * piece / kTailPieces;
  }
  /// Pieces of part i's second half that have been taken.
  std::atomic<uint32_t> &taken(uint32_t i) const {
    return *reinterpret_cast<std::atomic<uint32_t> *>(context->tails() + i * kAlignment);
  }

  static void runPart(void *argument, uint32_t index) { static_cast<KernelJob *>(argument)->run(index); }

  void run(uint32_t index) const {
    uint64_t start = context->recorder ? now() : 0;
    int64_t first = begin(index), items = runRange(index, first, sharesTails ? tail(index, 0) : begin(index + 1));
    for (uint32_t i = 0; sharesTails && i < parts; ++i)
      items += runTail(index, (index + i) % parts);
    if (context->recorder)
      context->recorder->record(slot + index, step, start, first, first + items, extent);
  }
  int64_t runTail(uint32_t index, uint32_t part) const {
    int64_t items = 0;
    for (uint32_t piece; (piece = taken(part).load(std::memory_order_relaxed)) < kTailPieces;)
      if (taken(part).compare_exchange_strong(piece, piece + 1, std::memory_order_relaxed))
        items += runRange(index, tail(part, piece), tail(part, piece + 1));
    return items;
  }
  int64_t runRange(uint32_t index, int64_t first, int64_t last) const {
    kernel(buffers, first, last, context->scratch.data + index * context->scratchStride);
    return last - first;
  }
};
} // namespace

static void hostParallel(tn_invocation *base, uint32_t step, tn_kernel_fn kernel, void *const *buffers,
                         int64_t extent) {
  Invocation &inv = self(base);
  tn_context &context = *inv.context;
  if (extent <= 0 || inv.status)
    return;
  uint64_t work = workOf(inv, step);
  uint32_t threads = threadsFor(inv, work, extent);
  uint64_t begin = context.profile ? now() : 0;
  Recorder *recorder = context.recorder;
  uint64_t slot = recorder ? recorder->reserve(threads) : 0;
  bool sharesTails = threads > 1 && extent / threads >= kTailItems && work / threads >= kTailNs;
  KernelJob job = {kernel, buffers, extent, threads, sharesTails, &context, slot, step};
  for (uint32_t i = 0; sharesTails && i < threads; ++i)
    job.taken(i).store(0, std::memory_order_relaxed); // announcing the job publishes it
  if (threads <= 1 || !parallelFor(context.pool, threads, KernelJob::runPart, &job)) {
    threads = job.parts = 1;
    job.sharesTails = false;
    job.run(0);
    if (recorder)
      recorder->giveBack(slot + 1);
  }
  if (context.profile) {
    tn_profile_event event = {inv.entry, step, threads, begin, now()};
    context.profile(context.profileUser, &event);
  }
}

// ---- Outputs and errors ----

static int32_t hostFail(tn_invocation *base, int32_t code, const char *message) {
  Invocation &inv = self(base);
  if (code == TN_OK)
    code = TN_ERROR_MODEL;
  if (!inv.status)
    inv.status = fail(static_cast<tn_status>(code), "entry point '%s': %s", inv.context->model->entry(inv.entry).name,
                      message ? message : "unknown failure");
  return inv.status;
}

static tn_status computedOutput(Invocation &inv, uint32_t index, const int64_t *dims) {
  const tn_entry_desc &entry = inv.context->model->entry(inv.entry);
  if (index >= entry.n_outputs)
    return fail(TN_ERROR_INTERNAL, "entry point '%s' asks for output %u of %u", entry.name, index, entry.n_outputs);
  const EntryState &state = inv.context->entries[inv.entry];
  const tn_tensor_desc &desc = *state.outputs[index].desc;
  for (uint32_t d = 0; d < desc.rank; ++d) {
    int64_t s = symbolOf(desc.dims[d]), expected = s >= 0 ? state.symbols[s] : desc.dims[d];
    if (desc.dims[d] != INT64_MIN && expected != dims[d])
      return fail(TN_ERROR_INTERNAL, "entry point '%s' computes %s for output '%s', declared as %s", entry.name,
                  ShapeText(desc.rank, dims).c_str(), desc.name, ShapeText(desc.rank, desc.dims, &entry).c_str());
  }
  return placeOutput(*inv.context, inv.entry, index, dims);
}

static void *hostOutput(tn_invocation *base, uint32_t index, const int64_t *dims) {
  Invocation &inv = self(base);
  tn_status status = computedOutput(inv, index, dims);
  if (status && !inv.status)
    inv.status = status;
  return status ? nullptr : inv.context->entries[inv.entry].outputData[index];
}

static const tn_host_api hostApi = {sizeof(tn_host_api), TN_ABI_VERSION, hostParallel, hostOutput, hostFail};

// ---- Run ----

static tn_status compute(tn_context &context, uint32_t entryIndex) {
  const tn_model &model = *context.model;
  const tn_entry_desc &entry = model.entry(entryIndex);
  EntryState &state = context.entries[entryIndex];
  Invocation inv = {};
  inv.base.size = sizeof inv.base;
  inv.base.api = &hostApi;
  inv.base.arena = context.arena.data;
  inv.base.weights = model.weights;
  inv.base.inputs = state.inputData;
  inv.base.outputs = state.outputData;
  inv.base.dims = state.symbols;
  inv.context = &context;
  inv.entry = entryIndex;
  if (context.pool)
    beginRun(context.pool);
  int32_t code = model.level(entryIndex).run(&inv.base);
  if (context.pool)
    endRun(context.pool);
  if (inv.status)
    return inv.status;
  if (code)
    return fail(TN_ERROR_MODEL, "entry point '%s' failed with code %d", entry.name, code);
  for (uint32_t i = 0; i < entry.n_outputs; ++i)
    if (!state.outputData[i])
      return fail(TN_ERROR_INTERNAL, "entry point '%s' did not compute output '%s'", entry.name,
                  state.outputs[i].desc->name);
  return TN_OK;
}

static tn_status execute(tn_context &context, uint32_t entryIndex) {
  if (!context.recorder)
    return compute(context, entryIndex);
  context.recorder->beginRun();
  tn_status status = compute(context, entryIndex);
  context.recorder->endRun(*context.model, entryIndex, status);
  return status;
}

/// Outputs whose shape the last run computed are unknown again.
static void forgetComputed(const tn_entry_desc &entry, EntryState &state) {
  for (uint32_t i = 0; i < entry.n_outputs; ++i) {
    const tn_tensor_desc &desc = *state.outputs[i].desc;
    for (uint32_t d = 0; d < desc.rank; ++d)
      if (desc.dims[d] == INT64_MIN)
        state.outputData[i] = nullptr;
  }
}

static tn_status run(tn_context &context, uint32_t entryIndex) {
  TN_TRY(checkEntryIndex(context.model, entryIndex));
  EntryState &state = context.entries[entryIndex];
  state.ran = false;
  if (state.changed)
    TN_TRY(resolve(context, entryIndex));
  else
    forgetComputed(context.model->entry(entryIndex), state);
  TN_TRY(execute(context, entryIndex));
  state.ran = true;
  return TN_OK;
}

static tn_status getOutput(const tn_context &context, uint32_t entryIndex, uint32_t index, tn_tensor &tensor) {
  TN_TRY(checkEntryIndex(context.model, entryIndex));
  const tn_entry_desc &entry = context.model->entry(entryIndex);
  const EntryState &state = context.entries[entryIndex];
  if (index >= entry.n_outputs)
    return fail(TN_ERROR_NOT_FOUND, "entry point '%s' has %u outputs; there is no output %u", entry.name,
                entry.n_outputs, index);
  const Binding &output = state.outputs[index];
  if (!state.ran)
    return fail(TN_ERROR_INVALID_ARGUMENT, "%s: there has been no successful run with these bindings",
                TensorName(entry, output, true).c_str());
  tensor = {output.dtype(), output.desc->rank, output.dims, state.outputData[index], 0};
  // The capacity of a caller's buffer stays what it is, or passing the tensor again would shrink it.
  if (output.bound) {
    tensor.bytes = output.bytes;
    return TN_OK;
  }
  return tn_tensor_bytes(tensor.dtype, tensor.rank, tensor.dims, &tensor.bytes);
}

tn_status tn_context_run(tn_context *context, uint32_t entry) {
  if (!context)
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_context_run: the context is NULL");
  return context->record(run(*context, entry));
}

tn_status tn_context_get_output(const tn_context *context, uint32_t entry, uint32_t index, tn_tensor *tensor) {
  if (!context || !tensor)
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_context_get_output: NULL argument");
  return getOutput(*context, entry, index, *tensor);
}

static tn_status bindAndRun(tn_context &context, uint32_t entryIndex, const tn_tensor *inputs, uint32_t n_inputs,
                            tn_tensor *outputs, uint32_t n_outputs) {
  TN_TRY(checkEntryIndex(context.model, entryIndex));
  const tn_entry_desc &entry = context.model->entry(entryIndex);
  if (n_inputs != entry.n_inputs || n_outputs > entry.n_outputs)
    return fail(TN_ERROR_INVALID_ARGUMENT, "entry point '%s' has %u inputs and %u outputs; %u and %u given", entry.name,
                entry.n_inputs, entry.n_outputs, n_inputs, n_outputs);
  if ((n_inputs && !inputs) || (n_outputs && !outputs))
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_run: NULL argument");
  for (uint32_t i = 0; i < n_inputs; ++i)
    TN_TRY(tn_context_set_input(&context, entryIndex, i, &inputs[i]));
  for (uint32_t i = 0; i < n_outputs; ++i)
    TN_TRY(tn_context_set_output(&context, entryIndex, i, &outputs[i]));
  TN_TRY(run(context, entryIndex));
  for (uint32_t i = 0; i < n_outputs; ++i)
    TN_TRY(getOutput(context, entryIndex, i, outputs[i]));
  return TN_OK;
}

tn_status tn_run(tn_context *context, uint32_t entry, const tn_tensor *inputs, uint32_t n_inputs, tn_tensor *outputs,
                 uint32_t n_outputs) {
  if (!context)
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_run: the context is NULL");
  return context->record(bindAndRun(*context, entry, inputs, n_inputs, outputs, n_outputs));
}

#include "Context.h"

#include "Tensor.h"
#include "ThreadPool.h"

#include <string.h>

using namespace tn;

/// Two lines, because adjacent-line prefetch couples neighbours.
static constexpr size_t kScratchAlignment = 128;

tn_status tn_context::record(tn_status status) {
  if (status)
    memcpy(message, tn_last_error(), sizeof message);
  return status;
}

const char *tn_context_error(const tn_context *context) { return context ? context->message : ""; }

namespace {

/// Cuts arrays out of one block. Without a block it only adds up what they need.
class Carver {
public:
  explicit Carver(char *base) : base(base) {}
  template <typename T> T *take(size_t count) {
    size_t begin = alignUp(used, alignof(T));
    used = begin + count * sizeof(T);
    return base ? reinterpret_cast<T *>(base + begin) : nullptr;
  }
  size_t bytes() const { return used; }

private:
  char *base;
  size_t used = 0;
};

} // namespace

static Binding *carveBindings(Carver &carver, const tn_tensor_desc *tensors, uint32_t count) {
  Binding *bindings = carver.take<Binding>(count);
  for (uint32_t i = 0; i < count; ++i) {
    const tn_tensor_desc &desc = at(tensors, i);
    int64_t *dims = carver.take<int64_t>(desc.rank), *wanted = carver.take<int64_t>(desc.rank);
    if (!bindings)
      continue;
    bindings[i].desc = &desc;
    bindings[i].dims = dims;
    bindings[i].wanted = wanted;
  }
  return bindings;
}

static EntryState *carveEntries(Carver &carver, const tn_model &model) {
  EntryState *entries = carver.take<EntryState>(model.desc->n_entries);
  for (uint32_t e = 0; e < model.desc->n_entries; ++e) {
    const tn_entry_desc &desc = model.entry(e);
    EntryState state = {};
    state.inputs = carveBindings(carver, desc.inputs, desc.n_inputs);
    state.outputs = carveBindings(carver, desc.outputs, desc.n_outputs);
    state.inputData = carver.take<void *>(desc.n_inputs);
    state.outputData = carver.take<void *>(desc.n_outputs);
    state.symbols = carver.take<int64_t>(desc.n_symbols);
    state.changed = true;
    if (entries)
      entries[e] = state;
  }
  return entries;
}

static tn_status choosePool(tn_context &context, const tn_context_options &options) {
  context.pool = options.pool;
  if (options.pool)
    retain(options.pool);
  else if (options.n_threads == 0)
    TN_TRY(sharedPool(context.model, &context.pool));
  else if (options.n_threads > 1)
    TN_TRY(createPool(options.n_threads, context.allocator(), &context.pool));
  context.threads = tn_pool_threads(context.pool);
  return TN_OK;
}

static tn_status openTrace(tn_context &context, tn_trace *given) {
  tn_trace *trace = given ? given : environmentTrace(*context.model);
  if (!trace)
    return TN_OK;
  tn_status status = TN_ERROR_OUT_OF_MEMORY;
  auto *recorder = context.allocator().create<Recorder>();
  if (!recorder)
    fail(status, "no memory for a context");
  else
    status = recorder->open(trace, *context.model, context.threads);
  if (status)
    context.allocator().release(recorder, sizeof *recorder);
  else
    context.recorder = recorder;
  if (!given)
    tn_trace_destroy(trace); // the recorder has its own reference
  return status;
}

/// Arena and scratch for the static part; symbolic shapes add to the arena when they are known.
static tn_status allocate(tn_context &context) {
  const tn_model &model = *context.model;
  Carver counter(nullptr);
  carveEntries(counter, model);
  if (!context.storage.grow(context.allocator(), counter.bytes()))
    return fail(TN_ERROR_OUT_OF_MEMORY, "no memory for a context");
  memset(context.storage.data, 0, counter.bytes());
  Carver carver(context.storage.data);
  context.entries = carveEntries(carver, model);

  uint64_t arena = 0, scratch = 0;
  for (uint32_t e = 0; e < model.desc->n_entries; ++e) {
    const tn_level_entry &level = model.level(e);
    arena = !level.reserve && level.arena_bytes > arena ? level.arena_bytes : arena;
    scratch = level.scratch_bytes > scratch ? level.scratch_bytes : scratch;
  }
  context.scratchStride = alignUp(scratch, kScratchAlignment);
  size_t scratchBytes;
  if (context.scratchStride < scratch ||
      __builtin_mul_overflow(context.scratchStride + kAlignment, size_t(context.threads), &scratchBytes) ||
      !context.arena.grow(context.allocator(), arena) || !context.scratch.grow(context.allocator(), scratchBytes))
    return fail(TN_ERROR_OUT_OF_MEMORY, "no memory for an arena of %llu bytes and %u times %llu bytes of scratch",
                (unsigned long long)arena, context.threads, (unsigned long long)scratch);
  return TN_OK;
}

tn_status tn_context_create(tn_model *model, const tn_context_options *given, tn_context **out) {
  if (!model || !out)
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_context_create: NULL argument");
  *out = nullptr;
  tn_context_options options = {};
  // Programs compiled against an older header give a shorter structure.
  if (given && given->size < offsetof(tn_context_options, trace))
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_context_options.size is not set");
  if (given)
    memcpy(&options, given, given->size < sizeof options ? given->size : sizeof options);
  tn_context *context = model->allocator.create<tn_context>();
  if (!context)
    return fail(TN_ERROR_OUT_OF_MEMORY, "no memory for a context");
  retain(model);
  context->model = model;
  context->profile = options.profile;
  context->profileUser = options.profile_user;
  tn_status status = choosePool(*context, options);
  if (!status)
    status = allocate(*context);
  if (!status)
    status = openTrace(*context, options.trace);
  if (status)
    tn_context_destroy(context);
  else
    *out = context;
  return status;
}

void tn_context_destroy(tn_context *context) {
  if (!context)
    return;
  tn_model *model = context->model;
  Allocator allocator = model->allocator;
  for (uint32_t e = 0; context->entries && e < model->desc->n_entries; ++e)
    for (uint32_t i = 0; i < model->entry(e).n_outputs; ++i)
      context->entries[e].outputs[i].own.release(allocator);
  if (context->recorder) {
    context->recorder->close(allocator);
    allocator.release(context->recorder, sizeof *context->recorder);
  }
  context->storage.release(allocator);
  context->arena.release(allocator);
  context->scratch.release(allocator);
  tn_pool_destroy(context->pool);
  allocator.release(context, sizeof *context);
  tn_model_destroy(model);
}

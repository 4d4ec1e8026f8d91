// What the caller binds to inputs and outputs, and what follows from it.

#include "Context.h"
#include "Tensor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

using namespace tn;

TensorName::TensorName(const tn_entry_desc &entry, const Binding &binding, bool isOutput) {
  snprintf(text, sizeof text, "%s '%s' of entry point '%s'", isOutput ? "output" : "input", binding.desc->name,
           entry.name);
}

/// Empty tensors have no storage; the model still gets a pointer that it may look at.
alignas(kAlignment) static char emptyTensor[kAlignment];

// ---- Checks of one tensor ----

static tn_status checkRankAndType(const tn_entry_desc &entry, const Binding &binding, const tn_tensor &tensor,
                                  bool isOutput) {
  TensorName name(entry, binding, isOutput);
  const tn_tensor_desc &desc = *binding.desc;
  if (tensor.dtype != binding.dtype())
    return fail(TN_ERROR_TYPE_MISMATCH, "%s: element type is %s, expected %s", name.c_str(),
                tn_dtype_name(tensor.dtype), tn_dtype_name(binding.dtype()));
  if (tensor.rank != desc.rank)
    return fail(TN_ERROR_SHAPE_MISMATCH, "%s: rank is %u, expected %u for shape %s", name.c_str(), tensor.rank,
                desc.rank, ShapeText(desc.rank, desc.dims, &entry).c_str());
  return TN_OK;
}

/// The static dims; symbols are compared when all inputs are known.
static tn_status checkStaticDims(const tn_entry_desc &entry, const Binding &binding, const int64_t *dims,
                                 bool isOutput) {
  const tn_tensor_desc &desc = *binding.desc;
  for (uint32_t i = 0; i < desc.rank; ++i)
    if (dims[i] < 0 || (desc.dims[i] >= 0 && desc.dims[i] != dims[i]))
      return fail(TN_ERROR_SHAPE_MISMATCH, "%s: shape is %s, expected %s", TensorName(entry, binding, isOutput).c_str(),
                  ShapeText(desc.rank, dims).c_str(), ShapeText(desc.rank, desc.dims, &entry).c_str());
  return TN_OK;
}

static tn_status checkBuffer(const tn_entry_desc &entry, const Binding &binding, const tn_tensor &tensor,
                             bool isOutput) {
  TensorName name(entry, binding, isOutput);
  if (tensor.dims) {
    size_t needed;
    TN_TRY(tn_tensor_bytes(tensor.dtype, tensor.rank, tensor.dims, &needed));
    if (needed && !tensor.data)
      return fail(TN_ERROR_INVALID_ARGUMENT, "%s: data is NULL", name.c_str());
    if (tensor.bytes < needed)
      return fail(TN_ERROR_SHAPE_MISMATCH, "%s: the buffer has %zu bytes, shape %s of %s needs %zu", name.c_str(),
                  tensor.bytes, ShapeText(tensor.rank, tensor.dims).c_str(), tn_dtype_name(tensor.dtype), needed);
  }
  size_t alignment = elementAlignment(tensor.dtype);
  if (reinterpret_cast<uintptr_t>(tensor.data) % alignment)
    return fail(TN_ERROR_INVALID_ARGUMENT, "%s: the buffer is not aligned to %zu bytes", name.c_str(), alignment);
  return TN_OK;
}

// ---- Binding ----

static tn_status setInput(tn_context &context, uint32_t entryIndex, uint32_t index, const tn_tensor *tensor) {
  TN_TRY(checkEntryIndex(context.model, entryIndex));
  const tn_entry_desc &entry = context.model->entry(entryIndex);
  if (index >= entry.n_inputs)
    return fail(TN_ERROR_NOT_FOUND, "entry point '%s' has %u inputs; there is no input %u", entry.name, entry.n_inputs,
                index);
  Binding &binding = context.entries[entryIndex].inputs[index];
  if (!tensor || (tensor->rank && !tensor->dims))
    return fail(TN_ERROR_INVALID_ARGUMENT, "%s: tensor or dims is NULL", TensorName(entry, binding, false).c_str());
  // A tensor of rank 0 has a shape, an empty one, whatever its dims pointer says.
  static const int64_t noDims[1] = {0};
  tn_tensor given = *tensor;
  given.dims = given.rank ? given.dims : noDims;
  TN_TRY(checkRankAndType(entry, binding, given, false));
  TN_TRY(checkStaticDims(entry, binding, given.dims, false));
  TN_TRY(checkBuffer(entry, binding, given, false));
  // Moved, because a caller may hand back dims that are the context's own.
  memmove(binding.dims, given.dims, given.rank * sizeof *given.dims);
  binding.data = given.data ? given.data : emptyTensor;
  binding.bytes = given.bytes;
  binding.bound = true;
  context.entries[entryIndex].changed = true;
  context.entries[entryIndex].ran = false;
  return TN_OK;
}

static tn_status setOutput(tn_context &context, uint32_t entryIndex, uint32_t index, const tn_tensor *tensor) {
  TN_TRY(checkEntryIndex(context.model, entryIndex));
  const tn_entry_desc &entry = context.model->entry(entryIndex);
  if (index >= entry.n_outputs)
    return fail(TN_ERROR_NOT_FOUND, "entry point '%s' has %u outputs; there is no output %u", entry.name,
                entry.n_outputs, index);
  EntryState &state = context.entries[entryIndex];
  Binding &binding = state.outputs[index];
  // Storage of the context that comes back, as with a tn_tensor that the last run filled in, is no caller's
  // buffer.
  if (!tensor || !tensor->data || tensor->data == binding.own.data || tensor->data == emptyTensor) {
    state.changed |= binding.bound;
    state.ran &= !binding.bound;
    binding.bound = false;
    return TN_OK;
  }
  // So are dims that come back.
  tn_tensor given = *tensor;
  if (given.dims == binding.dims)
    given.dims = nullptr;
  TN_TRY(checkRankAndType(entry, binding, given, true));
  if (given.dims)
    TN_TRY(checkStaticDims(entry, binding, given.dims, true));
  TN_TRY(checkBuffer(entry, binding, given, true));
  binding.anyShape = !given.dims;
  if (given.dims)
    memcpy(binding.wanted, given.dims, given.rank * sizeof *given.dims);
  binding.data = given.data;
  binding.bytes = given.bytes;
  binding.bound = true;
  state.changed = true;
  state.ran = false;
  return TN_OK;
}

// ---- Resolution ----

static tn_status checkSymbolValue(const tn_symbol_desc &symbol, int64_t value, const char *where) {
  if (value < symbol.min || value > symbol.max)
    return fail(TN_ERROR_SHAPE_MISMATCH, "%s: '%s' is %" PRId64 ", outside of %" PRId64 " to %" PRId64, where,
                symbol.name, value, symbol.min, symbol.max);
  if (symbol.divisor > 1 && value % symbol.divisor)
    return fail(TN_ERROR_SHAPE_MISMATCH, "%s: '%s' is %" PRId64 ", which is no multiple of %" PRId64, where,
                symbol.name, value, symbol.divisor);
  return TN_OK;
}

static tn_status bindSymbols(const tn_entry_desc &entry, EntryState &state) {
  for (uint32_t s = 0; s < entry.n_symbols; ++s)
    state.symbols[s] = -1;
  for (uint32_t i = 0; i < entry.n_inputs; ++i) {
    const Binding &input = state.inputs[i];
    TensorName name(entry, input, false);
    if (!input.bound)
      return fail(TN_ERROR_INVALID_ARGUMENT, "%s is not bound; it is %s of %s", name.c_str(),
                  ShapeText(input.desc->rank, input.desc->dims, &entry).c_str(), tn_dtype_name(input.dtype()));
    for (uint32_t d = 0; d < input.desc->rank; ++d) {
      int64_t s = symbolOf(input.desc->dims[d]);
      if (s < 0)
        continue;
      const tn_symbol_desc &symbol = at(entry.symbols, static_cast<uint32_t>(s));
      TN_TRY(checkSymbolValue(symbol, input.dims[d], name.c_str()));
      if (state.symbols[s] >= 0 && state.symbols[s] != input.dims[d])
        return fail(TN_ERROR_SHAPE_MISMATCH,
                    "%s: shape is %s, expected %s with '%s' = %" PRId64 " as other inputs have it", name.c_str(),
                    ShapeText(input.desc->rank, input.dims).c_str(),
                    ShapeText(input.desc->rank, input.desc->dims, &entry).c_str(), symbol.name, state.symbols[s]);
      state.symbols[s] = input.dims[d];
    }
  }
  return TN_OK;
}

/// The shape of an output as far as it follows from the symbols; false when it is known only when computed.
static bool outputShape(const tn_tensor_desc &desc, const int64_t *symbols, int64_t *dims) {
  for (uint32_t d = 0; d < desc.rank; ++d) {
    if (desc.dims[d] == INT64_MIN)
      return false;
    int64_t s = symbolOf(desc.dims[d]);
    dims[d] = s >= 0 ? symbols[s] : desc.dims[d];
  }
  return true;
}

tn_status tn::placeOutput(tn_context &context, uint32_t entryIndex, uint32_t index, const int64_t *dims) {
  const tn_entry_desc &entry = context.model->entry(entryIndex);
  EntryState &state = context.entries[entryIndex];
  Binding &output = state.outputs[index];
  uint32_t rank = output.desc->rank;
  size_t needed;
  TN_TRY(tn_tensor_bytes(output.dtype(), rank, dims, &needed));
  memmove(output.dims, dims, rank * sizeof *dims);

  const Binding *alias = output.desc->alias_of >= 0 ? &state.inputs[output.desc->alias_of] : nullptr;
  if (alias && output.bound && output.data != alias->data)
    return fail(TN_ERROR_INVALID_ARGUMENT, "%s shares the storage of input '%s'; bind the same buffer or none",
                TensorName(entry, output, true).c_str(), alias->desc->name);
  if (alias) {
    state.outputData[index] = alias->data;
    return TN_OK;
  }
  if (output.bound) {
    if (!output.anyShape && rank && memcmp(output.wanted, dims, rank * sizeof *dims) != 0)
      return fail(TN_ERROR_SHAPE_MISMATCH, "%s: the buffer has shape %s, the result %s",
                  TensorName(entry, output, true).c_str(), ShapeText(rank, output.wanted).c_str(),
                  ShapeText(rank, dims).c_str());
    if (output.bytes < needed)
      return fail(TN_ERROR_SHAPE_MISMATCH, "%s: the buffer has %zu bytes, the result of shape %s needs %zu",
                  TensorName(entry, output, true).c_str(), output.bytes, ShapeText(rank, dims).c_str(), needed);
    state.outputData[index] = output.data;
    return TN_OK;
  }
  if (!output.own.grow(context.allocator(), needed))
    return fail(TN_ERROR_OUT_OF_MEMORY, "%s: no memory for %zu bytes", TensorName(entry, output, true).c_str(), needed);
  state.outputData[index] = output.own.data;
  return TN_OK;
}

static bool overlap(const void *a, size_t aBytes, const void *b, size_t bBytes) {
  auto x = reinterpret_cast<uintptr_t>(a), y = reinterpret_cast<uintptr_t>(b);
  return aBytes && bBytes && x < y + bBytes && y < x + aBytes;
}

static size_t bindingBytes(const Binding &binding) {
  size_t bytes = 0;
  tn_tensor_bytes(binding.dtype(), binding.desc->rank, binding.dims, &bytes);
  return bytes;
}

/// Kernels read inputs after they have begun to write outputs, so a buffer in two places gives wrong numbers.
static tn_status checkOverlap(const tn_entry_desc &entry, const EntryState &state, uint32_t index) {
  const Binding &output = state.outputs[index];
  if (!output.bound || output.desc->alias_of >= 0)
    return TN_OK;
  // The buffer as far as the result is known to reach; all of it when it is not.
  size_t bytes = output.anyShape ? output.bytes : bindingBytes(output);
  auto clash = [&](const Binding &other, size_t otherBytes, const char *what) -> tn_status {
    if (!overlap(output.data, bytes, other.data, otherBytes))
      return TN_OK;
    return fail(TN_ERROR_INVALID_ARGUMENT, "%s overlaps the buffer of %s '%s'", TensorName(entry, output, true).c_str(),
                what, other.desc->name);
  };
  for (uint32_t i = 0; i < entry.n_inputs; ++i)
    TN_TRY(clash(state.inputs[i], bindingBytes(state.inputs[i]), "input"));
  for (uint32_t i = 0; i < index; ++i) {
    const Binding &other = state.outputs[i];
    if (other.bound && other.desc->alias_of < 0)
      TN_TRY(clash(other, other.anyShape ? other.bytes : bindingBytes(other), "output"));
  }
  return TN_OK;
}

static tn_status growArena(tn_context &context, uint32_t entryIndex, const int64_t *symbols) {
  const tn_level_entry &level = context.model->level(entryIndex);
  if (!level.reserve)
    return TN_OK; // allocated with the context
  uint64_t bytes = level.reserve(symbols);
  if (!context.arena.grow(context.allocator(), bytes))
    return fail(TN_ERROR_OUT_OF_MEMORY, "no memory for an arena of %llu bytes", (unsigned long long)bytes);
  return TN_OK;
}

tn_status tn::resolve(tn_context &context, uint32_t entryIndex) {
  const tn_entry_desc &entry = context.model->entry(entryIndex);
  EntryState &state = context.entries[entryIndex];
  TN_TRY(bindSymbols(entry, state));
  for (uint32_t i = 0; i < entry.n_inputs; ++i)
    state.inputData[i] = state.inputs[i].data;
  for (uint32_t i = 0; i < entry.n_outputs; ++i) {
    Binding &output = state.outputs[i];
    state.outputData[i] = nullptr;
    if (outputShape(*output.desc, state.symbols, output.dims))
      TN_TRY(placeOutput(context, entryIndex, i, output.dims));
    else if (output.bound && !output.anyShape)
      memcpy(output.dims, output.wanted, output.desc->rank * sizeof *output.dims);
    TN_TRY(checkOverlap(entry, state, i));
  }
  TN_TRY(growArena(context, entryIndex, state.symbols));
  state.changed = false;
  return TN_OK;
}

static tn_status reserve(tn_context &context, uint32_t entryIndex, const int64_t *symbols, uint32_t count) {
  TN_TRY(checkEntryIndex(context.model, entryIndex));
  const tn_entry_desc &entry = context.model->entry(entryIndex);
  EntryState &state = context.entries[entryIndex];
  if (count != entry.n_symbols || (count && !symbols))
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_context_reserve: entry point '%s' has %u symbols, %u values given",
                entry.name, entry.n_symbols, count);
  for (uint32_t s = 0; s < count; ++s)
    TN_TRY(checkSymbolValue(at(entry.symbols, s), symbols[s], "tn_context_reserve"));
  for (uint32_t i = 0; i < entry.n_outputs; ++i) {
    Binding &output = state.outputs[i];
    size_t bytes;
    if (output.bound || output.desc->alias_of >= 0 || !outputShape(*output.desc, symbols, output.dims))
      continue;
    TN_TRY(tn_tensor_bytes(output.dtype(), output.desc->rank, output.dims, &bytes));
    if (!output.own.grow(context.allocator(), bytes))
      return fail(TN_ERROR_OUT_OF_MEMORY, "%s: no memory for %zu bytes", TensorName(entry, output, true).c_str(),
                  bytes);
  }
  // The shapes of the last run are gone, and storage may have moved.
  state.changed = true;
  state.ran = false;
  return growArena(context, entryIndex, symbols);
}

// ---- API ----

static tn_status nullContext(const char *function) {
  return fail(TN_ERROR_INVALID_ARGUMENT, "%s: the context is NULL", function);
}

tn_status tn_context_set_input(tn_context *context, uint32_t entry, uint32_t index, const tn_tensor *tensor) {
  return context ? context->record(setInput(*context, entry, index, tensor)) : nullContext("tn_context_set_input");
}

tn_status tn_context_set_output(tn_context *context, uint32_t entry, uint32_t index, const tn_tensor *tensor) {
  return context ? context->record(setOutput(*context, entry, index, tensor)) : nullContext("tn_context_set_output");
}

tn_status tn_context_set_input_by_name(tn_context *context, uint32_t entry, const char *name, const tn_tensor *tensor) {
  if (!context)
    return nullContext("tn_context_set_input_by_name");
  uint32_t index;
  tn_status status = tn_find_input(context->model, entry, name, &index);
  return context->record(status ? status : setInput(*context, entry, index, tensor));
}

tn_status tn_context_set_output_by_name(tn_context *context, uint32_t entry, const char *name,
                                        const tn_tensor *tensor) {
  if (!context)
    return nullContext("tn_context_set_output_by_name");
  uint32_t index;
  tn_status status = tn_find_output(context->model, entry, name, &index);
  return context->record(status ? status : setOutput(*context, entry, index, tensor));
}

tn_status tn_context_reserve(tn_context *context, uint32_t entry, const int64_t *symbols, uint32_t n_symbols) {
  return context ? context->record(reserve(*context, entry, symbols, n_symbols)) : nullContext("tn_context_reserve");
}

#include "Descriptor.h"

#include "Status.h"

using namespace tn;

/// Far above what any format allows; bounds arithmetic on ranks.
static constexpr uint32_t kMaxRank = 64;

namespace {

/// Checks one model, remembering where it is for the messages.
class Checker {
public:
  explicit Checker(const tn_model_desc &model) : model(model) {}
  tn_status run();

private:
  template <typename T> tn_status table(const T *rows, uint32_t count, const char *what) {
    if (count && !rows)
      return wrong("table missing: ", what);
    for (uint32_t i = 0; i < count; ++i)
      if (rows->size < sizeof(T) || rows->size % alignof(T) || at(rows, i).size != rows->size)
        return wrong("wrong structure size in ", what);
    return TN_OK;
  }
  tn_status wrong(const char *problem, const char *detail = "") {
    return fail(TN_ERROR_FORMAT, "model descriptor%s%s: %s%s", entry ? ", entry point " : "",
                entry && entry->name ? entry->name : "", problem, detail);
  }
  tn_status checkEntry();
  tn_status checkTensor(const tn_tensor_desc &tensor, bool isOutput);
  tn_status checkSymbols();

  const tn_model_desc &model;
  const tn_entry_desc *entry = nullptr;
};

tn_status Checker::run() {
  if (!model.name || !model.producer)
    return wrong("name missing");
  if (model.n_entries == 0)
    return wrong("no entry point");
  TN_TRY(table(model.entries, model.n_entries, "entries"));
  TN_TRY(table(model.kernels, model.n_kernels, "kernels"));
  for (uint32_t i = 0; i < model.n_kernels; ++i)
    if (!at(model.kernels, i).name || !at(model.kernels, i).template_name)
      return wrong("a kernel has no name");
  for (uint32_t i = 0; i < model.n_entries; ++i) {
    entry = &at(model.entries, i);
    TN_TRY(checkEntry());
  }
  return TN_OK;
}

tn_status Checker::checkEntry() {
  if (!entry->name)
    return wrong("name missing");
  TN_TRY(table(entry->inputs, entry->n_inputs, "inputs"));
  TN_TRY(table(entry->outputs, entry->n_outputs, "outputs"));
  TN_TRY(table(entry->symbols, entry->n_symbols, "symbols"));
  TN_TRY(table(entry->levels, entry->n_levels, "levels"));
  TN_TRY(table(entry->steps, entry->n_steps, "steps"));
  for (uint32_t i = 0; i < entry->n_inputs; ++i)
    TN_TRY(checkTensor(at(entry->inputs, i), false));
  for (uint32_t i = 0; i < entry->n_outputs; ++i)
    TN_TRY(checkTensor(at(entry->outputs, i), true));
  TN_TRY(checkSymbols());
  if (entry->n_levels == 0)
    return wrong("no code");
  for (uint32_t i = 0; i < entry->n_levels; ++i)
    if (!at(entry->levels, i).run || !at(entry->levels, i).name)
      return wrong("a code level is incomplete");
  for (uint32_t i = 0; i < entry->n_steps; ++i)
    if (at(entry->steps, i).kernel >= model.n_kernels)
      return wrong("a step names a kernel that does not exist");
  return TN_OK;
}

tn_status Checker::checkTensor(const tn_tensor_desc &tensor, bool isOutput) {
  if (!tensor.name)
    return wrong("an input or output has no name");
  if (tensor.kind != TN_TENSOR)
    return fail(TN_ERROR_UNSUPPORTED, "'%s' of entry point '%s' is no tensor, which this runtime (%s) cannot run yet",
                tensor.name, entry->name, tn_version());
  if (tn_dtype_bits(static_cast<tn_dtype>(tensor.dtype)) == 0)
    return wrong("unknown element type of ", tensor.name);
  if (tensor.rank > kMaxRank || (tensor.rank && !tensor.dims))
    return wrong("shape of ", tensor.name);
  for (uint32_t i = 0; i < tensor.rank; ++i) {
    int64_t dim = tensor.dims[i];
    if (symbolOf(dim) >= int64_t(entry->n_symbols) || (dim == INT64_MIN && !isOutput))
      return wrong("shape of ", tensor.name);
  }
  if (isOutput && tensor.alias_of != -1) {
    if (tensor.alias_of < 0 || static_cast<uint32_t>(tensor.alias_of) >= entry->n_inputs)
      return wrong("aliased input of ", tensor.name);
    const tn_tensor_desc &input = at(entry->inputs, static_cast<uint32_t>(tensor.alias_of));
    if (input.dtype != tensor.dtype || input.rank != tensor.rank)
      return wrong("an aliased input has another type than ", tensor.name);
    for (uint32_t i = 0; i < tensor.rank; ++i)
      if (tensor.dims[i] != input.dims[i])
        return wrong("an aliased input has another shape than ", tensor.name);
  }
  return TN_OK;
}

/// Every symbol needs an input that gives it its value.
tn_status Checker::checkSymbols() {
  for (uint32_t s = 0; s < entry->n_symbols; ++s) {
    const tn_symbol_desc &symbol = at(entry->symbols, s);
    if (!symbol.name || symbol.min < 0 || symbol.max < symbol.min || symbol.divisor < 0)
      return wrong("a symbol's range");
    bool bound = false;
    for (uint32_t i = 0; i < entry->n_inputs; ++i) {
      const tn_tensor_desc &input = at(entry->inputs, i);
      for (uint32_t d = 0; d < input.rank; ++d)
        bound |= symbolOf(input.dims[d]) == int64_t(s);
    }
    if (!bound)
      return wrong("no input determines symbol ", symbol.name);
  }
  return TN_OK;
}

} // namespace

tn_status tn::checkDescriptor(const tn_model_desc *desc) {
  if (!desc)
    return fail(TN_ERROR_VERSION, "the model refuses this runtime (%s, ABI version %u)", tn_version(), TN_ABI_VERSION);
  if (desc->magic != TN_MODEL_MAGIC)
    return fail(TN_ERROR_FORMAT, "model descriptor: wrong magic number");
  if (desc->abi_version != TN_ABI_VERSION)
    return fail(TN_ERROR_VERSION, "the model was compiled for ABI version %u, this runtime (%s) speaks version %u",
                desc->abi_version, tn_version(), TN_ABI_VERSION);
  if (desc->size < sizeof(tn_model_desc))
    return fail(TN_ERROR_FORMAT, "model descriptor: wrong structure size");
  return Checker(*desc).run();
}

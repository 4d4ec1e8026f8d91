// What a model says about itself, in structures that do not depend on the version of its descriptor.

#include "Model.h"
#include "Status.h"

#include <string.h>

using namespace tn;

tn_status tn::checkEntryIndex(const tn_model *model, uint32_t entry) {
  if (!model)
    return fail(TN_ERROR_INVALID_ARGUMENT, "the model is NULL");
  if (entry >= model->desc->n_entries)
    return fail(TN_ERROR_NOT_FOUND, "model '%s' has %u entry points; there is no number %u", model->desc->name,
                model->desc->n_entries, entry);
  return TN_OK;
}

static tn_status checkIndex(const tn_entry_desc &entry, const char *what, uint32_t index, uint32_t count) {
  if (index < count)
    return TN_OK;
  return fail(TN_ERROR_NOT_FOUND, "entry point '%s' has %u %s; there is no number %u", entry.name, count, what, index);
}

static tn_status nullInfo() { return fail(TN_ERROR_INVALID_ARGUMENT, "NULL argument"); }

tn_status tn_model_describe(const tn_model *model, tn_model_info *info) {
  if (!model || !info)
    return nullInfo();
  const tn_model_desc &desc = *model->desc;
  *info = {desc.name, desc.producer, desc.n_entries, desc.n_kernels, desc.weights_bytes, desc.weights_hash};
  return TN_OK;
}

tn_status tn_entry_describe(const tn_model *model, uint32_t index, tn_entry_info *info) {
  TN_TRY(checkEntryIndex(model, index));
  if (!info)
    return nullInfo();
  const tn_entry_desc &entry = model->entry(index);
  const tn_level_entry &level = model->level(index);
  *info = {entry.name, entry.n_inputs, entry.n_outputs,   entry.n_symbols,         entry.n_steps,
           level.name, level.features, level.arena_bytes, entry.arena_lower_bound, level.scratch_bytes};
  return TN_OK;
}

static tn_status describeTensor(const tn_tensor_desc &desc, tn_tensor_info *info) {
  if (!info)
    return nullInfo();
  *info = {desc.name, static_cast<tn_kind>(desc.kind), static_cast<tn_dtype>(desc.dtype), desc.rank, desc.alias_of,
           desc.dims};
  return TN_OK;
}

tn_status tn_input_describe(const tn_model *model, uint32_t entry, uint32_t index, tn_tensor_info *info) {
  TN_TRY(checkEntryIndex(model, entry));
  const tn_entry_desc &desc = model->entry(entry);
  TN_TRY(checkIndex(desc, "inputs", index, desc.n_inputs));
  TN_TRY(describeTensor(at(desc.inputs, index), info));
  info->alias_of = -1;
  return TN_OK;
}

tn_status tn_output_describe(const tn_model *model, uint32_t entry, uint32_t index, tn_tensor_info *info) {
  TN_TRY(checkEntryIndex(model, entry));
  const tn_entry_desc &desc = model->entry(entry);
  TN_TRY(checkIndex(desc, "outputs", index, desc.n_outputs));
  return describeTensor(at(desc.outputs, index), info);
}

tn_status tn_symbol_describe(const tn_model *model, uint32_t entry, uint32_t index, tn_symbol_info *info) {
  TN_TRY(checkEntryIndex(model, entry));
  const tn_entry_desc &desc = model->entry(entry);
  TN_TRY(checkIndex(desc, "symbols", index, desc.n_symbols));
  if (!info)
    return nullInfo();
  const tn_symbol_desc &symbol = at(desc.symbols, index);
  *info = {symbol.name, symbol.min, symbol.max, symbol.divisor};
  return TN_OK;
}

tn_status tn_step_describe(const tn_model *model, uint32_t entry, uint32_t index, tn_step_info *info) {
  TN_TRY(checkEntryIndex(model, entry));
  const tn_entry_desc &desc = model->entry(entry);
  TN_TRY(checkIndex(desc, "steps", index, desc.n_steps));
  if (!info)
    return nullInfo();
  const tn_step_desc &step = at(desc.steps, index);
  const tn_kernel_desc &kernel = at(model->desc->kernels, step.kernel);
  *info = {step.kernel, kernel.name, kernel.template_name, step.sources ? step.sources : "", step.flops, step.bytes};
  return TN_OK;
}

tn_status tn_kernel_describe(const tn_model *model, uint32_t index, tn_kernel_info *info) {
  if (!model || !info)
    return nullInfo();
  if (index >= model->desc->n_kernels)
    return fail(TN_ERROR_NOT_FOUND, "model '%s' has %u kernels; there is no number %u", model->desc->name,
                model->desc->n_kernels, index);
  const tn_kernel_desc &kernel = at(model->desc->kernels, index);
  *info = {kernel.name, kernel.template_name};
  return TN_OK;
}

// ---- Names ----

template <typename T> static bool findName(const T *table, uint32_t count, const char *name, uint32_t &index) {
  for (index = 0; index < count; ++index)
    if (strcmp(at(table, index).name, name) == 0)
      return true;
  return false;
}

tn_status tn_find_entry(const tn_model *model, const char *name, uint32_t *entry) {
  if (!model || !name || !entry)
    return nullInfo();
  if (findName(model->desc->entries, model->desc->n_entries, name, *entry))
    return TN_OK;
  return fail(TN_ERROR_NOT_FOUND, "model '%s' has no entry point '%s'; the first is '%s'", model->desc->name, name,
              model->entry(0).name);
}

static tn_status findTensor(const tn_entry_desc &entry, const tn_tensor_desc *tensors, uint32_t count, const char *what,
                            const char *name, uint32_t *index) {
  if (!name || !index)
    return nullInfo();
  if (findName(tensors, count, name, *index))
    return TN_OK;
  return fail(TN_ERROR_NOT_FOUND, "entry point '%s' has no %s '%s'; the first of %u is '%s'", entry.name, what, name,
              count, count ? at(tensors, 0).name : "");
}

tn_status tn_find_input(const tn_model *model, uint32_t entry, const char *name, uint32_t *index) {
  TN_TRY(checkEntryIndex(model, entry));
  const tn_entry_desc &desc = model->entry(entry);
  return findTensor(desc, desc.inputs, desc.n_inputs, "input", name, index);
}

tn_status tn_find_output(const tn_model *model, uint32_t entry, const char *name, uint32_t *index) {
  TN_TRY(checkEntryIndex(model, entry));
  const tn_entry_desc &desc = model->entry(entry);
  return findTensor(desc, desc.outputs, desc.n_outputs, "output", name, index);
}

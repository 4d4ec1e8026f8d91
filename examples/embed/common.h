/* What both examples share: buffers for any model's inputs, and its outputs in print. An application that
 * knows its model declares the buffers it needs instead. */
#ifndef EMBED_COMMON_H
#define EMBED_COMMON_H

#include <stdio.h>
#include <stdlib.h>
#include <tenon/tenon.h>

enum { MAX_INPUTS = 16, MAX_RANK = 8 };

static void *buffers[MAX_INPUTS];

static void free_inputs(void) {
  for (int i = 0; i < MAX_INPUTS; ++i)
    free(buffers[i]);
}

/* Gives input `index` a buffer of zeros, filled from `file` where there is one. Symbolic dims take their
 * least value. */
static tn_status bind_input(tn_model *model, tn_context *context, uint32_t index, const char *file) {
  tn_tensor_info info;
  tn_status status = tn_input_describe(model, 0, index, &info);
  if (status != TN_OK)
    return status;
  if (index >= MAX_INPUTS || info.rank > MAX_RANK)
    return TN_ERROR_UNSUPPORTED;
  int64_t dims[MAX_RANK];
  for (uint32_t d = 0; d < info.rank; ++d) {
    tn_symbol_info symbol = {0};
    if (info.dims[d] < 0)
      tn_symbol_describe(model, 0, (uint32_t)(-1 - info.dims[d]), &symbol);
    dims[d] = info.dims[d] < 0 ? symbol.min : info.dims[d];
  }
  tn_tensor tensor = {info.dtype, info.rank, dims, NULL, 0};
  status = tn_tensor_bytes(tensor.dtype, tensor.rank, tensor.dims, &tensor.bytes);
  if (status != TN_OK)
    return status;
  tensor.data = buffers[index] = calloc(1, tensor.bytes + 1);
  FILE *stream = file ? fopen(file, "rb") : NULL;
  size_t got = stream ? fread(tensor.data, 1, tensor.bytes, stream) : 0;
  if (stream)
    fclose(stream);
  if (file && got != tensor.bytes) {
    fprintf(stderr, "%s: expected %zu bytes, read %zu\n", file, tensor.bytes, got);
    return TN_ERROR_IO;
  }
  return tn_context_set_input(context, 0, index, &tensor);
}

static tn_status bind_inputs(tn_model *model, tn_context *context, const char *file) {
  tn_entry_info entry;
  tn_status status = tn_entry_describe(model, 0, &entry);
  for (uint32_t i = 0; i < entry.n_inputs && status == TN_OK; ++i)
    status = bind_input(model, context, i, i == 0 ? file : NULL);
  return status;
}

static tn_status print_outputs(tn_model *model, tn_context *context) {
  tn_entry_info entry;
  tn_status status = tn_entry_describe(model, 0, &entry);
  for (uint32_t i = 0; i < entry.n_outputs && status == TN_OK; ++i) {
    tn_tensor_info info;
    tn_tensor tensor;
    status = tn_output_describe(model, 0, i, &info);
    if (status == TN_OK)
      status = tn_context_get_output(context, 0, i, &tensor);
    if (status != TN_OK)
      break;
    printf("%s %s [", info.name, tn_dtype_name(tensor.dtype));
    for (uint32_t d = 0; d < tensor.rank; ++d)
      printf("%s%lld", d ? ", " : "", (long long)tensor.dims[d]);
    printf("]:");
    for (size_t j = 0; tensor.dtype == TN_F32 && j < 8 && (j + 1) * sizeof(float) <= tensor.bytes; ++j)
      printf(" %g", ((const float *)tensor.data)[j]);
    printf("\n");
  }
  return status;
}

#endif

#include "Fixture.h"

#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

#if defined(__x86_64__)
#define MACHINE 62
#define BEST_LEVEL TN_CPU_X86_64_V4
#define BASE_LEVEL TN_CPU_X86_64_V3
#else
#define MACHINE 183
#define BEST_LEVEL TN_CPU_SVE
#define BASE_LEVEL TN_CPU_NEON
#endif

/* 512 times 2, then 512 times 0.5. */
#ifdef FIXTURE_LINKED
__asm__(".section .rodata.tn_test_weights,\"a\",%progbits\n.balign 64\ntn_test_weights:\n"
        ".rept 512\n.float 2.0\n.endr\n.rept 512\n.float 0.5\n.endr\n.text\n");
extern const char tn_test_weights[];
#define WEIGHTS tn_test_weights
#define QUERY tn_test_query
#else
__asm__(".section .tn.weights,\"\",%progbits\n.balign 4096\n"
        ".rept 512\n.float 2.0\n.endr\n.rept 512\n.float 0.5\n.endr\n.text\n");
#define WEIGHTS NULL
#define QUERY tn_model_query

#ifndef FIXTURE_ABI
#define FIXTURE_ABI TN_ABI_VERSION
#endif
#ifndef FIXTURE_LEVELS
#define FIXTURE_LEVELS BEST_LEVEL, BASE_LEVEL
#endif
#ifndef FIXTURE_NO_NOTE
static const struct {
  uint32_t name_bytes, desc_bytes, type;
  char name[8];
  _Alignas(8) tn_note note;
} note __attribute__((section(".note.tenon"), used, aligned(8))) = {
    sizeof TN_NOTE_OWNER,
    sizeof(tn_note),
    TN_NOTE_TYPE,
    TN_NOTE_OWNER,
    {sizeof(tn_note), TN_MODEL_MAGIC, FIXTURE_ABI, MACHINE, 2, {FIXTURE_LEVELS}, 0, FIXTURE_WEIGHTS_BYTES, 0, 0}};
#endif
#endif

/* ---- main ---- */

static void scale(void *const *buffers, int64_t begin, int64_t end, void *scratch) {
  const float *x = buffers[0], *w = buffers[1];
  float *t = buffers[2], *row = scratch;
  for (int64_t r = begin; r < end; ++r) {
    for (int c = 0; c < FIXTURE_COLUMNS; ++c)
      row[c] = x[r * FIXTURE_COLUMNS + c] * w[c];
    for (int c = 0; c < FIXTURE_COLUMNS; ++c)
      t[r * FIXTURE_COLUMNS + c] = row[c];
  }
}

static void increment(void *const *buffers, int64_t begin, int64_t end, void *scratch) {
  (void)scratch;
  const float *t = buffers[0];
  float *y = buffers[1];
  for (int64_t i = begin * FIXTURE_COLUMNS; i < end * FIXTURE_COLUMNS; ++i)
    y[i] = t[i] + 1;
}

static int32_t run_main(tn_invocation *inv) {
  void *first[] = {inv->inputs[0], (void *)inv->weights, inv->arena};
  inv->api->parallel(inv, 0, scale, first, FIXTURE_ROWS);
  void *second[] = {inv->arena, inv->outputs[0]};
  inv->api->parallel(inv, 1, increment, second, FIXTURE_ROWS);
  return 0;
}

/* ---- dynamic ---- */

static void add(void *const *buffers, int64_t begin, int64_t end, void *scratch) {
  (void)scratch;
  const float *a = buffers[0], *b = buffers[1];
  float *sum = buffers[2], *copy = buffers[3];
  for (int64_t i = begin * 16; i < end * 16; ++i)
    copy[i] = sum[i] = a[i] + b[i];
}

static uint64_t reserve_dynamic(const int64_t *dims) { return (uint64_t)dims[0] * 16 * sizeof(float); }

static int32_t run_dynamic(tn_invocation *inv) {
  int64_t rows = inv->dims[0], shape[] = {rows, 16}, count = 0;
  float *sum = inv->api->output(inv, 0, shape), *copy = (float *)inv->arena;
  if (!sum)
    return 1;
  void *buffers[] = {inv->inputs[0], inv->inputs[1], sum, copy};
  inv->api->parallel(inv, 0, add, buffers, rows);
  for (int64_t i = 0; i < rows * 16; ++i)
    count += copy[i] > 0;
  float *positive = inv->api->output(inv, 1, &count);
  if (!positive)
    return 1;
  for (int64_t i = 0, next = 0; i < rows * 16; ++i)
    if (copy[i] > 0)
      positive[next++] = copy[i];
  return 0;
}

/* ---- state and fail ---- */

static int32_t run_state(tn_invocation *inv) {
  float *cache = inv->outputs[0];
  for (int i = 0; i < 8; ++i)
    cache[i] += *(const float *)inv->inputs[1];
  return 0;
}

static int32_t run_fail(tn_invocation *inv) {
  int32_t code = *(const int32_t *)inv->inputs[0];
  *(float *)inv->outputs[0] = 7;
  return code ? inv->api->fail(inv, code, "index 12 is out of range") : 0;
}

/* ---- Tables ---- */

#define TENSOR(dtype, name, rank, dims, alias) {sizeof(tn_tensor_desc), TN_TENSOR, dtype, name, rank, alias, dims}
#define LEVELS(run, arena, scratch, reserve)                                                                           \
  {                                                                                                                    \
    {sizeof(tn_level_entry), BEST_LEVEL, "best", run, arena, scratch, reserve}, {                                      \
      sizeof(tn_level_entry), BASE_LEVEL, "base", run, arena, scratch, reserve                                         \
    }                                                                                                                  \
  }
#define ENTRY(name, in, out, n_symbols, symbols, levels, n_steps, bound)                                               \
  {sizeof(tn_entry_desc),                                                                                              \
   COUNT(in),                                                                                                          \
   COUNT(out),                                                                                                         \
   n_symbols,                                                                                                          \
   COUNT(levels),                                                                                                      \
   n_steps,                                                                                                            \
   name,                                                                                                               \
   in,                                                                                                                 \
   out,                                                                                                                \
   symbols,                                                                                                            \
   levels,                                                                                                             \
   steps,                                                                                                              \
   bound}

static const int64_t main_dims[] = {FIXTURE_ROWS, FIXTURE_COLUMNS};
static const int64_t dynamic_dims[] = {-1, 16}, computed_dims[] = {INT64_MIN};
static const int64_t state_dims[] = {8};

static const tn_tensor_desc main_inputs[] = {TENSOR(TN_F32, "x", 2, main_dims, -1)};
static const tn_tensor_desc main_outputs[] = {TENSOR(TN_F32, "y", 2, main_dims, -1)};
static const tn_tensor_desc dynamic_inputs[] = {TENSOR(TN_F32, "a", 2, dynamic_dims, -1),
                                                TENSOR(TN_F32, "b", 2, dynamic_dims, -1)};
static const tn_tensor_desc dynamic_outputs[] = {TENSOR(TN_F32, "sum", 2, dynamic_dims, -1),
                                                 TENSOR(TN_F32, "positive", 1, computed_dims, -1)};
static const tn_tensor_desc state_inputs[] = {TENSOR(TN_F32, "cache", 1, state_dims, -1),
                                              TENSOR(TN_F32, "token", 0, NULL, -1)};
static const tn_tensor_desc state_outputs[] = {TENSOR(TN_F32, "cache_out", 1, state_dims, 0)};
static const tn_tensor_desc fail_inputs[] = {TENSOR(TN_I32, "code", 0, NULL, -1)};
static const tn_tensor_desc fail_outputs[] = {TENSOR(TN_F32, "y", 0, NULL, -1)};

static const tn_symbol_desc symbols[] = {{sizeof(tn_symbol_desc), 0, "rows", 2, 64, 2}};

static const tn_level_entry main_levels[] =
    LEVELS(run_main, FIXTURE_ROWS * FIXTURE_COLUMNS * 4, FIXTURE_COLUMNS * 4, NULL);
static const tn_level_entry dynamic_levels[] = LEVELS(run_dynamic, 128, 0, reserve_dynamic);
static const tn_level_entry state_levels[] = LEVELS(run_state, 0, 0, NULL);
static const tn_level_entry fail_levels[] = LEVELS(run_fail, 0, 0, NULL);

/* The costs are exaggerated, so that the kernels are split. */
static const tn_step_desc steps[] = {{sizeof(tn_step_desc), 0, "Mul_1", 100000000, 524288},
                                     {sizeof(tn_step_desc), 1, "Add_2\nIdentity_3", 100000000, 524288}};
static const tn_kernel_desc kernels[] = {{sizeof(tn_kernel_desc), 0, "scale_64x1024", "elementwise"},
                                         {sizeof(tn_kernel_desc), 0, "increment_64x1024", "elementwise"}};

static const tn_entry_desc entries[] = {
    ENTRY("main", main_inputs, main_outputs, 0, NULL, main_levels, 2, 262144),
    ENTRY("dynamic", dynamic_inputs, dynamic_outputs, 1, symbols, dynamic_levels, 1, 0),
    ENTRY("state", state_inputs, state_outputs, 0, NULL, state_levels, 0, 0),
    ENTRY("fail", fail_inputs, fail_outputs, 0, NULL, fail_levels, 0, 0)};

static const tn_model_desc model = {sizeof(tn_model_desc),
                                    TN_MODEL_MAGIC,
                                    TN_ABI_VERSION,
                                    COUNT(entries),
                                    "fixture",
                                    "by hand",
                                    entries,
                                    COUNT(kernels),
                                    0,
                                    kernels,
                                    FIXTURE_WEIGHTS_BYTES,
                                    WEIGHTS,
                                    {0x1e, 0x49, 0x9b, 0x2d, 0x00, 0x1b, 0x3c, 0x1c, 0xb5, 0x9b, 0xd2,
                                     0xd7, 0xb7, 0x6b, 0xd2, 0xd6, 0xfa, 0x35, 0xca, 0xfc, 0x7b, 0xa1,
                                     0x0a, 0xef, 0x1b, 0x4d, 0x9d, 0x43, 0x8c, 0xa9, 0x6f, 0x2b}};

__attribute__((visibility("default"))) const tn_model_desc *QUERY(uint32_t runtime_abi_version) {
  return runtime_abi_version >= TN_ABI_VERSION ? &model : NULL;
}

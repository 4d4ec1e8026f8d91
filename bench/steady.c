/* Runs a model in the steady state and counts what it asks the system for: bench-steady MODEL.so [RUNS [THREADS]]
 *
 * Prints the load time, the time per run and the number of allocations in all runs. Under strace the runs stand
 * between two calls of getppid, which nothing else here makes. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <tenon/tenon.h>
#include <time.h>
#include <unistd.h>

/* Every allocation of the process, the C library's included, passes here. */
static volatile long allocations;
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *memory, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

static long count(void) { return __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED); }
void *malloc(size_t bytes) { return count(), __libc_malloc(bytes); }
void *calloc(size_t n, size_t bytes) { return count(), __libc_calloc(n, bytes); }
void *realloc(void *memory, size_t bytes) { return count(), __libc_realloc(memory, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { return count(), __libc_memalign(alignment, bytes); }
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  count();
  *memory = __libc_memalign(alignment, bytes);
  return *memory ? 0 : 12;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static tn_status bind_zeros(tn_model *model, tn_context *context) {
  tn_entry_info entry;
  tn_status status = tn_entry_describe(model, 0, &entry);
  for (uint32_t i = 0; i < entry.n_inputs && status == TN_OK; ++i) {
    tn_tensor_info info;
    status = tn_input_describe(model, 0, i, &info);
    if (status != TN_OK)
      break;
    int64_t dims[16] = {0};
    for (uint32_t d = 0; d < info.rank && d < 16; ++d)
      dims[d] = info.dims[d] < 0 ? 1 : info.dims[d];
    tn_tensor tensor = {info.dtype, info.rank, dims, NULL, 0};
    status = tn_tensor_bytes(tensor.dtype, tensor.rank, dims, &tensor.bytes);
    tensor.data = calloc(1, tensor.bytes + 1);
    if (status == TN_OK)
      status = tn_context_set_input(context, 0, i, &tensor);
  }
  return status;
}

int main(int argc, char **argv) {
  if (argc < 2)
    return fprintf(stderr, "usage: %s MODEL.so [RUNS [THREADS]]\n", argv[0]), 2;
  int runs = argc > 2 ? atoi(argv[2]) : 20;
  tn_context_options options = {.size = sizeof options, .n_threads = argc > 3 ? (uint32_t)atoi(argv[3]) : 1};
  tn_model *model = NULL;
  tn_context *context = NULL;
  double start = seconds();
  tn_status status = tn_model_load(argv[1], NULL, &model);
  if (status == TN_OK)
    status = tn_context_create(model, &options, &context);
  double loaded = seconds() - start;
  if (status == TN_OK)
    status = bind_zeros(model, context);
  for (int i = 0; i < 3 && status == TN_OK; ++i)
    status = tn_context_run(context, 0);

  long before = allocations;
  start = seconds();
  (void)getppid();
  for (int i = 0; i < runs && status == TN_OK; ++i)
    status = tn_context_run(context, 0);
  (void)getppid();
  double each = (seconds() - start) / runs;
  long during = allocations - before;
  if (status != TN_OK)
    return fprintf(stderr, "%s: %s\n", tn_status_name(status), tn_last_error()), 1;
  printf("{\"load_ms\": %.3f, \"run_ms\": %.4f, \"runs\": %d, \"allocations\": %ld}\n", loaded * 1e3, each * 1e3, runs,
         during);
  tn_context_destroy(context);
  tn_model_destroy(model);
  return 0;
}

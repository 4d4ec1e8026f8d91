/* Tenon runtime: loads compiled models and runs them.
 *
 *   tn_model *model;
 *   tn_context *context;
 *   tn_model_load("model.so", NULL, &model);
 *   tn_context_create(model, NULL, &context);
 *   int64_t dims[] = {1, 3, 224, 224};
 *   tn_tensor x = {TN_F32, 4, dims, pixels, sizeof pixels};
 *   tn_tensor y = {0};                                 // data NULL: the context allocates it and fills it in
 *   tn_status status = tn_run(context, 0, &x, 1, &y, 1);
 *
 * Errors are values: every call that can fail returns a tn_status, and tn_last_error() has the message.
 * Nothing aborts, prints or throws. A model may be used by any number of threads; a context by one at a time.
 * Structures whose first field is `size` are set to zero and then given their sizeof, so that they can grow.
 */
#ifndef TENON_TENON_H
#define TENON_TENON_H

#include <stddef.h>
#include <stdint.h>

#include "tenon/abi.h"

#define TN_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status ---- */

/* The numbers are part of the model ABI: compiled code returns them. */
typedef enum tn_status {
  TN_OK = 0,
  TN_ERROR_INVALID_ARGUMENT = 1,
  TN_ERROR_NOT_FOUND = 2,       /* a name, an index, a file */
  TN_ERROR_IO = 3,              /* the system refused to read or map */
  TN_ERROR_FORMAT = 4,          /* not a Tenon artifact, or a damaged one */
  TN_ERROR_VERSION = 5,         /* model and runtime speak different ABI versions */
  TN_ERROR_UNSUPPORTED_CPU = 6, /* no code level of the model fits this machine */
  TN_ERROR_SHAPE_MISMATCH = 7,
  TN_ERROR_TYPE_MISMATCH = 8,
  TN_ERROR_OUT_OF_MEMORY = 9,
  TN_ERROR_UNSUPPORTED = 10, /* valid, but this runtime cannot do it */
  TN_ERROR_MODEL = 11,       /* compiled code reported a failure of its own, such as an index out of range */
  TN_ERROR_INTERNAL = 12
} tn_status;

/* "shape mismatch" and so on; "unknown status" for other numbers. */
TN_API const char *tn_status_name(tn_status status);
/* Message of the last call that failed on this thread, "" before the first; valid until the next failure. */
TN_API const char *tn_last_error(void);
/* Version of this library, "0.1.0". */
TN_API const char *tn_version(void);
/* TN_CPU_* bits of this machine, as far as the operating system lets programs use them. */
TN_API uint32_t tn_cpu_features(void);

/* ---- What a host may plug in ---- */

/* All memory of the runtime goes through one of these when given. `alloc` returns NULL when there is none;
 * `alignment` is a power of two, at least 64. `free` gets the size that `alloc` was asked for. */
typedef struct tn_allocator {
  void *(*alloc)(void *user, size_t bytes, size_t alignment);
  void (*free)(void *user, void *memory, size_t bytes);
  void *user;
} tn_allocator;

typedef enum tn_log_level { TN_LOG_INFO = 1, TN_LOG_WARNING = 2 } tn_log_level;
typedef void (*tn_log_fn)(void *user, tn_log_level level, const char *message);

/* One executed step; times are nanoseconds of CLOCK_MONOTONIC. */
typedef struct tn_profile_event {
  uint32_t entry, step, threads;
  uint64_t begin_ns, end_ns;
} tn_profile_event;
typedef void (*tn_profile_fn)(void *user, const tn_profile_event *event);

/* ---- Tensors and values ---- */

/* A view of a row-major tensor; owns nothing. `bytes` is the capacity of the buffer behind `data`. */
typedef struct tn_tensor {
  tn_dtype dtype;
  uint32_t rank;
  const int64_t *dims;
  void *data;
  size_t bytes;
} tn_tensor;

/* Element of a TN_STRING tensor: UTF-8, not terminated. */
typedef struct tn_string {
  const char *data;
  size_t length;
} tn_string;

/* "f32", "i4", ...; "invalid" for other numbers. */
TN_API const char *tn_dtype_name(tn_dtype dtype);
/* Bits of one element; 0 for TN_INVALID and other numbers. */
TN_API uint32_t tn_dtype_bits(tn_dtype dtype);
/* Bytes that a tensor of this type and shape occupies; INVALID_ARGUMENT for a negative dim or on overflow. */
TN_API tn_status tn_tensor_bytes(tn_dtype dtype, uint32_t rank, const int64_t *dims, size_t *bytes);

/* A tensor, sequence, optional or map. A string is a TN_STRING tensor of rank 0. */
typedef struct tn_value tn_value;

/* A tensor with zeroed storage of its own, 64-byte aligned. */
TN_API tn_status tn_value_create_tensor(tn_dtype dtype, uint32_t rank, const int64_t *dims, tn_value **value);
/* A tensor over the caller's buffer, which has to outlive it; dims are copied. */
TN_API tn_status tn_value_borrow_tensor(const tn_tensor *tensor, tn_value **value);
TN_API tn_status tn_value_create_string(const char *data, size_t length, tn_value **value);
TN_API tn_status tn_value_create_sequence(tn_value **value);
/* `item` may be NULL: an empty optional. Takes `item` over. */
TN_API tn_status tn_value_create_optional(tn_value *item, tn_value **value);
TN_API tn_status tn_value_create_map(tn_value **value);
/* NULL is allowed; destroys what it contains. */
TN_API void tn_value_destroy(tn_value *value);

TN_API tn_kind tn_value_kind(const tn_value *value);
/* A view that lives as long as the value; TYPE_MISMATCH for what is no tensor. */
TN_API tn_status tn_value_get_tensor(const tn_value *value, tn_tensor *tensor);
/* Copies a string into element `index` of a TN_STRING tensor with storage of its own. */
TN_API tn_status tn_value_set_string(tn_value *value, size_t index, const char *data, size_t length);
/* Items of a sequence, pairs of a map, 0 or 1 of an optional; 0 for a tensor. */
TN_API size_t tn_value_count(const tn_value *value);
/* Item, the value of a map's pair, what an optional holds; NULL where there is none. */
TN_API tn_value *tn_value_at(const tn_value *value, size_t index);
/* Key of a map's pair, in order of insertion. */
TN_API tn_value *tn_value_key(const tn_value *map, size_t index);
/* Value under `key`, a tensor of rank 0, or NULL. */
TN_API tn_value *tn_value_find(const tn_value *map, const tn_value *key);
/* Both take their arguments over on success only. An existing key has its value replaced. */
TN_API tn_status tn_value_append(tn_value *sequence, tn_value *item);
TN_API tn_status tn_value_insert(tn_value *map, tn_value *key, tn_value *item);

/* ---- Models ---- */

typedef struct tn_model tn_model;

enum {
  /* Read the weights into memory (huge pages where there are any) instead of mapping the file. Loading takes
   * as long as reading does; every process then has a copy of its own. */
  TN_MODEL_COPY_WEIGHTS = 1u << 0
};

typedef struct tn_model_options {
  size_t size;
  uint32_t flags;
  uint32_t cpu_exclude;          /* TN_CPU_* bits to act as if the machine did not have */
  const tn_allocator *allocator; /* copied */
  tn_log_fn log;
  void *log_user;
} tn_model_options;

/* Loads a shared library made by `tenon compile`. The file is checked as far as that goes without running it;
 * like any shared library it is trusted code. `options` may be NULL. */
TN_API tn_status tn_model_load(const char *path, const tn_model_options *options, tn_model **model);
/* The same for a model that is linked in: tn_model_from_desc(mynet_query(TN_ABI_VERSION), NULL, &model). */
TN_API tn_status tn_model_from_desc(const tn_model_desc *desc, const tn_model_options *options, tn_model **model);
/* Contexts keep their model alive, so the order of destruction does not matter. NULL is allowed. */
TN_API void tn_model_destroy(tn_model *model);
/* Hashes the weights and compares with what the compiler recorded: FORMAT when they differ. Reads all of
 * them. */
TN_API tn_status tn_model_verify(const tn_model *model);

/* Reads an artifact's note, also when this machine cannot run it. */
TN_API tn_status tn_artifact_read(const char *path, tn_note *note);
/* For the compiler: writes note.code_hash into the image of a linked artifact. The hash covers the program
 * headers and all loaded segments but not the section table, so that `strip` and an appended weight block
 * keep it valid. */
TN_API tn_status tn_artifact_seal(void *image, size_t bytes);

/* ---- What a model says about itself ---- */
/* Strings and arrays live as long as the model. An index out of range is NOT_FOUND. */

typedef struct tn_model_info {
  const char *name;
  const char *producer;
  uint32_t n_entries, n_kernels;
  uint64_t weights_bytes;
  const uint8_t *weights_hash; /* 32 bytes, see tn_model_desc */
} tn_model_info;

typedef struct tn_entry_info {
  const char *name;
  uint32_t n_inputs, n_outputs, n_symbols, n_steps;
  const char *level;       /* code level that runs here, "x86-64-v4" */
  uint32_t level_features; /* TN_CPU_* bits that it needs */
  uint64_t arena_bytes;    /* for symbolic shapes: at the symbols' smallest values */
  uint64_t arena_lower_bound;
  uint64_t scratch_bytes; /* per thread */
} tn_entry_info;

typedef struct tn_tensor_info {
  const char *name;
  tn_kind kind;
  tn_dtype dtype;
  uint32_t rank;
  int32_t alias_of;    /* outputs: input whose storage it shares, or -1 */
  const int64_t *dims; /* >= 0: static; -1 - s: symbol s; INT64_MIN: known only when computed */
} tn_tensor_info;

typedef struct tn_symbol_info {
  const char *name;
  int64_t min, max, divisor;
} tn_symbol_info;

typedef struct tn_kernel_info {
  const char *name;
  const char *template_name;
} tn_kernel_info;

typedef struct tn_step_info {
  uint32_t kernel;
  const char *kernel_name;
  const char *template_name;
  const char *sources; /* names of the graph's nodes, separated by '\n' */
  uint64_t flops, bytes;
} tn_step_info;

TN_API tn_status tn_model_describe(const tn_model *model, tn_model_info *info);
TN_API tn_status tn_entry_describe(const tn_model *model, uint32_t entry, tn_entry_info *info);
TN_API tn_status tn_input_describe(const tn_model *model, uint32_t entry, uint32_t index, tn_tensor_info *info);
TN_API tn_status tn_output_describe(const tn_model *model, uint32_t entry, uint32_t index, tn_tensor_info *info);
TN_API tn_status tn_symbol_describe(const tn_model *model, uint32_t entry, uint32_t index, tn_symbol_info *info);
TN_API tn_status tn_step_describe(const tn_model *model, uint32_t entry, uint32_t index, tn_step_info *info);
TN_API tn_status tn_kernel_describe(const tn_model *model, uint32_t index, tn_kernel_info *info);

TN_API tn_status tn_find_entry(const tn_model *model, const char *name, uint32_t *entry);
TN_API tn_status tn_find_input(const tn_model *model, uint32_t entry, const char *name, uint32_t *index);
TN_API tn_status tn_find_output(const tn_model *model, uint32_t entry, const char *name, uint32_t *index);

/* ---- Threads ---- */

typedef struct tn_pool tn_pool;

/* A host's own threads. `parallel_for` calls task(argument, i) once for every i in [0, n_tasks), on any
 * threads and in any order, and returns when all calls have. n_tasks never exceeds n_threads. */
typedef struct tn_host_pool {
  uint32_t n_threads;
  void (*parallel_for)(void *user, uint32_t n_tasks, void (*task)(void *argument, uint32_t index), void *argument);
  void *user;
} tn_host_pool;

/* Starts n_threads - 1 threads, the caller of a run being the remaining one; 0: as many as this process may
 * use CPUs. Contexts may share a pool and run at the same time: one that finds it busy computes on its own
 * thread. */
TN_API tn_status tn_pool_create(uint32_t n_threads, tn_pool **pool);
TN_API tn_status tn_pool_create_host(const tn_host_pool *host, tn_pool **pool);
TN_API uint32_t tn_pool_threads(const tn_pool *pool);
/* Contexts keep their pool alive. NULL is allowed. */
TN_API void tn_pool_destroy(tn_pool *pool);

/* ---- Traces ---- */

typedef struct tn_trace tn_trace;

/* A record of runs in a file that ui.perfetto.dev and chrome://tracing open: for every run each thread's part of each
 * kernel with its time, graph nodes, work items, flops and bytes. Begins the file anew. It is written after each run,
 * on the thread that ran, and is complete at that time. A run of more than 65,536 events keeps the newest.
 * Without this call, the environment variable TN_TRACE names a file for all contexts that are given no trace; one that
 * can't be written is reported to the model's log, and runs go on without. IO: `path` is no regular file that can be
 * written. */
TN_API tn_status tn_trace_create(const char *path, tn_trace **trace);
/* IO when not all runs could be written (a full disk, 1 GB reached): runs after that are missing, they do not fail. */
TN_API tn_status tn_trace_status(tn_trace *trace);
/* Contexts keep their trace alive. NULL is allowed. */
TN_API void tn_trace_destroy(tn_trace *trace);

/* ---- Running ---- */

typedef struct tn_context tn_context;

typedef struct tn_context_options {
  size_t size;
  tn_pool *pool;      /* NULL: see n_threads */
  uint32_t n_threads; /* 0: a pool over all CPUs shared by the model's contexts; 1: no pool; n: a pool of its
                         own */
  tn_profile_fn profile;
  void *profile_user;
  tn_trace *trace; /* NULL: what TN_TRACE says. Any number of contexts may share one. */
} tn_context_options;

/* The mutable state of runs: arena, scratch, outputs. `options` may be NULL. */
TN_API tn_status tn_context_create(tn_model *model, const tn_context_options *options, tn_context **context);
TN_API void tn_context_destroy(tn_context *context);
/* Message of the last call on this context that failed, "" before the first. */
TN_API const char *tn_context_error(const tn_context *context);

/* Binds the caller's buffer, used in place, until the next call for the same index. Type and shape are
 * checked here, what inputs imply for each other by `run`. A buffer has to be aligned to its element type. */
TN_API tn_status tn_context_set_input(tn_context *context, uint32_t entry, uint32_t index, const tn_tensor *tensor);
TN_API tn_status tn_context_set_input_by_name(tn_context *context, uint32_t entry, const char *name,
                                              const tn_tensor *tensor);
/* `tensor->dims` may be NULL where the shape is not known beforehand: then only the capacity counts. A
 * `tensor` that is NULL or has no data gives the output back to the context. An output that aliases an input
 * needs no buffer. */
TN_API tn_status tn_context_set_output(tn_context *context, uint32_t entry, uint32_t index, const tn_tensor *tensor);
TN_API tn_status tn_context_set_output_by_name(tn_context *context, uint32_t entry, const char *name,
                                               const tn_tensor *tensor);
/* Allocates what runs need with symbols up to these values (one per symbol of the entry): later runs within
 * them allocate nothing. With static shapes pass NULL, 0. Outputs that have a buffer already get none. */
TN_API tn_status tn_context_reserve(tn_context *context, uint32_t entry, const int64_t *symbols, uint32_t n_symbols);
/* Runs one entry point over what is bound. */
TN_API tn_status tn_context_run(tn_context *context, uint32_t entry);
/* After a run: shape and data of an output. Valid until the next run or change of bindings. */
TN_API tn_status tn_context_get_output(const tn_context *context, uint32_t entry, uint32_t index, tn_tensor *tensor);
/* Bind, run and fetch in one call: `outputs` with data NULL are filled in with the context's own storage, the
 * others get their actual dims. n_inputs has to be all of them; fewer outputs leave the rest to the context.
 */
TN_API tn_status tn_run(tn_context *context, uint32_t entry, const tn_tensor *inputs, uint32_t n_inputs,
                        tn_tensor *outputs, uint32_t n_outputs);

#ifdef __cplusplus
}
#endif

#endif

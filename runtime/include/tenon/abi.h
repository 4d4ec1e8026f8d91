/* The contract between a compiled model and the runtime, version 1.
 *
 * This is the one header that code generation and the runtime share. A compiled model exports a single function,
 * `tn_model_query` (in a shared library) or `<name>_query` (in an object), which returns a `tn_model_desc`. Nothing
 * is imported: whatever the model needs from outside reaches it through `tn_host_api`.
 *
 * Every structure starts with its size, so that a newer runtime can read an older model: fields are only ever
 * appended, and a reader looks at a field only when `size` covers it. All sizes are bytes, all strings UTF-8.
 */
#ifndef TENON_ABI_H
#define TENON_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TN_ABI_VERSION 1u
#define TN_MODEL_MAGIC 0x314E4E54u /* "TNN1", little endian */

/* ELF note that a shared library carries: owner "Tenon", this type, and a tn_note as its descriptor. It is read from
 * the file before any code of the model is mapped. */
#define TN_NOTE_OWNER "Tenon"
#define TN_NOTE_TYPE 1u
/* ELF section (not loaded; mapped by the runtime) that holds the weight block of a shared library. */
#define TN_WEIGHTS_SECTION ".tn.weights"

typedef enum tn_dtype {
  TN_INVALID = 0,
  TN_F64 = 1,
  TN_F32 = 2,
  TN_F16 = 3,
  TN_BF16 = 4,
  TN_BOOL = 5, /* one byte, 0 or 1 */
  TN_I8 = 6,
  TN_I16 = 7,
  TN_I32 = 8,
  TN_I64 = 9,
  TN_U8 = 10,
  TN_U16 = 11,
  TN_U32 = 12,
  TN_U64 = 13,
  TN_F8E4M3FN = 14,
  TN_F8E4M3FNUZ = 15,
  TN_F8E5M2 = 16,
  TN_F8E5M2FNUZ = 17,
  TN_F8E8M0 = 18,
  TN_F4E2M1 = 19, /* two elements a byte, first in the low half; so are I4 and U4 */
  TN_I4 = 20,
  TN_U4 = 21,
  TN_I2 = 22, /* four elements a byte, first in the low bits; so is U2 */
  TN_U2 = 23,
  TN_C64 = 24,  /* pair of f32 */
  TN_C128 = 25, /* pair of f64 */
  TN_STRING = 26
} tn_dtype;

/* What a value is, for models whose inputs or outputs are more than tensors. */
typedef enum tn_kind { TN_TENSOR = 1, TN_SEQUENCE = 2, TN_OPTIONAL = 3, TN_MAP = 4 } tn_kind;

/* CPU features that a level of code needs; the runtime compares them with cpuid. */
enum {
  TN_CPU_X86_64_V3 = 1u << 0, /* AVX2, FMA, BMI1/2, F16C, LZCNT, MOVBE */
  TN_CPU_X86_64_V4 = 1u << 1, /* AVX-512 F, BW, CD, DQ, VL */
  TN_CPU_AVX512_VNNI = 1u << 2,
  TN_CPU_AVX512_BF16 = 1u << 3,
  TN_CPU_AVX_VNNI = 1u << 4,
  TN_CPU_AVX512_FP16 = 1u << 5,
  TN_CPU_AMX_INT8 = 1u << 6,
  TN_CPU_AMX_BF16 = 1u << 7,
  TN_CPU_NEON = 1u << 16,
  TN_CPU_SVE = 1u << 17
};

struct tn_invocation;

/* One kernel, over the work items [begin, end) of its parallel space. `buffers` are the kernel's operands in order,
 * then its results; `scratch` is private to the calling thread, 64-byte aligned, of the entry's scratch_bytes.
 * Splitting [0, extent) in any way over any threads gives bit-identical results. */
typedef void (*tn_kernel_fn)(void *const *buffers, int64_t begin, int64_t end, void *scratch);

/* What the runtime offers to the running model. */
typedef struct tn_host_api {
  uint32_t size;
  uint32_t abi_version;
  /* Runs `kernel` over [0, extent), on several threads where that pays, and returns when all of it is done.
   * `step` indexes tn_entry_desc.steps. */
  void (*parallel)(struct tn_invocation *inv, uint32_t step, tn_kernel_fn kernel, void *const *buffers, int64_t extent);
  /* Storage for output `index` with the given dims: the caller's buffer, or one that the context owns.
   * NULL after an error, which the runtime has recorded. For outputs whose shape is known only now. */
  void *(*output)(struct tn_invocation *inv, uint32_t index, const int64_t *dims);
  /* Records an error (code: tn_status of tenon.h); the entry returns that code. */
  int32_t (*fail)(struct tn_invocation *inv, int32_t code, const char *message);
} tn_host_api;

/* One run of one entry point. */
typedef struct tn_invocation {
  uint32_t size;
  uint32_t reserved;
  const tn_host_api *api;
  char *arena;          /* tn_level_entry.arena_bytes, 64-byte aligned */
  const char *weights;  /* tn_model_desc.weights_bytes, 64-byte aligned */
  void *const *inputs;  /* data of each input, row-major */
  void *const *outputs; /* data of each output whose shape is static */
  const int64_t *dims;  /* value of each symbol (tn_entry_desc.symbols) */
} tn_invocation;

typedef struct tn_tensor_desc {
  uint32_t size;
  uint16_t kind;  /* tn_kind */
  uint16_t dtype; /* tn_dtype of the element */
  const char *name;
  uint32_t rank;
  int32_t alias_of;    /* outputs: index of the input whose storage this output shares, or -1 */
  const int64_t *dims; /* >= 0: static; -1 - s: symbol s; INT64_MIN: known only when computed */
} tn_tensor_desc;

typedef struct tn_symbol_desc {
  uint32_t size;
  uint32_t reserved;
  const char *name;
  int64_t min, max, divisor; /* allowed values: min..max, multiples of divisor; max INT64_MAX: no bound */
} tn_symbol_desc;

/* One kernel launch of the program, for profiles and reports. */
typedef struct tn_step_desc {
  uint32_t size;
  uint32_t kernel;     /* index into kernels */
  const char *sources; /* names of the graph's nodes that this step computes, separated by '\n' */
  uint64_t flops;
  uint64_t bytes; /* memory traffic at least needed: operands read and results written once */
} tn_step_desc;

typedef struct tn_kernel_desc {
  uint32_t size;
  uint32_t reserved;
  const char *name;
  const char *template_name; /* kernel template it is an instance of */
} tn_kernel_desc;

/* The code of one entry point for one level of CPU. Returns 0 or a tn_status. */
typedef struct tn_level_entry {
  uint32_t size;
  uint32_t features; /* TN_CPU_* bits, all of them needed */
  const char *name;  /* as in -mcpu: "x86-64-v3" */
  int32_t (*run)(tn_invocation *inv);
  uint64_t arena_bytes;                     /* with static shapes; otherwise what `reserve` computes */
  uint64_t scratch_bytes;                   /* per thread */
  uint64_t (*reserve)(const int64_t *dims); /* arena bytes for these symbol values; NULL when shapes are static */
} tn_level_entry;

typedef struct tn_entry_desc {
  uint32_t size;
  uint32_t n_inputs, n_outputs, n_symbols, n_levels, n_steps;
  const char *name; /* "main", or as in prefill and decode */
  const tn_tensor_desc *inputs;
  const tn_tensor_desc *outputs;
  const tn_symbol_desc *symbols;
  const tn_level_entry *levels; /* best first */
  const tn_step_desc *steps;
  uint64_t arena_lower_bound; /* most bytes alive at once, without any placement loss */
} tn_entry_desc;

typedef struct tn_model_desc {
  uint32_t size;
  uint32_t magic;       /* TN_MODEL_MAGIC */
  uint32_t abi_version; /* TN_ABI_VERSION of the compiler that wrote this */
  uint32_t n_entries;
  const char *name;
  const char *producer; /* "tenon 0.1.0" */
  const tn_entry_desc *entries;
  uint32_t n_kernels;
  uint32_t reserved;
  const tn_kernel_desc *kernels;
  uint64_t weights_bytes;
  const char *weights; /* linked weights of an object; NULL in a shared library, whose section is mapped */
  /* SHA-256 over the SHA-256 digests of the weight block's pieces of 1 MiB (the last may be shorter), in order */
  uint8_t weights_hash[32];
} tn_model_desc;

/* Descriptor of the ELF note: what can be known about an artifact without running its code. */
typedef struct tn_note {
  uint32_t size;
  uint32_t magic;
  uint32_t abi_version;
  uint32_t machine;  /* ELF e_machine of the code */
  uint32_t n_levels; /* code levels that follow in `features` */
  uint32_t features[8];
  uint32_t reserved;
  uint64_t weights_bytes;
  uint64_t code_bytes; /* file size up to the weight block */
  uint64_t code_hash;  /* of what the loader maps, see tn_artifact_seal in tenon.h; 0: not sealed, not checked */
} tn_note;

typedef const tn_model_desc *(*tn_query_fn)(uint32_t runtime_abi_version);

#ifdef __cplusplus
}
#endif

#endif

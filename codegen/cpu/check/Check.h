/* What instrumented artifacts (`tenon compile --check`) call around each step. The code is compiled once, with the
 * compiler, and linked into each of them; the tables are written by codegen/cpu/CheckTables.cpp. C, and on nothing but
 * the model ABI: an artifact imports nothing. */
#ifndef TENON_CODEGEN_CPU_CHECK_CHECK_H
#define TENON_CODEGEN_CPU_CHECK_CHECK_H

#include "runtime/include/tenon/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills memory that holds nothing yet. As f32 and bf16 a signalling NaN: what is computed from it is quiet. */
#define TN_CHECK_POISON 0xFFA5FFA5u

/* Kinds of values that are looked for. */
enum { TN_CHECK_SAW_NAN = 1u << 0, TN_CHECK_SAW_INFINITY = 1u << 1 };

enum {
  /* An input whose memory the step may overwrite: it is looked at before the step. */
  TN_CHECK_OVERWRITTEN = 1u << 0,
  /* An output in arena memory whose contents nobody needs any more: it is poisoned before the step. */
  TN_CHECK_FRESH = 1u << 1
};

/* How floats of a type are told apart, by their bits without the sign. No type but floats has `magnitude`. */
typedef struct tn_check_format {
  uint64_t magnitude;         /* mask */
  uint64_t infinity;          /* UINT64_MAX: the type has none */
  uint64_t nan_low, nan_high; /* range of the NaNs */
} tn_check_format;

typedef struct tn_check_buffer {
  uint32_t element_bytes, rank;
  uint32_t flags, reserved;
  uint64_t bytes;         /* of memory, gaps between rows included */
  const int64_t *dims;    /* rank, none of them 0 */
  const int64_t *strides; /* rank, in elements */
  tn_check_format format;
} tn_check_buffer;

/* A part of the arena that is in use after a step, with guard bands before and behind. */
typedef struct tn_check_region {
  uint64_t offset, bytes;
  const char *nodes; /* of the step that wrote it, as in tn_step_desc.sources */
} tn_check_region;

typedef struct tn_check_step {
  const char *kernel, *nodes;
  uint32_t step, n_inputs, n_buffers, n_regions;
  uint32_t look_for;              /* TN_CHECK_SAW_*: reported in outputs, unless an input or a constant has it */
  uint32_t constants;             /* TN_CHECK_SAW_*: kinds among the constants of the kernel */
  uint64_t guard_bytes;           /* of each band; 0: there are none, and nothing is poisoned */
  const tn_check_buffer *buffers; /* inputs, then outputs */
  const tn_check_region *regions;
} tn_check_step;

/* To be called before a step; gives TN_CHECK_SAW_* of the inputs that the step may overwrite. */
uint32_t tn_check_before(const tn_check_step *step, void *const *buffers);
/* To be called after it, with what tn_check_before gave; 0, or the status of the failure that it reported. */
int32_t tn_check_after(tn_invocation *inv, const tn_check_step *step, void *const *buffers, uint32_t seen);

#ifdef __cplusplus
}
#endif

#endif

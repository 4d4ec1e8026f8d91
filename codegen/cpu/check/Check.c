#include "codegen/cpu/check/Check.h"

#include <stddef.h>

/* tn_status of tenon.h; the numbers are part of the ABI. */
#define ERROR_MODEL 11
/* Names of nodes in a message; a fused kernel may have hundreds. */
#define NAMED_NODES 3
#define MAX_RANK 32

/* ---- Messages ---- */

typedef struct text {
  char data[400];
  size_t used;
} text;

static void put_char(text *t, char c) {
  if (t->used + 1 < sizeof t->data)
    t->data[t->used++] = c;
}

static void put(text *t, const char *s) {
  while (*s)
    put_char(t, *s++);
}

static void put_number(text *t, uint64_t n) {
  char digits[20];
  int count = 0;
  do
    digits[count++] = (char)('0' + n % 10);
  while (n /= 10);
  while (count)
    put_char(t, digits[--count]);
}

static void put_nodes(text *t, const char *nodes) {
  uint64_t more = 0;
  if (!*nodes)
    put(t, "no node of the graph");
  for (int named = 0; *nodes; ++nodes) {
    if (*nodes == '\n' && ++named < NAMED_NODES)
      put(t, ", ");
    else if (*nodes == '\n')
      ++more;
    else if (named < NAMED_NODES)
      put_char(t, *nodes);
  }
  if (more) {
    put(t, " and ");
    put_number(t, more);
    put(t, " more");
  }
}

static void put_step(text *t, const tn_check_step *step) {
  put(t, "step ");
  put_number(t, step->step);
  put(t, ", kernel ");
  put(t, step->kernel);
  put(t, ", of ");
  put_nodes(t, step->nodes);
  put(t, ": ");
}

static int32_t report(tn_invocation *inv, text *t) {
  t->data[t->used] = 0;
  return inv->api->fail(inv, ERROR_MODEL, t->data);
}

/* ---- Elements ---- */

static uint64_t load(const char *p, uint32_t bytes) {
  switch (bytes) {
  case 1:
    return *(const uint8_t *)p;
  case 2:
    return *(const uint16_t *)p;
  case 4:
    return *(const uint32_t *)p;
  default:
    return *(const uint64_t *)p;
  }
}

static uint32_t classify(const tn_check_format *format, uint64_t bits) {
  bits &= format->magnitude;
  if (bits >= format->nan_low && bits <= format->nan_high)
    return TN_CHECK_SAW_NAN;
  return bits == format->infinity ? TN_CHECK_SAW_INFINITY : 0;
}

static int is_poison(uint64_t bits, uint32_t bytes) {
  uint64_t poison = (uint64_t)TN_CHECK_POISON << 32 | TN_CHECK_POISON;
  return bytes > 1 && bits == poison >> (64 - 8 * bytes);
}

/* Visits the rows of a buffer in order. */
typedef struct rows {
  const tn_check_buffer *buffer;
  int64_t index[MAX_RANK];
  int64_t offset; /* of the row, in elements */
} rows;

static int next_row(rows *r) {
  for (int64_t d = (int64_t)r->buffer->rank - 2; d >= 0; --d) {
    r->offset += r->buffer->strides[d];
    if (++r->index[d] < r->buffer->dims[d])
      return 1;
    r->offset -= r->buffer->strides[d] * r->buffer->dims[d];
    r->index[d] = 0;
  }
  return 0;
}

static rows first_row(const tn_check_buffer *buffer) {
  rows r;
  r.buffer = buffer;
  r.offset = 0;
  for (int d = 0; d < MAX_RANK; ++d)
    r.index[d] = 0;
  return r;
}

static int64_t row_length(const tn_check_buffer *b) { return b->rank ? b->dims[b->rank - 1] : 1; }
static int64_t row_stride(const tn_check_buffer *b) { return b->rank ? b->strides[b->rank - 1] : 1; }

static uint32_t kinds_in(const tn_check_buffer *buffer, const char *data) {
  uint32_t seen = 0;
  if (!buffer->format.magnitude)
    return 0;
  rows r = first_row(buffer);
  do {
    const char *row = data + r.offset * (int64_t)buffer->element_bytes;
    int64_t step = row_stride(buffer) * (int64_t)buffer->element_bytes;
    for (int64_t i = 0; i < row_length(buffer); ++i)
      seen |= classify(&buffer->format, load(row + i * step, buffer->element_bytes));
  } while (next_row(&r));
  return seen;
}

/* Finds the first element of one of the kinds, or of poison if there are none to look for; sets the whole index. */
static uint32_t find(rows *r, const char *data, uint32_t kinds) {
  const tn_check_buffer *buffer = r->buffer;
  do {
    const char *row = data + r->offset * (int64_t)buffer->element_bytes;
    int64_t step = row_stride(buffer) * (int64_t)buffer->element_bytes;
    for (int64_t i = 0; i < row_length(buffer); ++i) {
      uint64_t bits = load(row + i * step, buffer->element_bytes);
      uint32_t found =
          kinds ? classify(&buffer->format, bits) & kinds : (uint32_t)is_poison(bits, buffer->element_bytes);
      if (!found)
        continue;
      if (buffer->rank)
        r->index[buffer->rank - 1] = i;
      return found;
    }
  } while (next_row(r));
  return 0;
}

static void put_place(text *t, const tn_check_step *step, uint32_t buffer, const rows *r) {
  put(t, "output ");
  put_number(t, buffer - step->n_inputs);
  put(t, " at [");
  for (uint32_t d = 0; d < r->buffer->rank; ++d) {
    put(t, d ? ", " : "");
    put_number(t, (uint64_t)r->index[d]);
  }
  put(t, "]");
}

/* ---- Memory ---- */

static uint8_t poison_at(const char *p) { return (uint8_t)(TN_CHECK_POISON >> 8 * ((uintptr_t)p & 3)); }

/* `begin` is a multiple of four. */
static void fill(char *begin, uint64_t bytes) {
  uint64_t i = 0;
  for (; i + 4 <= bytes; i += 4)
    *(volatile uint32_t *)(begin + i) = TN_CHECK_POISON;
  for (; i < bytes; ++i)
    begin[i] = (char)poison_at(begin + i);
}

/* Bytes of a band that have been written: of the one before a region the last, of the one behind it the first.
 * `bytes` if there are none. */
static uint64_t damage_before(const char *band, uint64_t bytes) {
  for (uint64_t i = bytes; i > 0; --i)
    if ((uint8_t)band[i - 1] != poison_at(band + i - 1))
      return i - 1;
  return bytes;
}

static uint64_t damage_behind(const char *band, uint64_t bytes) {
  for (uint64_t i = 0; i < bytes; ++i)
    if ((uint8_t)band[i] != poison_at(band + i))
      return i;
  return bytes;
}

static int32_t check_region(tn_invocation *inv, const tn_check_step *step, const tn_check_region *region) {
  uint64_t guard = step->guard_bytes;
  const char *before = inv->arena + region->offset - guard, *behind = inv->arena + region->offset + region->bytes;
  uint64_t low = damage_before(before, guard), high = damage_behind(behind, guard);
  if (low == guard && high == guard)
    return 0;
  text t;
  t.used = 0;
  put_step(&t, step);
  put(&t, "wrote outside of a buffer: ");
  put_number(&t, low < guard ? guard - low : high + 1);
  put(&t, low < guard ? " bytes before the begin" : " bytes behind the end");
  put(&t, " of the result of ");
  put_nodes(&t, region->nodes);
  put(&t, " (");
  put_number(&t, region->bytes);
  put(&t, " bytes)");
  return report(inv, &t);
}

/* ---- Around a step ---- */

uint32_t tn_check_before(const tn_check_step *step, void *const *buffers) {
  uint32_t seen = 0;
  for (uint32_t i = 0; i < step->n_buffers; ++i) {
    const tn_check_buffer *buffer = &step->buffers[i];
    if (step->look_for && (buffer->flags & TN_CHECK_OVERWRITTEN))
      seen |= kinds_in(buffer, buffers[i]);
    if (step->guard_bytes && (buffer->flags & TN_CHECK_FRESH))
      fill((char *)buffers[i] - step->guard_bytes, buffer->bytes + 2 * step->guard_bytes);
  }
  return seen;
}

static int32_t check_memory(tn_invocation *inv, const tn_check_step *step, void *const *buffers) {
  for (uint32_t i = 0; i < step->n_regions; ++i) {
    int32_t status = check_region(inv, step, &step->regions[i]);
    if (status)
      return status;
  }
  for (uint32_t i = step->n_inputs; i < step->n_buffers; ++i) {
    const tn_check_buffer *buffer = &step->buffers[i];
    rows r = first_row(buffer);
    if (!(buffer->flags & TN_CHECK_FRESH) || !buffer->format.magnitude || !find(&r, buffers[i], 0))
      continue;
    text t;
    t.used = 0;
    put_step(&t, step);
    put_place(&t, step, i, &r);
    put(&t, " was not written, or is a copy of what was not");
    return report(inv, &t);
  }
  return 0;
}

/* A NaN may come from infinities, so those of the inputs only excuse infinities. */
static uint32_t excused(uint32_t seen) {
  return seen & TN_CHECK_SAW_NAN ? TN_CHECK_SAW_NAN | TN_CHECK_SAW_INFINITY : seen;
}

static int32_t check_values(tn_invocation *inv, const tn_check_step *step, void *const *buffers, uint32_t seen) {
  uint32_t kinds = 0;
  for (uint32_t i = step->n_inputs; i < step->n_buffers; ++i)
    kinds |= kinds_in(&step->buffers[i], buffers[i]);
  kinds &= step->look_for & ~excused(seen | step->constants);
  /* Inputs are read only now: mostly there is nothing to explain. */
  for (uint32_t i = 0; kinds && i < step->n_inputs; ++i)
    if (!(step->buffers[i].flags & TN_CHECK_OVERWRITTEN))
      kinds &= ~excused(kinds_in(&step->buffers[i], buffers[i]));
  for (uint32_t i = step->n_inputs; kinds && i < step->n_buffers; ++i) {
    rows r = first_row(&step->buffers[i]);
    uint32_t found = step->buffers[i].format.magnitude ? find(&r, buffers[i], kinds) : 0;
    if (!found)
      continue;
    text t;
    t.used = 0;
    put_step(&t, step);
    put_place(&t, step, i, &r);
    put(&t, found == TN_CHECK_SAW_NAN ? " is NaN, and no input has one" : " is infinite, and no input is");
    return report(inv, &t);
  }
  return 0;
}

int32_t tn_check_after(tn_invocation *inv, const tn_check_step *step, void *const *buffers, uint32_t seen) {
  int32_t status = step->guard_bytes ? check_memory(inv, step, buffers) : 0;
  return status || !step->look_for ? status : check_values(inv, step, buffers, seen);
}

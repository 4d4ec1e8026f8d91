#include "Tensor.h"

#include "Descriptor.h"
#include "Status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

using namespace tn;

namespace {
struct TypeInfo {
  const char *name;
  uint16_t bits;
  uint16_t alignment;
};
} // namespace

/// Indexed by tn_dtype.
static const TypeInfo types[] = {
    {"invalid", 0, 1},    {"f64", 64, 8},   {"f32", 32, 4},
    {"f16", 16, 2},       {"bf16", 16, 2},  {"bool", 8, 1},
    {"i8", 8, 1},         {"i16", 16, 2},   {"i32", 32, 4},
    {"i64", 64, 8},       {"u8", 8, 1},     {"u16", 16, 2},
    {"u32", 32, 4},       {"u64", 64, 8},   {"f8e4m3fn", 8, 1},
    {"f8e4m3fnuz", 8, 1}, {"f8e5m2", 8, 1}, {"f8e5m2fnuz", 8, 1},
    {"f8e8m0", 8, 1},     {"f4e2m1", 4, 1}, {"i4", 4, 1},
    {"u4", 4, 1},         {"i2", 2, 1},     {"u2", 2, 1},
    {"c64", 64, 4},       {"c128", 128, 8}, {"string", 8 * sizeof(tn_string), alignof(tn_string)}};
static_assert(sizeof types / sizeof *types == TN_STRING + 1, "one row per tn_dtype");

static const TypeInfo &typeInfo(tn_dtype dtype) {
  unsigned index = static_cast<unsigned>(dtype);
  return types[index <= TN_STRING ? index : 0];
}

const char *tn_dtype_name(tn_dtype dtype) { return typeInfo(dtype).name; }
uint32_t tn_dtype_bits(tn_dtype dtype) { return typeInfo(dtype).bits; }
size_t tn::elementAlignment(tn_dtype dtype) { return typeInfo(dtype).alignment; }

tn_status tn_tensor_bytes(tn_dtype dtype, uint32_t rank, const int64_t *dims, size_t *bytes) {
  if (!bytes || (rank && !dims))
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_tensor_bytes: NULL argument");
  uint64_t bits = tn_dtype_bits(dtype);
  if (bits == 0)
    return fail(TN_ERROR_INVALID_ARGUMENT, "%d is no element type", static_cast<int>(dtype));
  bool empty = false, overflow = false;
  uint64_t elements = 1;
  for (uint32_t i = 0; i < rank; ++i) {
    if (dims[i] < 0)
      return fail(TN_ERROR_INVALID_ARGUMENT, "dimension %u is %" PRId64, i, dims[i]);
    if (dims[i] == 0)
      empty = true;
    else
      overflow |= __builtin_mul_overflow(elements, static_cast<uint64_t>(dims[i]), &elements);
  }
  // Room for rounding up stays below the limit of a signed size.
  if (!empty && (overflow || elements > (uint64_t(INT64_MAX) - 7) / bits))
    return fail(TN_ERROR_INVALID_ARGUMENT, "a tensor of shape %s is too large", ShapeText(rank, dims).c_str());
  *bytes = empty ? 0 : (elements * bits + 7) / 8;
  return TN_OK;
}

ShapeText::ShapeText(uint32_t rank, const int64_t *dims, const tn_entry_desc *entry) {
  constexpr size_t reserve = 8; // for ", ...]"
  size_t length = 0, room = sizeof text - reserve;
  text[length++] = '[';
  for (uint32_t i = 0; i < rank; ++i) {
    const char *separator = i ? ", " : "";
    int64_t symbol = entry ? symbolOf(dims[i]) : -1;
    int written;
    if (symbol >= 0)
      written = snprintf(text + length, room - length, "%s%s", separator,
                         at(entry->symbols, static_cast<uint32_t>(symbol)).name);
    else if (dims[i] == INT64_MIN)
      written = snprintf(text + length, room - length, "%s?", separator);
    else
      written = snprintf(text + length, room - length, "%s%" PRId64, separator, dims[i]);
    if (written < 0 || static_cast<size_t>(written) >= room - length) {
      memcpy(text + length, ", ...", 5);
      length += 5;
      break;
    }
    length += static_cast<size_t>(written);
  }
  memcpy(text + length, "]", 2);
}

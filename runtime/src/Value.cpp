// Values that an application passes around: tensors, and containers of values.

#include "Allocator.h"
#include "Status.h"
#include "Tensor.h"

#include <string.h>

using namespace tn;

struct tn_value {
  tn_kind kind;
  bool ownsData;
  tn_tensor tensor;
  Block dims, data;
  Block items, keys; ///< tn_value * each; keys only of a map
  size_t count;      ///< of items

  tn_value **itemArray() const { return reinterpret_cast<tn_value **>(items.data); }
  tn_value **keyArray() const { return reinterpret_cast<tn_value **>(keys.data); }
  tn_string *strings() const { return static_cast<tn_string *>(tensor.data); }
};

static const Allocator allocator = {};

static tn_status noMemory() { return fail(TN_ERROR_OUT_OF_MEMORY, "no memory for a value"); }
static tn_status nullArgument() { return fail(TN_ERROR_INVALID_ARGUMENT, "NULL argument"); }

static tn_status createValue(tn_kind kind, tn_value **out) {
  if (!out)
    return nullArgument();
  *out = allocator.create<tn_value>();
  if (!*out)
    return noMemory();
  (*out)->kind = kind;
  return TN_OK;
}

// ---- Tensors ----

/// A tensor without data; its shape is a copy.
static tn_status createShaped(tn_dtype dtype, uint32_t rank, const int64_t *dims, tn_value **out) {
  TN_TRY(createValue(TN_TENSOR, out));
  tn_value &value = **out;
  if (!value.dims.grow(allocator, rank * sizeof *dims)) {
    tn_value_destroy(*out);
    *out = nullptr;
    return noMemory();
  }
  if (rank)
    memcpy(value.dims.data, dims, rank * sizeof *dims);
  value.tensor = {dtype, rank, reinterpret_cast<int64_t *>(value.dims.data), nullptr, 0};
  return TN_OK;
}

tn_status tn_value_create_tensor(tn_dtype dtype, uint32_t rank, const int64_t *dims, tn_value **out) {
  size_t bytes;
  TN_TRY(tn_tensor_bytes(dtype, rank, dims, &bytes));
  TN_TRY(createShaped(dtype, rank, dims, out));
  tn_value &value = **out;
  if (!value.data.grow(allocator, bytes)) {
    tn_value_destroy(*out);
    *out = nullptr;
    return noMemory();
  }
  memset(value.data.data, 0, bytes);
  value.ownsData = true;
  value.tensor.data = value.data.data;
  value.tensor.bytes = bytes;
  return TN_OK;
}

tn_status tn_value_borrow_tensor(const tn_tensor *tensor, tn_value **out) {
  if (!tensor)
    return nullArgument();
  size_t bytes;
  TN_TRY(tn_tensor_bytes(tensor->dtype, tensor->rank, tensor->dims, &bytes));
  if (tensor->bytes < bytes || (bytes && !tensor->data))
    return fail(TN_ERROR_INVALID_ARGUMENT, "the buffer has %zu bytes, shape %s needs %zu", tensor->bytes,
                ShapeText(tensor->rank, tensor->dims).c_str(), bytes);
  TN_TRY(createShaped(tensor->dtype, tensor->rank, tensor->dims, out));
  (*out)->tensor.data = tensor->data;
  (*out)->tensor.bytes = tensor->bytes;
  return TN_OK;
}

static size_t stringCount(const tn_value &value) { return value.tensor.bytes / sizeof(tn_string); }

tn_status tn_value_set_string(tn_value *value, size_t index, const char *data, size_t length) {
  if (!value || (length && !data))
    return nullArgument();
  if (value->kind != TN_TENSOR || value->tensor.dtype != TN_STRING || !value->ownsData)
    return fail(TN_ERROR_TYPE_MISMATCH, "the value is no string tensor with storage of its own");
  if (index >= stringCount(*value))
    return fail(TN_ERROR_NOT_FOUND, "a tensor of %zu strings has no element %zu", stringCount(*value), index);
  char *copy = static_cast<char *>(allocator.allocate(length));
  if (!copy)
    return noMemory();
  if (length)
    memcpy(copy, data, length);
  tn_string &element = value->strings()[index];
  allocator.release(const_cast<char *>(element.data), element.length);
  element = {copy, length};
  return TN_OK;
}

tn_status tn_value_create_string(const char *data, size_t length, tn_value **out) {
  TN_TRY(tn_value_create_tensor(TN_STRING, 0, nullptr, out));
  tn_status status = tn_value_set_string(*out, 0, data, length);
  if (status) {
    tn_value_destroy(*out);
    *out = nullptr;
  }
  return status;
}

tn_status tn_value_get_tensor(const tn_value *value, tn_tensor *tensor) {
  if (!value || !tensor)
    return nullArgument();
  if (value->kind != TN_TENSOR)
    return fail(TN_ERROR_TYPE_MISMATCH, "the value is no tensor");
  *tensor = value->tensor;
  return TN_OK;
}

// ---- Containers ----

tn_status tn_value_create_sequence(tn_value **out) { return createValue(TN_SEQUENCE, out); }
tn_status tn_value_create_map(tn_value **out) { return createValue(TN_MAP, out); }

/// Grows an array of pointers that holds `count`, keeping them.
static bool makeRoom(Block &block, size_t count) {
  size_t needed = (count + 1) * sizeof(tn_value *);
  if (needed <= block.bytes)
    return true;
  Block bigger = {};
  if (!bigger.grow(allocator, needed * 2))
    return false;
  if (count)
    memcpy(bigger.data, block.data, count * sizeof(tn_value *));
  block.release(allocator);
  block = bigger;
  return true;
}

static tn_status push(tn_value &container, tn_value *key, tn_value *item) {
  if (!makeRoom(container.items, container.count) || (key && !makeRoom(container.keys, container.count)))
    return noMemory();
  container.itemArray()[container.count] = item;
  if (key)
    container.keyArray()[container.count] = key;
  ++container.count;
  return TN_OK;
}

tn_status tn_value_create_optional(tn_value *item, tn_value **out) {
  TN_TRY(createValue(TN_OPTIONAL, out));
  tn_status status = item ? push(**out, nullptr, item) : TN_OK;
  if (status) {
    tn_value_destroy(*out);
    *out = nullptr;
  }
  return status;
}

tn_status tn_value_append(tn_value *sequence, tn_value *item) {
  if (!sequence || !item)
    return nullArgument();
  if (sequence->kind != TN_SEQUENCE || sequence == item)
    return fail(TN_ERROR_TYPE_MISMATCH, "the value is no sequence that could take this item");
  return push(*sequence, nullptr, item);
}

static bool isKey(const tn_value &value) { return value.kind == TN_TENSOR && value.tensor.rank == 0; }

static bool sameKey(const tn_value &a, const tn_value &b) {
  if (a.tensor.dtype != b.tensor.dtype)
    return false;
  if (a.tensor.dtype == TN_STRING) {
    const tn_string &x = *a.strings(), &y = *b.strings();
    return x.length == y.length && (x.length == 0 || memcmp(x.data, y.data, x.length) == 0);
  }
  return memcmp(a.tensor.data, b.tensor.data, (tn_dtype_bits(a.tensor.dtype) + 7) / 8) == 0;
}

/// Position of `key`, or the number of pairs.
static size_t findKey(const tn_value &map, const tn_value &key) {
  size_t index = 0;
  while (index < map.count && !sameKey(*map.keyArray()[index], key))
    ++index;
  return index;
}

tn_status tn_value_insert(tn_value *map, tn_value *key, tn_value *item) {
  if (!map || !key || !item)
    return nullArgument();
  if (map->kind != TN_MAP || !isKey(*key) || map == item || key == item)
    return fail(TN_ERROR_TYPE_MISMATCH, "a map takes a tensor of rank 0 as key and another value");
  size_t index = findKey(*map, *key);
  if (index == map->count)
    return push(*map, key, item);
  tn_value_destroy(key);
  tn_value_destroy(map->itemArray()[index]);
  map->itemArray()[index] = item;
  return TN_OK;
}

tn_kind tn_value_kind(const tn_value *value) { return value ? value->kind : static_cast<tn_kind>(0); }
size_t tn_value_count(const tn_value *value) { return value ? value->count : 0; }

tn_value *tn_value_at(const tn_value *value, size_t index) {
  return value && index < value->count ? value->itemArray()[index] : nullptr;
}

tn_value *tn_value_key(const tn_value *map, size_t index) {
  return map && map->kind == TN_MAP && index < map->count ? map->keyArray()[index] : nullptr;
}

tn_value *tn_value_find(const tn_value *map, const tn_value *key) {
  if (!map || !key || map->kind != TN_MAP || !isKey(*key))
    return nullptr;
  return tn_value_at(map, findKey(*map, *key));
}

void tn_value_destroy(tn_value *value) {
  if (!value)
    return;
  for (size_t i = 0; i < value->count; ++i) {
    tn_value_destroy(value->itemArray()[i]);
    if (value->kind == TN_MAP)
      tn_value_destroy(value->keyArray()[i]);
  }
  if (value->ownsData && value->tensor.dtype == TN_STRING)
    for (size_t i = 0; i < stringCount(*value); ++i)
      allocator.release(const_cast<char *>(value->strings()[i].data), value->strings()[i].length);
  Block *blocks[] = {&value->dims, &value->data, &value->items, &value->keys};
  for (Block *block : blocks)
    block->release(allocator);
  allocator.release(value, sizeof *value);
}

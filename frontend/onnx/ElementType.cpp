#include "frontend/onnx/ElementType.h"

#include <iterator>

namespace tenon::onnx {

namespace {
struct TypeInfo {
  std::string_view name;
  uint8_t bits;
};
// Indexed by the type's number.
constexpr TypeInfo typeInfos[] = {
    {"undefined", 0},      {"float", 32},    {"uint8", 8},        {"int8", 8},           {"uint16", 16},
    {"int16", 16},         {"int32", 32},    {"int64", 64},       {"string", 0},         {"bool", 8},
    {"float16", 16},       {"double", 64},   {"uint32", 32},      {"uint64", 64},        {"complex64", 64},
    {"complex128", 128},   {"bfloat16", 16}, {"float8e4m3fn", 8}, {"float8e4m3fnuz", 8}, {"float8e5m2", 8},
    {"float8e5m2fnuz", 8}, {"uint4", 4},     {"int4", 4},         {"float4e2m1", 4},     {"float8e8m0", 8},
    {"uint2", 2},          {"int2", 2},      {"float6e2m3", 6},   {"float6e3m2", 6},
};
} // namespace

std::optional<ElementType> elementTypeFromNumber(int64_t number) {
  if (number <= 0 || number >= static_cast<int64_t>(std::size(typeInfos)))
    return std::nullopt;
  return static_cast<ElementType>(number);
}

std::string_view elementTypeName(ElementType type) { return typeInfos[static_cast<size_t>(type)].name; }

unsigned bitWidth(ElementType type) { return typeInfos[static_cast<size_t>(type)].bits; }

bool isSignedInteger(ElementType type) {
  switch (type) {
  case ElementType::Int2:
  case ElementType::Int4:
  case ElementType::Int8:
  case ElementType::Int16:
  case ElementType::Int32:
  case ElementType::Int64:
    return true;
  default:
    return false;
  }
}

std::optional<int64_t> elementCount(const std::vector<int64_t> &dims) {
  int64_t count = 1;
  bool empty = false;
  for (int64_t dim : dims) {
    if (dim < 0)
      return std::nullopt;
    if (dim == 0)
      empty = true;
    else if (__builtin_mul_overflow(count, dim, &count))
      return std::nullopt;
  }
  return empty ? 0 : count;
}

std::optional<uint64_t> packedByteSize(ElementType type, int64_t count) {
  uint64_t bits = bitWidth(type), total = 0;
  if (bits == 0 || count < 0 || __builtin_mul_overflow(static_cast<uint64_t>(count), bits, &total))
    return std::nullopt;
  return total / 8 + (total % 8 != 0);
}

} // namespace tenon::onnx

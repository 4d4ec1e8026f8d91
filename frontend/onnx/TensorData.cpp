#include "frontend/onnx/TensorData.h"

#include <cassert>
#include <cstring>

namespace tenon::onnx {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensor bytes are read in place, as little-endian");

TensorData::TensorData(ElementType type, std::vector<int64_t> dims, std::string_view bytes,
                       std::shared_ptr<const void> owner)
    : elementType(type), shape(std::move(dims)), count(elementCount(shape).value_or(0)), view(bytes),
      storage(std::move(owner)) {
  assert(packedByteSize(type, count) == bytes.size() && "the bytes are not those of the shape");
}

TensorData::TensorData(ElementType type, std::vector<int64_t> dims, std::string bytes)
    : elementType(type), shape(std::move(dims)), count(elementCount(shape).value_or(0)) {
  assert(packedByteSize(type, count) == bytes.size() && "the bytes are not those of the shape");
  auto owned = std::make_shared<const std::string>(std::move(bytes));
  view = *owned;
  storage = std::move(owned);
}

TensorData::TensorData(std::vector<int64_t> dims, std::vector<std::string> strings)
    : elementType(ElementType::String), shape(std::move(dims)), count(elementCount(shape).value_or(0)),
      stringStorage(std::make_shared<const std::vector<std::string>>(std::move(strings))) {
  assert(stringStorage->size() == static_cast<size_t>(count) && "the strings are not those of the shape");
}

const std::vector<std::string> &TensorData::strings() const {
  static const std::vector<std::string> none;
  return stringStorage ? *stringStorage : none;
}

static bool isInteger(ElementType type) {
  switch (type) {
  case ElementType::Bool:
  case ElementType::UInt2:
  case ElementType::UInt4:
  case ElementType::UInt8:
  case ElementType::UInt16:
  case ElementType::UInt32:
  case ElementType::UInt64:
    return true;
  default:
    return isSignedInteger(type);
  }
}

uint64_t TensorData::bitsAt(int64_t index) const {
  assert(index >= 0 && index < count && "element out of range");
  unsigned bits = bitWidth(elementType);
  uint64_t value = 0;
  if (bits == 0 || bits > 64)
    return 0;
  if (bits >= 8) {
    std::memcpy(&value, view.data() + index * (bits / 8), bits / 8);
    return value;
  }
  // An element of 6 bits may lie across two bytes. The bit offset can't overflow: the bytes are in memory.
  uint64_t bit = static_cast<uint64_t>(index) * bits;
  value = static_cast<uint8_t>(view[bit / 8]) >> (bit % 8);
  if (bit % 8 + bits > 8)
    value |= static_cast<uint64_t>(static_cast<uint8_t>(view[bit / 8 + 1])) << (8 - bit % 8);
  return value & ((1u << bits) - 1);
}

static int64_t signExtend(uint64_t value, unsigned bits) {
  return static_cast<int64_t>(value << (64 - bits)) >> (64 - bits);
}

int64_t TensorData::intAt(int64_t index) const {
  if (!isInteger(elementType))
    return 0;
  uint64_t value = bitsAt(index);
  return isSignedInteger(elementType) ? signExtend(value, bitWidth(elementType)) : static_cast<int64_t>(value);
}

double TensorData::doubleAt(int64_t index) const {
  uint64_t bits = bitsAt(index);
  if (elementType == ElementType::Double) {
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  if (elementType != ElementType::Float)
    return 0;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

std::optional<std::vector<int64_t>> TensorData::asInts() const {
  if (!isInteger(elementType))
    return std::nullopt;
  std::vector<int64_t> values(count);
  for (int64_t i = 0; i < count; ++i)
    values[i] = intAt(i);
  return values;
}

std::optional<std::vector<double>> TensorData::asDoubles() const {
  if (elementType != ElementType::Float && elementType != ElementType::Double)
    return std::nullopt;
  std::vector<double> values(count);
  for (int64_t i = 0; i < count; ++i)
    values[i] = doubleAt(i);
  return values;
}

std::optional<std::vector<uint8_t>> TensorData::unpacked() const {
  unsigned bits = bitWidth(elementType);
  if (bits == 0 || bits > 8)
    return std::nullopt;
  bool isSigned = isSignedInteger(elementType);
  std::vector<uint8_t> values(count);
  for (int64_t i = 0; i < count; ++i)
    values[i] = static_cast<uint8_t>(isSigned ? signExtend(bitsAt(i), bits) : bitsAt(i));
  return values;
}

} // namespace tenon::onnx

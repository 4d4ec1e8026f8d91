#include "ir/Tensor.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/ErrorHandling.h"
#include <cstring>

using namespace mlir;

namespace tenon {

int64_t elementBytes(Type type) {
  if (auto complex = dyn_cast<ComplexType>(type))
    return 2 * elementBytes(complex.getElementType());
  if (type.isIndex())
    return 8;
  return std::max<int64_t>(1, type.getIntOrFloatBitWidth() / 8);
}

bool isUnsigned(Type type) { return type.isUnsignedInteger() || type.isInteger(1); }

int64_t product(llvm::ArrayRef<int64_t> shape) {
  int64_t result = 1;
  for (int64_t dim : shape)
    result *= dim;
  return result;
}

llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t d = static_cast<int64_t>(shape.size()) - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * shape[d + 1];
  return strides;
}

Tensor::Kind Tensor::kindOf(Type type) {
  if (type.isF64())
    return Kind::F64;
  if (type.isF32())
    return Kind::F32;
  if (type.isF16())
    return Kind::F16;
  if (type.isBF16())
    return Kind::BF16;
  if (isa<FloatType>(type))
    return Kind::OtherFloat;
  if (type.isInteger(1))
    return Kind::Bool;
  unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  bool isU = type.isUnsignedInteger();
  switch (width) {
  case 8:
    return isU ? Kind::U8 : Kind::I8;
  case 16:
    return isU ? Kind::U16 : Kind::I16;
  case 32:
    return isU ? Kind::U32 : Kind::I32;
  default:
    return Kind::I64;
  }
}

Tensor::Tensor(RankedTensorType type)
    : type(type), count(product(type.getShape())), bytes(elementBytes(type.getElementType())),
      kind(kindOf(type.getElementType())) {
  // calloc gives large tensors untouched zero pages.
  size_t size = std::max<size_t>(64, count * bytes);
  void *storage = std::calloc(1, size);
  if (!storage)
    llvm::report_bad_alloc_error("tensor storage");
  owner = std::shared_ptr<const void>(storage, [](const void *p) { std::free(const_cast<void *>(p)); });
  data = static_cast<const char *>(storage);
}

Tensor::Tensor(RankedTensorType type, const char *data, std::shared_ptr<const void> owner)
    : type(type), owner(std::move(owner)), data(data), count(product(type.getShape())),
      bytes(elementBytes(type.getElementType())), kind(kindOf(type.getElementType())) {}

static double fromBits(const llvm::fltSemantics &semantics, uint64_t bits) {
  llvm::APFloat value(semantics, llvm::APInt(llvm::APFloat::getSizeInBits(semantics), bits));
  bool lost;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lost);
  return value.convertToDouble();
}

static uint64_t toBits(const llvm::fltSemantics &semantics, double f) {
  llvm::APFloat value(f);
  bool lost;
  value.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &lost);
  return value.bitcastToAPInt().getZExtValue();
}

template <typename T> static T load(const char *data, int64_t position) {
  T value;
  std::memcpy(&value, data + position * sizeof(T), sizeof(T));
  return value;
}

template <typename T> static void store(char *data, int64_t position, T value) {
  std::memcpy(data + position * sizeof(T), &value, sizeof(T));
}

Scalar Tensor::get(int64_t p) const {
  switch (kind) {
  case Kind::F64:
    return Scalar::real(load<double>(data, p));
  case Kind::F32:
    return Scalar::real(load<float>(data, p));
  case Kind::F16:
    return Scalar::real(fromBits(llvm::APFloat::IEEEhalf(), load<uint16_t>(data, p)));
  case Kind::BF16: {
    uint32_t bits = static_cast<uint32_t>(load<uint16_t>(data, p)) << 16;
    float value;
    std::memcpy(&value, &bits, 4);
    return Scalar::real(value);
  }
  case Kind::OtherFloat:
    return Scalar::real(fromBits(cast<FloatType>(getElementType()).getFloatSemantics(), load<uint8_t>(data, p)));
  case Kind::Bool:
    return Scalar::integer(load<uint8_t>(data, p) != 0);
  case Kind::I8:
    return Scalar::integer(load<int8_t>(data, p));
  case Kind::I16:
    return Scalar::integer(load<int16_t>(data, p));
  case Kind::I32:
    return Scalar::integer(load<int32_t>(data, p));
  case Kind::I64:
    return Scalar::integer(load<int64_t>(data, p));
  case Kind::U8:
    return Scalar::integer(load<uint8_t>(data, p));
  case Kind::U16:
    return Scalar::integer(load<uint16_t>(data, p));
  case Kind::U32:
    return Scalar::integer(load<uint32_t>(data, p));
  }
  llvm_unreachable("covered switch");
}

void Tensor::set(int64_t p, Scalar value) {
  char *d = getMutableData();
  switch (kind) {
  case Kind::F64:
    return store<double>(d, p, value.f);
  case Kind::F32:
    return store<float>(d, p, static_cast<float>(value.f));
  case Kind::F16:
    return store<uint16_t>(d, p, toBits(llvm::APFloat::IEEEhalf(), value.f));
  case Kind::BF16:
    return store<uint16_t>(d, p, toBits(llvm::APFloat::BFloat(), value.f));
  case Kind::OtherFloat:
    return store<uint8_t>(d, p, toBits(cast<FloatType>(getElementType()).getFloatSemantics(), value.f));
  case Kind::Bool:
    return store<uint8_t>(d, p, value.i & 1);
  case Kind::I8:
  case Kind::U8:
    return store<uint8_t>(d, p, static_cast<uint8_t>(value.i));
  case Kind::I16:
  case Kind::U16:
    return store<uint16_t>(d, p, static_cast<uint16_t>(value.i));
  case Kind::I32:
  case Kind::U32:
    return store<uint32_t>(d, p, static_cast<uint32_t>(value.i));
  case Kind::I64:
    return store<int64_t>(d, p, value.i);
  }
}

Tensor Tensor::withType(RankedTensorType newType) const {
  Tensor result = *this;
  result.type = newType;
  result.count = product(newType.getShape());
  result.bytes = elementBytes(newType.getElementType());
  result.kind = kindOf(newType.getElementType());
  return result;
}

} // namespace tenon

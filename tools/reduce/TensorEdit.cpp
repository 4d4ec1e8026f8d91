#include "tools/reduce/TensorEdit.h"
#include "llvm/ADT/APFloat.h"
#include <cstring>

using namespace tenon::onnx;

namespace tenon::reduce {

/// Appends the part of the block at `from` that lies below `toDims`, from dimension `axis` on.
static void copyPart(const char *from, const std::vector<int64_t> &fromDims, const std::vector<int64_t> &toDims,
                     size_t axis, size_t width, std::string &to) {
  if (axis + 1 >= toDims.size()) {
    to.append(from, toDims.empty() ? width : toDims[axis] * width);
    return;
  }
  size_t block = width;
  for (size_t d = axis + 1; d < fromDims.size(); ++d)
    block *= fromDims[d];
  for (int64_t i = 0; i < toDims[axis]; ++i)
    copyPart(from + i * block, fromDims, toDims, axis + 1, width, to);
}

TensorData leadingPart(const TensorData &tensor, const std::vector<int64_t> &dims) {
  std::string bytes;
  bytes.reserve(packedByteSize(tensor.type(), elementCount(dims).value_or(0)).value_or(0));
  copyPart(tensor.data(), tensor.dims(), dims, 0, bitWidth(tensor.type()) / 8, bytes);
  return {tensor.type(), dims, std::move(bytes)};
}

TensorData integerTensor(const std::vector<int64_t> &dims, const std::vector<int64_t> &values) {
  return {ElementType::Int64, dims,
          std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(int64_t))};
}

static const llvm::fltSemantics *semanticsOf(ElementType type) {
  switch (type) {
  case ElementType::Double:
    return &llvm::APFloat::IEEEdouble();
  case ElementType::Float:
    return &llvm::APFloat::IEEEsingle();
  case ElementType::Float16:
    return &llvm::APFloat::IEEEhalf();
  case ElementType::BFloat16:
    return &llvm::APFloat::BFloat();
  default:
    return nullptr;
  }
}

bool isPlainFloat(ElementType type) { return semanticsOf(type) != nullptr; }

TensorData mapFloats(const TensorData &tensor, ElementType type, llvm::function_ref<double(double)> map) {
  const llvm::fltSemantics &from = *semanticsOf(tensor.type()), &to = *semanticsOf(type);
  size_t width = bitWidth(type) / 8;
  std::string bytes;
  bytes.reserve(tensor.numElements() * width);
  bool ignored;
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    llvm::APFloat value(from, llvm::APInt(bitWidth(tensor.type()), tensor.bitsAt(i)));
    value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &ignored);
    llvm::APFloat mapped(map(value.convertToDouble()));
    mapped.convert(to, llvm::APFloat::rmNearestTiesToEven, &ignored);
    uint64_t bits = mapped.bitcastToAPInt().getZExtValue();
    bytes.append(reinterpret_cast<const char *>(&bits), width);
  }
  return {type, tensor.dims(), std::move(bytes)};
}

TensorData zerosLike(const TensorData &tensor) {
  return {tensor.type(), tensor.dims(), std::string(tensor.sizeInBytes(), '\0')};
}

bool isSplat(const TensorData &tensor) {
  size_t width = bitWidth(tensor.type()) / 8, size = tensor.sizeInBytes();
  return width > 0 && (size <= width || std::memcmp(tensor.data(), tensor.data() + width, size - width) == 0);
}

} // namespace tenon::reduce

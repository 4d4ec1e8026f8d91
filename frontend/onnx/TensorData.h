// Constant tensors: a typed view of bytes that live in a loaded message or in a memory-mapped file.

#ifndef TENON_FRONTEND_ONNX_TENSORDATA_H
#define TENON_FRONTEND_ONNX_TENSORDATA_H

#include "frontend/onnx/ElementType.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tenon::onnx {

/// Where external data lies: bytes [offset, offset + length) of `file` (as it was opened: model directory +
/// location).
struct TensorSource {
  std::string file;
  uint64_t offset = 0;
  uint64_t length = 0;
  std::string location;  ///< as the model gives it
  uint64_t fileSize = 0; ///< bytes of the whole file, which is mapped as one: bytes() lies `offset` behind its start
};

/// A constant tensor. Cheap to copy: the bytes are shared, never copied, and live as long as any copy does.
/// Bytes are row-major, little-endian and packed (see packedByteSize); they need not be aligned.
class TensorData {
public:
  TensorData() = default;
  /// Views `bytes`, kept alive by `owner`. The size must be packedByteSize(type, product of dims).
  TensorData(ElementType type, std::vector<int64_t> dims, std::string_view bytes, std::shared_ptr<const void> owner);
  /// Takes `bytes`; same rule for the size.
  TensorData(ElementType type, std::vector<int64_t> dims, std::string bytes);
  /// A string tensor of dims' product elements.
  TensorData(std::vector<int64_t> dims, std::vector<std::string> strings);

  ElementType type() const { return elementType; }
  const std::vector<int64_t> &dims() const { return shape; }
  size_t rank() const { return shape.size(); }
  int64_t numElements() const { return count; }
  /// Empty for string tensors.
  std::string_view bytes() const { return view; }
  const char *data() const { return view.data(); }
  size_t sizeInBytes() const { return view.size(); }
  /// The elements of a string tensor; empty for all others.
  const std::vector<std::string> &strings() const;
  /// Keeps bytes() alive; share it to hold on to the bytes without the TensorData.
  const std::shared_ptr<const void> &owner() const { return storage; }
  /// Set when the bytes are a part of an external data file.
  const std::optional<TensorSource> &source() const { return origin; }
  void setSource(TensorSource source) { origin = std::move(source); }

  const std::string &name() const { return label; }
  void setName(std::string name) { label = std::move(name); }

  /// Element `index` (below numElements) of an integer or bool tensor of any width, sub-byte ones included.
  /// uint64 values come back modulo 2^64. 0 for types that are no integers.
  int64_t intAt(int64_t index) const;
  /// Element `index` of a float or double tensor; other types: see bitsAt.
  double doubleAt(int64_t index) const;
  /// The bit pattern of element `index` of a type up to 64 bits wide, zero-extended; unpacks sub-byte types.
  uint64_t bitsAt(int64_t index) const;
  /// All elements of an integer or bool tensor; nothing for other types.
  std::optional<std::vector<int64_t>> asInts() const;
  /// All elements of a float or double tensor; nothing for other types.
  std::optional<std::vector<double>> asDoubles() const;
  /// One byte per element from a type below 8 bits (signed integers sign-extended, others zero-extended).
  /// For 8-bit types the bytes as they are; nothing for wider types.
  std::optional<std::vector<uint8_t>> unpacked() const;

private:
  ElementType elementType = ElementType::Undefined;
  std::vector<int64_t> shape;
  int64_t count = 0;
  std::string_view view;
  std::shared_ptr<const void> storage;
  std::shared_ptr<const std::vector<std::string>> stringStorage;
  std::optional<TensorSource> origin;
  std::string label;
};

/// A sparse constant in coordinate form. `indices` is int64 [NNZ] (flat index) or [NNZ, rank]; `values` is
/// [NNZ]. Shapes are checked to agree; every index is checked to be inside `dims`.
struct SparseTensorData {
  TensorData values; ///< its name is the tensor's name
  TensorData indices;
  std::vector<int64_t> dims;
};

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_TENSORDATA_H

//===- Tensor.h - Dense tensor values of the reference semantics ---------===//
//
// What the reference interpreter, constant folding and the emitter compute with: an element type, a shape and
// row-major bytes that may be owned, shared or borrowed from a memory-mapped file.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_IR_TENSOR_H
#define TENON_IR_TENSOR_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>

namespace tenon {

/// One element on its way through a reference computation: floats in `f`, integers and booleans in `i`
/// (unsigned 64-bit ones as their bit pattern).
struct Scalar {
  double f = 0;
  int64_t i = 0;
  static Scalar real(double value) { return {value, 0}; }
  static Scalar integer(int64_t value) { return {0, value}; }
};

/// Bytes that one element occupies in memory; booleans take one byte. Types narrower than a byte are not stored
/// in tensors.
int64_t elementBytes(mlir::Type elementType);

/// True for unsigned integers and for booleans.
bool isUnsigned(mlir::Type elementType);

class Tensor {
public:
  Tensor() = default;
  /// Allocates zeroed storage.
  explicit Tensor(mlir::RankedTensorType type);
  /// Borrows `data`; `owner` keeps it alive (may be null where the caller does).
  Tensor(mlir::RankedTensorType type, const char *data, std::shared_ptr<const void> owner);

  mlir::RankedTensorType getType() const { return type; }
  mlir::Type getElementType() const { return type.getElementType(); }
  llvm::ArrayRef<int64_t> getShape() const { return type.getShape(); }
  int64_t getRank() const { return type.getRank(); }
  int64_t getNumElements() const { return count; }
  int64_t getNumBytes() const { return count * bytes; }
  bool isValid() const { return bytes != 0; }

  const char *getData() const { return data; }
  /// Storage to write to. Only for tensors that own it.
  char *getMutableData() { return const_cast<char *>(data); }
  std::shared_ptr<const void> getOwner() const { return owner; }

  template <typename T> const T *as() const { return reinterpret_cast<const T *>(data); }
  template <typename T> T *asMutable() { return reinterpret_cast<T *>(getMutableData()); }

  /// Element at a row-major position.
  Scalar get(int64_t position) const;
  void set(int64_t position, Scalar value);

  /// The same bytes as another type of equal size.
  Tensor withType(mlir::RankedTensorType newType) const;

private:
  enum class Kind : uint8_t { F64, F32, F16, BF16, OtherFloat, Bool, I8, I16, I32, I64, U8, U16, U32 };
  static Kind kindOf(mlir::Type elementType);

  mlir::RankedTensorType type;
  std::shared_ptr<const void> owner;
  const char *data = nullptr;
  int64_t count = 0;
  int64_t bytes = 0;
  Kind kind = Kind::F32;
};

/// Row-major strides of a shape, in elements.
llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape);

/// Product of the dimensions.
int64_t product(llvm::ArrayRef<int64_t> shape);

} // namespace tenon

#endif

// The element types of ONNX tensors.

#ifndef TENON_FRONTEND_ONNX_ELEMENTTYPE_H
#define TENON_FRONTEND_ONNX_ELEMENTTYPE_H

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tenon::onnx {

/// The values are ONNX's TensorProto.DataType numbers.
enum class ElementType : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  UInt4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  UInt2 = 25,
  Int2 = 26,
  Float6E2M3 = 27,
  Float6E3M2 = 28,
};

/// The type with ONNX's number `number`; nothing for 0 (undefined) and for numbers that we don't know.
std::optional<ElementType> elementTypeFromNumber(int64_t number);

/// ONNX's spelling in lower case: "float", "bfloat16", "float8e4m3fn", ...; "undefined" for Undefined.
std::string_view elementTypeName(ElementType type);

/// Width of one element in bits (bool: 8, its storage); 0 for String and Undefined.
unsigned bitWidth(ElementType type);

/// Signed, two's-complement integers of any width.
bool isSignedInteger(ElementType type);

/// Number of elements of a tensor of shape `dims`; nothing when a dim is negative or the product overflows
/// int64.
std::optional<int64_t> elementCount(const std::vector<int64_t> &dims);

/// Bytes that `count` elements take in packed form (elements below a byte are packed from the least
/// significant bit upwards, the last byte is padded); nothing when that overflows or the type has no fixed
/// width.
std::optional<uint64_t> packedByteSize(ElementType type, int64_t count);

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_ELEMENTTYPE_H

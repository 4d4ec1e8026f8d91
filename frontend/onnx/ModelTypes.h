// Types of ONNX values: tensor, sequence, optional, map.

#ifndef TENON_FRONTEND_ONNX_MODELTYPES_H
#define TENON_FRONTEND_ONNX_MODELTYPES_H

#include "frontend/onnx/ElementType.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tenon::onnx {

/// One dimension of a shape: a number, a symbol ("batch"; equal symbols are equal sizes), or not known.
struct Dim {
  enum Kind { Unknown, Fixed, Symbol };
  Kind kind = Unknown;
  int64_t size = 0;   ///< Fixed: >= 0
  std::string symbol; ///< Symbol: not empty; may be an expression such as "past + seq"

  static Dim fixed(int64_t size) { return {Fixed, size, {}}; }
  static Dim named(std::string symbol) { return {Symbol, 0, std::move(symbol)}; }
  bool operator==(const Dim &o) const { return kind == o.kind && size == o.size && symbol == o.symbol; }
};

/// The declared type of a value, as far as the model says it.
struct ValueType {
  enum Kind {
    Unspecified, ///< the model gives no type
    Tensor,
    SparseTensor,
    Sequence, ///< of *element
    Optional, ///< of *element
    Map,      ///< from elementType (the key) to *element
    Opaque,
  };
  Kind kind = Unspecified;
  /// Tensor, SparseTensor: of the elements (Undefined when not given). Map: of the keys.
  ElementType elementType = ElementType::Undefined;
  /// Tensor, SparseTensor: whether the rank is known; without it dims is empty and means nothing.
  bool hasRank = false;
  std::vector<Dim> dims;
  /// Sequence, Optional, Map: never null.
  std::shared_ptr<const ValueType> element;

  static ValueType tensor(ElementType type) { return {Tensor, type, false, {}, nullptr}; }
  static ValueType tensor(ElementType type, std::vector<Dim> dims) {
    return {Tensor, type, true, std::move(dims), nullptr};
  }
  static ValueType container(Kind kind, ValueType element) {
    return {kind, ElementType::Undefined, false, {}, std::make_shared<ValueType>(std::move(element))};
  }

  /// "float[batch, 3, ?]", "int64[*]" (unknown rank), "sequence<float[2]>", "map<int64, float[]>".
  std::string str() const;
};

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_MODELTYPES_H

#include "frontend/onnx/ModelTypes.h"

#include <fmt/format.h>

namespace tenon::onnx {

static std::string shapeString(const ValueType &type) {
  if (!type.hasRank)
    return "[*]";
  std::string text = "[";
  for (const Dim &dim : type.dims) {
    if (text.size() > 1)
      text += ", ";
    if (dim.kind == Dim::Fixed)
      text += std::to_string(dim.size);
    else
      text += dim.kind == Dim::Symbol ? dim.symbol : "?";
  }
  return text + "]";
}

std::string ValueType::str() const {
  switch (kind) {
  case Unspecified:
    return "unspecified";
  case Tensor:
    return fmt::format("{}{}", elementTypeName(elementType), shapeString(*this));
  case SparseTensor:
    return fmt::format("sparse<{}{}>", elementTypeName(elementType), shapeString(*this));
  case Sequence:
    return fmt::format("sequence<{}>", element->str());
  case Optional:
    return fmt::format("optional<{}>", element->str());
  case Map:
    return fmt::format("map<{}, {}>", elementTypeName(elementType), element->str());
  case Opaque:
    return "opaque";
  }
  return {};
}

} // namespace tenon::onnx

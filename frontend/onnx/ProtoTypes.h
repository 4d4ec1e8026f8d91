// TypeProto -> ValueType. Internal to the loader.

#ifndef TENON_FRONTEND_ONNX_PROTOTYPES_H
#define TENON_FRONTEND_ONNX_PROTOTYPES_H

#include "frontend/onnx/ModelTypes.h"

#include <string>

namespace tenon::onnx {

class TypeProto;

/// The type as declared; an empty message is Unspecified. On failure Unspecified, and `error` is a clause
/// about the type ("has the unknown element type 99"). Recursion is bounded by the parser's nesting limit.
ValueType readType(const TypeProto &proto, std::string &error);

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_PROTOTYPES_H

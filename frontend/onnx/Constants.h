// ONNX element types and tensors as MLIR types and tn.constant attributes.

#ifndef TENON_FRONTEND_ONNX_CONSTANTS_H
#define TENON_FRONTEND_ONNX_CONSTANTS_H

#include "frontend/onnx/TensorData.h"
#include "ir/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"

#include <optional>

namespace tenon::onnx {

/// The MLIR type of an element type: signless integers for signed ones, ui8 and the like for unsigned ones.
/// Null for types that Tenon does not compute with (strings, complex numbers, types below a byte).
mlir::Type convertElementType(ElementType type, mlir::MLIRContext *context);

/// "float[2,3]", "int64[]": a tensor type in ONNX's words.
std::string describeType(mlir::Type type);

/// Whether the shape has no negative dimension and the bytes of the type can be counted and are at most
/// `limit`.
bool fitsBytes(mlir::RankedTensorType type, int64_t limit);

/// A value that shares the bytes of `data`; nothing for element types that convertElementType does not know.
std::optional<Tensor> toTensor(const TensorData &data, mlir::MLIRContext *context);

/// The attribute of a tn.constant with the value of `data`. Small values and splats become dense attributes;
/// the bytes of others stay where they are and become known to the context's weight store under the location
/// of the external file as the model gives it, or as "model#<name>". Null for unsupported element types.
mlir::Attribute constantAttribute(const TensorData &data, mlir::MLIRContext *context, llvm::StringRef name);

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_CONSTANTS_H

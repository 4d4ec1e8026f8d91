//===- Constant.h - Between attributes and tensor values -----------------===//
#ifndef TENON_IR_CONSTANT_H
#define TENON_IR_CONSTANT_H

#include "ir/Dialect.h"

namespace tenon::tn {

/// Constants up to this many bytes are kept as dense attributes; larger ones go to the weight store.
constexpr int64_t kMaxInlineBytes = 1024;

/// The value of a tn.constant attribute; nothing if a weight's source is not known.
std::optional<Tensor> constantValue(mlir::MLIRContext *context, mlir::Attribute value, mlir::RankedTensorType type);

/// The value of `v` if a tn.constant defines it.
std::optional<Tensor> constantValue(mlir::Value v);

/// The attribute for a tensor value: a splat or small dense attribute, or a weight (the store then shares the
/// tensor's storage).
mlir::Attribute constantAttribute(const Tensor &tensor);

/// Builds a tn.constant holding a scalar, or a splat of `type`.
mlir::Value splatConstant(mlir::OpBuilder &b, mlir::Location loc, mlir::RankedTensorType type, double value);

/// The one value that all elements of a constant have, if `v` is such a constant.
std::optional<double> splatValue(mlir::Value v);

/// The elements of an integer constant.
std::optional<llvm::SmallVector<int64_t>> constantIntegers(mlir::Value v);

} // namespace tenon::tn

#endif

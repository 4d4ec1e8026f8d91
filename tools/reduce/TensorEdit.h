//===- TensorEdit.h - Other tensors made of tensors ----------------------===//
#ifndef TENON_TOOLS_REDUCE_TENSOREDIT_H
#define TENON_TOOLS_REDUCE_TENSOREDIT_H

#include "frontend/onnx/TensorData.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace tenon::reduce {

/// The elements whose index is below `dims` in every dimension. Elements have at least a byte, and `dims` are none
/// larger than the tensor's.
onnx::TensorData leadingPart(const onnx::TensorData &tensor, const std::vector<int64_t> &dims);

/// An int64 tensor.
onnx::TensorData integerTensor(const std::vector<int64_t> &dims, const std::vector<int64_t> &values);

/// Whether elements are floats that `mapFloats` can compute with: f64, f32, f16, bf16.
bool isPlainFloat(onnx::ElementType type);

/// A tensor of type `type` whose elements are `map` of the tensor's; both are plain floats.
onnx::TensorData mapFloats(const onnx::TensorData &tensor, onnx::ElementType type,
                           llvm::function_ref<double(double)> map);

/// A tensor of the same type with all bytes zero.
onnx::TensorData zerosLike(const onnx::TensorData &tensor);

/// Whether all elements are the same.
bool isSplat(const onnx::TensorData &tensor);

} // namespace tenon::reduce

#endif

//===- Body.h - Recognises attention in a kernel's body ------------------===//
#ifndef TENON_CODEGEN_KERNELS_ATTENTION_BODY_H
#define TENON_CODEGEN_KERNELS_ATTENTION_BODY_H

#include "ir/Dialect.h"

namespace tenon::codegen {

/// scores [.., rows, .., columns] = contract(q, k) and elementwise operations; weights = softmax(scores, columns);
/// contract(weights, v) and an epilogue. Right operands may be packed or not yet.
struct AttentionBody {
  tn::ContractOp scores, values;
  tn::SoftmaxOp softmax;
  int rowDim = 0; ///< dimension of the scores that only q and the result have

  llvm::ArrayRef<int64_t> shape() const {
    return mlir::cast<mlir::ShapedType>(softmax->getResult(0).getType()).getShape();
  }
  int64_t rank() const { return static_cast<int64_t>(shape().size()); }
  int64_t rows() const { return shape()[rowDim]; }
  int64_t columns() const { return shape().back(); }
  int64_t elements() const { return product(shape()); }
};

/// The attention that is all of the kernel's body; nothing if it is something else, or has too few rows for tiles.
std::optional<AttentionBody> findAttention(tn::KernelOp kernel);

} // namespace tenon::codegen

#endif

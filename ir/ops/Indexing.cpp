#include "ir/ops/Indexing.h"
#include "ir/Tensor.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace tenon::tn {

void forEachIndex(ArrayRef<int64_t> shape, llvm::function_ref<void(ArrayRef<int64_t>)> body) {
  if (product(shape) == 0)
    return;
  SmallVector<int64_t> index(shape.size(), 0);
  while (true) {
    body(index);
    int64_t d = static_cast<int64_t>(shape.size()) - 1;
    for (; d >= 0; --d) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
    if (d < 0)
      return;
  }
}

void forEachPosition(ArrayRef<int64_t> shape, ArrayRef<SmallVector<int64_t>> strides,
                     llvm::function_ref<void(ArrayRef<int64_t>)> body) {
  if (product(shape) == 0)
    return;
  SmallVector<int64_t> index(shape.size(), 0);
  SmallVector<int64_t> positions(strides.size(), 0);
  while (true) {
    body(positions);
    int64_t d = static_cast<int64_t>(shape.size()) - 1;
    for (; d >= 0; --d) {
      ++index[d];
      for (size_t t = 0; t < strides.size(); ++t)
        positions[t] += strides[t][d];
      if (index[d] < shape[d])
        break;
      for (size_t t = 0; t < strides.size(); ++t)
        positions[t] -= strides[t][d] * shape[d];
      index[d] = 0;
    }
    if (d < 0)
      return;
  }
}

LogicalResult inferError(std::optional<Location> location, const llvm::Twine &message) {
  return location ? emitError(*location, message) : failure();
}

bool isPermutation(ArrayRef<int64_t> permutation, int64_t rank) {
  if (static_cast<int64_t>(permutation.size()) != rank)
    return false;
  SmallVector<bool> seen(rank, false);
  for (int64_t p : permutation) {
    if (p < 0 || p >= rank || seen[p])
      return false;
    seen[p] = true;
  }
  return true;
}

} // namespace tenon::tn

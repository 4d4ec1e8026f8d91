#include "passes/Values.h"

using namespace mlir;

namespace tenon {

bool isCompileTime(Value v) {
  Operation *op = v.getDefiningOp();
  return op && !isa<tn::KernelOp>(op) && llvm::all_of(op->getOperands(), isCompileTime);
}

int64_t denseBytes(Type type) {
  auto shaped = cast<ShapedType>(type);
  return product(shaped.getShape()) * elementBytes(shaped.getElementType());
}

} // namespace tenon

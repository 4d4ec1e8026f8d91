//===- Program.cpp - Kernels and buffers ---------------------------------===//
#include "ir/Dialect.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::tn;

#define GET_OP_CLASSES
#include "ir/Ops.cpp.inc"

void TnDialect::registerOps() {
  addOperations<
#define GET_OP_LIST
#include "ir/Ops.cpp.inc"
      >();
}

YieldOp KernelOp::getYield() { return cast<YieldOp>(getBlock()->getTerminator()); }

static bool sameShape(Type a, Type b) {
  auto s = cast<ShapedType>(a), t = cast<ShapedType>(b);
  return s.getShape() == t.getShape() && s.getElementType() == t.getElementType();
}

LogicalResult KernelOp::verify() {
  Block *block = getBlock();
  if (block->getNumArguments() != getInputs().size())
    return emitOpError("kernel_c1: has ")
           << getInputs().size() << " inputs but " << block->getNumArguments() << " block arguments";
  for (auto [input, argument] : llvm::zip(getInputs(), block->getArguments()))
    if (!isa<ShapedType>(input.getType()) || !sameShape(input.getType(), argument.getType()))
      return emitOpError("kernel_c2: input type ")
             << input.getType() << " does not match block argument type " << argument.getType();
  auto yield = dyn_cast<YieldOp>(block->getTerminator());
  if (!yield)
    return emitOpError("kernel_c3: body must end in tn.yield");
  bool buffers = !getOutputs().empty();
  TypeRange targets = buffers ? TypeRange(getOutputs().getTypes()) : TypeRange(getResultTypes());
  if (buffers && getNumResults())
    return emitOpError("kernel_c4: has both output buffers and results");
  if (yield.getValues().size() != targets.size())
    return emitOpError("kernel_c5: yields ")
           << yield.getValues().size() << " values for " << targets.size() << " results";
  for (auto [value, target] : llvm::zip(yield.getValues(), targets))
    if (!sameShape(value.getType(), target))
      return emitOpError("kernel_c6: yields ") << value.getType() << " for a result of type " << target;
  return success();
}

void KernelOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &output : getOutputsMutable())
    effects.emplace_back(MemoryEffects::Write::get(), &output);
  if (getOutputs().empty())
    return;
  for (OpOperand &input : getInputsMutable())
    effects.emplace_back(MemoryEffects::Read::get(), &input);
}

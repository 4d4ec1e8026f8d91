#include "passes/JoinChain.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tenon {

tn::KernelOp joinChain(ArrayRef<tn::KernelOp> chain,
                       llvm::function_ref<SmallVector<Value>(OpBuilder &, IRMapping &)> emit) {
  llvm::SetVector<Value> inputs;
  SmallVector<Location> locations;
  for (size_t i = 0; i < chain.size(); ++i) {
    tn::KernelOp kernel = chain[i];
    locations.push_back(kernel.getLoc());
    for (Value input : kernel.getInputs())
      if (i == 0 || input != chain[i - 1]->getResult(0))
        inputs.insert(input);
  }
  tn::KernelOp last = chain.back();
  OpBuilder b(last);
  Location loc = FusedLoc::get(b.getContext(), locations);
  auto joined = tn::KernelOp::create(b, loc, last->getResultTypes(), inputs.getArrayRef(), ValueRange{}, StringAttr(),
                                     DictionaryAttr());
  Block *body = b.createBlock(&joined.getBody());
  IRMapping arguments;
  for (Value input : inputs)
    arguments.map(input, body->addArgument(input.getType(), loc));
  SmallVector<Value> results = emit(b, arguments);
  tn::YieldOp::create(b, loc, results);
  return joined;
}

} // namespace tenon

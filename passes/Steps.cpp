#include "passes/Steps.h"
#include "mlir/IR/MLIRContext.h"

MLIR_DEFINE_EXPLICIT_TYPE_ID(tenon::StepAction)

namespace tenon {

bool mayStep(mlir::Operation *op, llvm::StringRef name) {
  mlir::MLIRContext *context = op->getContext();
  if (!context->hasActionHandler())
    return true;
  bool allowed = false;
  context->executeAction<StepAction>([&] { allowed = true; }, {op}, name);
  return allowed;
}

} // namespace tenon

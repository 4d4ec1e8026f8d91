//===- Weights.h - The weight file beside an input -----------------------===//
#ifndef TENON_TOOLS_OPT_WEIGHTS_H
#define TENON_TOOLS_OPT_WEIGHTS_H

#include "mlir/IR/DialectRegistry.h"

namespace tenon {

/// Has the weights that a module file names read from the weight file that lies beside it, if there is one, when the tn
/// dialect is loaded. False, after a message, if that file is damaged.
bool registerWeights(mlir::DialectRegistry &registry, llvm::StringRef modulePath);

} // namespace tenon

#endif

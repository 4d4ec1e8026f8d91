//===- Weights.h - The weight block of an artifact -----------------------===//
#ifndef TENON_TOOLS_COMPILER_WEIGHTS_H
#define TENON_TOOLS_COMPILER_WEIGHTS_H

#include "mlir/IR/BuiltinOps.h"
#include <array>
#include <functional>
#include <string>

namespace tenon {

/// Receives bytes of the weight block at an offset; called from several threads. Returns false to stop.
using WeightSink = std::function<bool(int64_t offset, llvm::ArrayRef<char> bytes)>;

/// Evaluates @weights of a planned module and hands every constant to `sink`; constants are made one at a time per
/// thread, so that the block is never in memory as a whole. False if an operation has no value (`message` says
/// which) or the sink stopped.
bool streamWeights(mlir::ModuleOp module, const WeightSink &sink, std::string &message);

} // namespace tenon

#endif

//===- Weights.h - The weight block of an artifact -----------------------===//
#ifndef TENON_TOOLS_COMPILER_WEIGHTS_H
#define TENON_TOOLS_COMPILER_WEIGHTS_H

#include "mlir/IR/BuiltinOps.h"
#include <array>
#include <functional>
#include <string>

namespace tenon {

/// Receives bytes of the weight block at an offset; called from several threads. Returns false to stop.
using WeightSink = std::function<bool(int64_t offset, llvm::StringRef bytes)>;

/// Evaluates @weights of a planned module and hands every constant to `sink`; constants are made one at a
/// time per thread, so that the block is never in memory as a whole. False if an operation has no value
/// (`message` says which) or the sink stopped.
bool streamWeights(mlir::ModuleOp module, const WeightSink &sink, std::string &message);

/// The hash (tn_model_desc.weights_hash) of the weight block that lies at `offset` of a file. False if it
/// can't be read.
bool hashWeightsOf(mlir::MLIRContext *context, int descriptor, int64_t offset, int64_t bytes,
                   std::array<uint8_t, 32> &hash);

} // namespace tenon

#endif

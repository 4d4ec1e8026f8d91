//===- Folding.h - Evaluating operations on constants --------------------===//
#ifndef TENON_IR_FOLDING_H
#define TENON_IR_FOLDING_H

#include "ir/Dialect.h"

namespace tenon::tn {

/// Results with more elements are not computed while the IR is being built or rewritten, unless they are
/// splats.
constexpr int64_t kMaxFoldedElements = 8192;

/// The results of `op` as attributes of tn.constant, if all its operands are constants and finding out is
/// cheap: splats stay splats whatever their size, a reshaped weight is the weight, and everything else is
/// evaluated by the reference semantics when operands and results are small. Does not change the IR.
std::optional<llvm::SmallVector<mlir::Attribute>> foldConstant(mlir::Operation *op);

/// Replaces `op` by constants if foldConstant knows them, or by an operand if the op's own folder says so.
/// Returns the values that now stand for the results: those of `op` where nothing was to be done. `op` is
/// erased when replaced.
llvm::SmallVector<mlir::Value> foldOrKeep(mlir::OpBuilder &b, mlir::Operation *op);

} // namespace tenon::tn

#endif

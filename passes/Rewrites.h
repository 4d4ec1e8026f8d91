//===- Rewrites.h - Running rewrite patterns under a bound ---------------===//
#ifndef TENON_PASSES_REWRITES_H
#define TENON_PASSES_REWRITES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"

namespace tenon {

/// Applies patterns until none matches, or `budget` times if that is not negative. Fails, with an error, if
/// the rules do not come to an end: they are bounded by a multiple of the number of operations.
llvm::LogicalResult applyRewrites(mlir::func::FuncOp function, mlir::RewritePatternSet &&patterns, int64_t budget);

/// The canonicalization patterns that the operations of the tn dialect define.
void addDialectPatterns(mlir::RewritePatternSet &patterns);

/// `op` on other operands and with another result shape, all attributes kept.
mlir::Operation *cloneWith(mlir::OpBuilder &b, mlir::Operation *op, mlir::ValueRange operands,
                           llvm::ArrayRef<int64_t> resultShape);

// Groups of rules, by what they are about.
void addArithmeticRules(mlir::RewritePatternSet &patterns);
void addMovementRules(mlir::RewritePatternSet &patterns);

} // namespace tenon

#endif

//===- Patterns.h - Miscompilations of MLIR 22.1 as rewrites of tn -------===//
//
// Passes that are wrong because a transformation of MLIR is, for the tests of `tenon debug` and `tenon reduce`: each
// pattern writes an operation of the program down in MLIR's own dialects, has MLIR transform that, and brings the
// program to what came out. The compiler itself uses neither transformation.
//
// They are a plugin, which reaches the tn dialect by its text only: its classes are the program's, and not exported.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TEST_TOOLS_UPSTREAM_PATTERNS_H
#define TENON_TEST_TOOLS_UPSTREAM_PATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace tenon::upstream {

/// A tn.reshape that puts a dimension of size 1 between others becomes a vector that is written into a slice of a
/// tensor of one dimension more. When MLIR vectorizes (transform.structured.vectorize_children_and_apply_patterns),
/// insert_slice becomes a transfer_write that has forgotten which dimension the slice drops: most of the vector then
/// lies beyond the end of another one, and is not written.
void addInsertSlicePattern(mlir::RewritePatternSet &patterns);

/// A sum that is a result of the model and goes into tn.exp becomes a value that is stored in a global variable. MLIR's
/// one-shot bufferization does not know that the store reads it, and copies a buffer that nobody wrote.
void addGlobalStorePattern(mlir::RewritePatternSet &patterns);

/// Puts the operations of a function, given as text, in front of `op`; `arguments` stand for its arguments. Gives what
/// it returns.
mlir::Value insertFunction(mlir::RewriterBase &rewriter, mlir::Operation *op, mlir::ValueRange arguments,
                           const std::string &text);

} // namespace tenon::upstream

#endif

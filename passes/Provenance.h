//===- Provenance.h - Which nodes of the graph an operation comes from ---===//
#ifndef TENON_PASSES_PROVENANCE_H
#define TENON_PASSES_PROVENANCE_H

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"

namespace tenon {

/// The names in a location, in order: those of the graph's nodes, or for constants and inputs of values.
void collectNames(mlir::Location loc, llvm::SetVector<llvm::StringRef> &names);

/// Adds the parts of a location to that of an operation. What an operation inherits is bounded, so that long chains
/// that become one operation do not cost quadratic time.
void inheritLocation(mlir::Operation *op, mlir::Location from);

/// While patterns are applied: what replaces an operation inherits its location, and those of the operations that it
/// alone read and that die with it. So the names of the graph's nodes stay, whichever locations a pattern gives to
/// what it makes.
class ProvenanceListener : public mlir::RewriterBase::Listener {
public:
  void notifyOperationReplaced(mlir::Operation *op, mlir::ValueRange replacement) override;
};

} // namespace tenon

#endif

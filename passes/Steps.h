//===- Steps.h - Steps of passes that are no rewrite patterns ------------===//
//
// Rewrite patterns are actions of MLIR already: whoever looks for a bad rewrite counts and forbids them. Passes with
// loops of their own ask here before each step that could be left out, so that their steps can be found as well.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_STEPS_H
#define TENON_PASSES_STEPS_H

#include "mlir/IR/Action.h"
#include "mlir/IR/Operation.h"

namespace tenon {

/// One step of a pass, such as "form kernel".
class StepAction : public mlir::tracing::ActionImpl<StepAction> {
public:
  using Base = mlir::tracing::ActionImpl<StepAction>;
  static constexpr llvm::StringLiteral tag = "tn-step";
  static constexpr llvm::StringLiteral desc = "A step of a pass that is no rewrite pattern";

  StepAction(llvm::ArrayRef<mlir::IRUnit> units, llvm::StringRef name) : Base(units), name(name) {}
  llvm::StringRef getName() const { return name; }

private:
  llvm::StringRef name;
};

/// Whether a pass may take the step `name` at `op`. True, unless a handler of actions forbids it; from then on it
/// forbids all further steps, too.
bool mayStep(mlir::Operation *op, llvm::StringRef name);

} // namespace tenon

MLIR_DECLARE_EXPLICIT_TYPE_ID(tenon::StepAction)

#endif

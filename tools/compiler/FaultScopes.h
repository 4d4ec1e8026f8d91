//===- FaultScopes.h - Tells faults planted by tests where they are ------===//
//
// In the build with TENON_MUTANTS a fault can be limited to one pass or phase (test/mutants/Mutants.h), which has to
// know what is running. In any other build nothing is left of this.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_COMPILER_FAULTSCOPES_H
#define TENON_TOOLS_COMPILER_FAULTSCOPES_H

#include "tools/compiler/PassWatch.h"
#ifdef TENON_MUTANTS
#include "passes/Steps.h"
#include "test/mutants/Mutants.h"
#endif

namespace tenon {

#ifdef TENON_MUTANTS
inline void enterFaultScope(const std::string &scope) { mutants::enter(scope); }
inline void watchFaultScopes(mlir::PassManager &pm, llvm::StringRef stage) {
  watchPasses(pm, stage, {[](const PassPosition &position, mlir::ModuleOp) { mutants::enter(position.str()); }, {}});
  if (mutants::countsSteps())
    pm.getContext()->registerActionHandler([](llvm::function_ref<void()> act, const mlir::tracing::Action &action) {
      if (std::optional<std::string> name = stepName(action))
        mutants::enterStep(*name, llvm::isa<StepAction>(action));
      act();
    });
}
/// Objects that a fault has touched must not be kept for compilations without it.
inline bool mayKeepKernels() { return !mutants::isPlanted(); }
#else
inline void enterFaultScope(const std::string &) {}
inline void watchFaultScopes(mlir::PassManager &, llvm::StringRef) {}
inline bool mayKeepKernels() { return true; }
#endif

} // namespace tenon

#endif

//===- LoweringCheck.h - Finds cliffs in compiled kernels ----------------===//
//
// A kernel can be right and ten times too slow because one step of its lowering gave up: a vector taken
// apart, an accumulator spilled, a load turned into a gather. The check reads the code that a kernel has
// become and reports such places in its innermost loops, where the time goes.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_CODEGEN_CPU_LOWERINGCHECK_H
#define TENON_CODEGEN_CPU_LOWERINGCHECK_H

#include "ir/Dialect.h"
#include "passes/Target.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace llvm {
class Module;
}

namespace tenon::codegen {

enum class Cliff {
  MaskedAccess,    ///< masked vector load or store
  Gather,          ///< gather or scatter
  ScalarFloat,     ///< an innermost loop that computes floats one by one, in a kernel scheduled with lanes
  ElementAccess,   ///< elements inserted into or taken out of vectors one by one
  Call,            ///< call of a function, in the loop or not
  BlockOperation,  ///< memcpy, memmove or memset, in the loop or not
  StackAllocation, ///< alloca that was not promoted to registers, in the loop or not
  Spill            ///< register saved to or restored from the stack in an innermost loop
};

llvm::StringRef cliffName(Cliff cliff);

struct Finding {
  Cliff cliff;
  unsigned count = 0; ///< instructions concerned
  std::string sample; ///< one of them
};

/// Cliffs in optimised LLVM IR. `lanes` is what the kernel was scheduled with.
std::vector<Finding> checkIR(llvm::Module &module, int64_t lanes);

/// Spills in assembly with LLVM's comments.
std::vector<Finding> checkAssembly(llvm::StringRef assembly);

/// Compiles a scheduled kernel for a target and applies both checks.
llvm::Expected<std::vector<Finding>> checkLowering(tn::KernelOp kernel, const Target &target);

} // namespace tenon::codegen

#endif

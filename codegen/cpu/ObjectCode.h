//===- ObjectCode.h - From kernels to machine code -----------------------===//
#ifndef TENON_CODEGEN_CPU_OBJECTCODE_H
#define TENON_CODEGEN_CPU_OBJECTCODE_H

#include "codegen/common/KernelTemplate.h"
#include "llvm/ADT/SmallVector.h"

namespace llvm {
class Module;
}

namespace tenon::codegen {

/// Forms in which compiled code can be asked for.
enum class CodeForm { Object, Assembly, LLVMIR };

/// How much work goes into the code, as in -O0 to -O2. Numbers agree at every level within rounding.
enum class CodeLevel { O0, O1, O2 };

/// Dialects that kernel lowering needs, with the conversions to LLVM.
void registerCodegenDialects(mlir::DialectRegistry &registry);

/// Emits the function `name` for a kernel into `module`: scf, vector and memref code.
mlir::LogicalResult emitKernel(mlir::ModuleOp module, llvm::StringRef name, tn::KernelOp kernel, const Target &target);

/// Steps of lowering that can be left out, to find the one that is wrong.
struct LoweringSteps {
  bool expandMath = true; ///< otherwise transcendental functions are those of the C library
  bool optimize = true;   ///< by LLVM's middle end
};

/// Lowers a module of kernel functions to the LLVM dialect.
mlir::LogicalResult lowerToLLVM(mlir::ModuleOp module, LoweringSteps steps = {});

/// Compiles a kernel for a target; code is appended to `out`. Thread-safe for different kernels of one context.
mlir::LogicalResult compileKernel(tn::KernelOp kernel, llvm::StringRef name, const Target &target, CodeForm form,
                                  llvm::SmallVectorImpl<char> &out, CodeLevel level = CodeLevel::O2,
                                  LoweringSteps steps = {});

/// Gives a module the triple and data layout of a target.
void setDataLayout(llvm::Module &module, const Target &target);

/// Optimises an LLVM module and emits it. `optimize`: run the level's middle-end passes too.
mlir::LogicalResult emitModule(llvm::Module &module, const Target &target, CodeForm form, bool optimize,
                               CodeLevel level, llvm::SmallVectorImpl<char> &out);

} // namespace tenon::codegen

#endif

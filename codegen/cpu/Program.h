//===- Program.h - A planned program as a shared library or object -------===//
#ifndef TENON_CODEGEN_CPU_PROGRAM_H
#define TENON_CODEGEN_CPU_PROGRAM_H

#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/KernelModel.h"
#include <vector>

namespace tenon::codegen {

class KernelCache;
enum class CodeLevel;

/// What a planned module becomes: distinct kernels, and steps that launch them.
struct Program {
  struct Buffer {
    enum Kind { Arena, Weights, Input, Output } kind = Arena;
    int64_t offset = 0; ///< bytes in arena or weights
    unsigned index = 0; ///< of input or output
  };
  struct Step {
    unsigned kernel = 0;
    std::vector<Buffer> buffers;
    std::string sources;
    uint64_t flops = 0, bytes = 0;
  };
  struct Kernel {
    std::string name; ///< "k12_contraction"
    tn::KernelOp op;
    /// What debuggers and profilers call its code, but for the level: the name, and the node that it computes most of.
    std::string symbol;
  };
  struct Value {
    std::string name;
    mlir::MemRefType type;
  };

  std::string name;
  std::vector<Kernel> kernels;
  std::vector<Step> steps;
  std::vector<Value> inputs, outputs;
  int64_t arenaBytes = 0, arenaLowerBound = 0, weightBytes = 0;
  /// Bytes of the bands around the arena's buffers, which are checked after every step; 0: there are none.
  int64_t guardBytes = 0;
  /// Whether NaN and infinities are looked for after every step.
  bool checkValues = false;
};

/// Reads the program off a module after memory planning. Equal kernels (up to locations) are one.
Program collectProgram(mlir::ModuleOp module, llvm::StringRef name);

/// Compiles every kernel for every target, and the host code and descriptor; gives one object each.
/// `querySymbol` is the function that returns the descriptor. `linkedWeights`: the descriptor refers to the symbol
/// `<query symbol>_weights`, defined elsewhere; otherwise the runtime maps them. `cache`: where objects of kernels are
/// looked for and kept; may be null. `progress` is told, one call at a time, how many kernels are done of how many.
mlir::LogicalResult compileProgram(mlir::ModuleOp module, const Program &program, const KernelLibrary &library,
                                   llvm::StringRef querySymbol, bool linkedWeights,
                                   const std::array<uint8_t, 32> &weightsHash, CodeLevel level, KernelCache *cache,
                                   std::vector<llvm::SmallVector<char, 0>> &objects,
                                   llvm::function_ref<void(size_t done, size_t total)> progress = {});

} // namespace tenon::codegen

#endif
